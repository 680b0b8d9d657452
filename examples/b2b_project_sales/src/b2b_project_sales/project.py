"""The project file (项目档案): what is known of a few large, long sales before much is spent on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pycrm import (
    Child,
    Children,
    Customer,
    Field,
    InvalidError,
    Link,
    Money,
    Opportunity,
    Problem,
    Record,
    children,
    field,
    ge,
    le,
    link,
    through,
)

__all__ = ["Criterion", "Decision", "Funding", "Project", "ProjectKind", "Tender", "decide", "total"]

_GO, _CONDITIONAL = 70, 50


class ProjectKind(StrEnum):
    """What the customer builds."""

    NEW_BUILD = "new_build"
    EXPANSION = "expansion"
    RETROFIT = "retrofit"
    SERVICE = "service"


class Funding(StrEnum):
    """How sure the customer's money is."""

    APPROVED = "approved"
    APPLIED = "applied"
    UNKNOWN = "unknown"


class Tender(StrEnum):
    """How the customer buys."""

    OPEN = "open"
    INVITED = "invited"
    NEGOTIATED = "negotiated"


class Decision(StrEnum):
    """Whether we go after the project."""

    GO = "go"
    CONDITIONAL = "conditional"
    NO_GO = "no_go"


class Criterion(Child, table="b2b_criterion"):
    """One line of the evaluation (评估项): a score from 0 to 5, and at or below `veto_at` no go at all."""

    name: Field[str] = field("Criterion", zh="评估项", longest=100)
    weight: Field[int] = field("Weight %", zh="权重", validator=(ge(1), le(100)))
    score: Field[int] = field("Score", zh="得分", validator=(ge(0), le(5)))
    veto_at: Field[int | None] = field("Veto at", zh="否决线", default=None, validator=(ge(0), le(5)))


def total(criteria: Iterable[Criterion]) -> Decimal:
    """The sum of weight x score / 5, out of 100."""
    return Decimal(sum(one.weight * one.score for one in criteria)) / 5


def decide(criteria: Iterable[Criterion]) -> Decision:
    """Go from 70, conditional from 50; a vetoed criterion makes no-go whatever the total."""
    lines = tuple(criteria)
    if any(one.veto_at is not None and one.score <= one.veto_at for one in lines):
        return Decision.NO_GO
    reached = total(lines)
    if reached >= _GO:
        return Decision.GO
    return Decision.CONDITIONAL if reached >= _CONDITIONAL else Decision.NO_GO


class Project(Record, table="b2b_project", scope=through("customer", owned=True), pipeline="b2b_project"):
    """A project of a customer that we want to supply (项目).

    Its total and its decision follow from the criteria of the evaluation; nobody types them.
    """

    customer: Link[Customer] = link("Customer", zh="客户")
    opportunity: Link[Opportunity | None] = link("Opportunity", zh="商机", default=None)
    name: Field[str] = field("Name", zh="项目名称", order=True, longest=300)
    kind: Field[ProjectKind] = field("Kind", zh="类型")
    site: Field[str | None] = field("Site", zh="建设地点", default=None, longest=200)
    overseas: Field[bool] = field("Overseas", zh="海外项目", default=False)
    investment: Field[Money] = field("Investment scale", zh="投资规模", key=True)
    funding: Field[Funding] = field("Funding", zh="资金落实", default=Funding.UNKNOWN)
    tender: Field[Tender | None] = field("Tender", zh="招标方式", default=None)
    bid_on: Field[date | None] = field("Bid date", zh="投标日期", default=None, key=True)
    supply: Field[str | None] = field("Our scope of supply", zh="供货范围", default=None)
    our_value: Field[Money | None] = field("Value of our part", zh="我方金额", default=None)
    budget: Field[Money | None] = field("Budget of the pursuit", zh="跟踪预算", default=None)
    competitors: Field[tuple[str, ...]] = field("Competitors", zh="竞争对手", default=(), longest=200)
    criteria: Children[Criterion] = children("Evaluation", zh="立项评估", default=())
    score: Field[Decimal | None] = field("Total", zh="评估总分", init=False, default=None)
    decision: Field[Decision | None] = field("Decision", zh="立项结论", init=False, default=None)
    lost_reason: Field[str | None] = field("Reason of loss", zh="丢单原因", default=None, longest=400)
    lesson: Field[str | None] = field("Lesson", zh="经验教训", default=None, longest=1000)

    derives = {
        "score": ("criteria.weight", "criteria.score"),
        "decision": ("criteria.weight", "criteria.score", "criteria.veto_at"),
    }

    def derive(self, session: Any) -> dict[str, Any]:
        """Total and decision of the evaluation; weights that do not add up to 100 are refused."""
        if not self.criteria:
            return {"score": None, "decision": None}
        weights = sum(one.weight for one in self.criteria)
        if weights != 100:
            wrong = Problem("criteria", "rule", f"the weights add up to {weights}, not to 100")
            raise InvalidError(wrong.message, fields=[wrong])
        return {"score": total(self.criteria), "decision": decide(self.criteria)}
