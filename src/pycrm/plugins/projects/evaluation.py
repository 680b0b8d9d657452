"""What was found out before a project is begun, and whether we go after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pycrm import (
    Child,
    Children,
    Field,
    InvalidError,
    Link,
    Money,
    Problem,
    Record,
    User,
    children,
    field,
    ge,
    le,
    link,
    through,
)
from pycrm.plugins.projects.project import CompetitorEntry, ProjectFile

__all__ = [
    "Block",
    "EvaluationCondition",
    "EvaluationCriterion",
    "GoDecision",
    "ProjectEvaluation",
    "SurveyForm",
    "SurveyItem",
    "decide",
    "total",
]

_GO, _CONDITIONAL = 70, 50


class Block(StrEnum):
    """The eight things that are known of a project before it is initiated."""

    SCALE = "investment scale"
    FUNDING = "funding"
    BID_DATE = "bid date"
    SCOPE = "scope"
    COMPETITORS = "competitors"
    STAKEHOLDERS = "stakeholders"
    NEEDS = "needs"
    OUR_VALUE = "our value"


class SurveyItem(Child, table="projects_survey_item"):
    """A question and what somebody answered, how sure and from where (调查项).

    Answers that differ stay all of them, until one is `chosen`.
    """

    block: Field[Block] = field("Block", zh="信息块")
    question: Field[str] = field("Question", zh="问题", longest=400)
    answer: Field[str | None] = field("Answer", zh="回答", default=None, longest=2000)
    source: Field[str | None] = field("Source", zh="来源", default=None, longest=200)
    sure: Field[int | None] = field("Sure (%)", zh="可信度", default=None, validator=(ge(0), le(100)))
    asked_by: Link[User | None] = link("Asked by", zh="询问人", default=None)
    chosen: Field[bool] = field("Chosen", zh="采用", default=False)

    def check(self, moment: datetime) -> None:
        """An answer says from where it is and how sure."""
        if self.answer is not None and (self.source is None or self.sure is None):
            raise ValueError("an answer has a source, and how sure it is")


class SurveyForm(Record, table="projects_survey", scope=through("project")):
    """What people found out about a project (立项调查)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    items: Children[SurveyItem] = children("Items", zh="调查项")


class GoDecision(StrEnum):
    """Whether we go after a project."""

    GO = "go"
    CONDITIONAL = "conditional"
    NO_GO = "no_go"


class EvaluationCriterion(Child, table="projects_criterion"):
    """One line of an evaluation (评估项): a score from 0 to 5, and at or below `veto_at` no go at all."""

    name: Field[str] = field("Criterion", zh="评估项", longest=100)
    weight: Field[int] = field("Weight (%)", zh="权重", validator=(ge(1), le(100)))
    score: Field[int] = field("Score", zh="得分", validator=(ge(0), le(5)))
    veto_at: Field[int | None] = field("Veto at", zh="否决线", default=None, validator=(ge(0), le(5)))


class EvaluationCondition(Child, table="projects_condition"):
    """What has to be met by a day, if we are to go on (附加条件)."""

    text: Field[str] = field("Condition", zh="条件", longest=400)
    due_on: Field[date] = field("Due on", zh="期限")
    met_on: Field[date | None] = field("Met on", zh="满足日期", default=None)


def total(criteria: Iterable[EvaluationCriterion]) -> Decimal:
    """The sum of weight x score / 5, out of 100."""
    return (Decimal(sum(one.weight * one.score for one in criteria)) / 5).quantize(Decimal("0.01"))


def decide(criteria: Iterable[EvaluationCriterion]) -> GoDecision:
    """Go from 70, conditional from 50; a vetoed criterion makes no-go whatever the total."""
    lines = tuple(criteria)
    if any(one.veto_at is not None and one.score <= one.veto_at for one in lines):
        return GoDecision.NO_GO
    reached = total(lines)
    if reached >= _GO:
        return GoDecision.GO
    return GoDecision.CONDITIONAL if reached >= _CONDITIONAL else GoDecision.NO_GO


class ProjectEvaluation(Record, table="projects_evaluation", scope=through("project")):
    """Whether to go after a project (立项评估): what its figures say, and what was decided.

    Without a decision it is that of the figures; another one is top management's, with a reason. What the
    project was like is kept, since the evaluation is repeated when that has changed.
    """

    project: Link[ProjectFile] = link("Project", zh="项目")
    turn: Field[int] = field("Round", zh="轮次", init=False)
    criteria: Children[EvaluationCriterion] = children("Criteria", zh="评估项")
    total: Field[Decimal] = field("Total", zh="总分", init=False)
    verdict: Field[GoDecision] = field("By the figures", zh="评估结论", init=False)
    decision: Field[GoDecision | None] = field("Decision", zh="立项决定", default=None)
    reason: Field[str | None] = field("Reason", zh="理由", default=None, longest=1000)
    conditions: Children[EvaluationCondition] = children("Conditions", zh="附加条件", default=())
    scale_then: Field[Money] = field("Investment scale then", zh="评估时规模", init=False)
    bid_date_then: Field[date | None] = field("Bid date then", zh="评估时投标日期", init=False)
    competitors_then: Field[tuple[str, ...]] = field("Competitors then", zh="评估时竞争对手", init=False)

    derives = {
        "total": ("criteria.weight", "criteria.score"),
        "verdict": ("criteria.weight", "criteria.score", "criteria.veto_at"),
    }

    def begin(self, session: Any) -> Mapping[str, Any]:
        """The decision of the figures, where no other was made, and what the project is like."""
        project = session.get(self.project)
        rivals = session.find(CompetitorEntry, CompetitorEntry.project == self.project.id)
        turn = session.count(type(self), type(self).project == self.project.id) + 1
        return {
            "turn": turn,
            "decision": self.decision or decide(self.criteria),
            "scale_then": project.investment_scale,
            "bid_date_then": project.bid_date,
            "competitors_then": tuple(sorted({one.competitor for one in rivals})),
        }

    def derive(self, session: Any) -> Mapping[str, Any]:
        """Total and verdict follow from the criteria."""
        return {"total": total(self.criteria), "verdict": decide(self.criteria)}

    def check(self, moment: datetime) -> None:
        """Weights add up to 100, and a conditional go has conditions."""
        problems = []
        weights = sum(one.weight for one in self.criteria)
        if weights != 100:
            problems.append(Problem("criteria", "rule", f"the weights add up to {weights}, not to 100"))
        if self.decision is GoDecision.CONDITIONAL and not self.conditions:
            problems.append(Problem("conditions", "required", "say on which conditions, and until when"))
        if self.decision is not self.verdict and not (self.reason or "").strip():
            problems.append(Problem("reason", "required", f"the figures say {self.verdict}: say why not"))
        if problems:
            raise InvalidError(problems[0].message, fields=problems)
