"""What a project may cost before it is won, what it has cost, and what it brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pycrm import Field, Link, Money, Record, User, field, ge, link, reference, through
from pycrm.plugins.projects.project import ProjectFile, wrong

__all__ = ["CostBudget", "CostEntry", "CostKind", "LabourRate", "RevenueKind", "RevenueLine"]

_FOR_THE_LEAD = ("lead",)


class CostKind(StrEnum):
    """What money is spent on."""

    TRAVEL = "travel"
    ENTERTAINMENT = "entertainment"
    PRESALES = "presales"
    SAMPLE = "sample"
    BID = "bid"
    OUTSIDE = "outside"
    LABOUR = "labour"


class LabourRate(Record, table="projects_labour_rate", scope=reference()):
    """What an hour of somebody of a grade costs (工时费率)."""

    grade: Field[str] = field("Grade", zh="职级", unique=True, order=True, longest=40)
    rate: Field[Money] = field("Rate of an hour", zh="小时费率")


class CostBudget(Record, table="projects_budget", scope=through("project", parts=_FOR_THE_LEAD)):
    """What may be spent of one kind before the project is won (成本预算)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    kind: Field[CostKind] = field("Kind", zh="类别")
    amount: Field[Money] = field("Amount", zh="金额", key=True)


class CostEntry(Record, table="projects_cost", scope=through("project", owned=True, parts=_FOR_THE_LEAD)):
    """What was spent on a project, when and by whom (成本记录); for who entered it, the lead and leaders.

    The amount of labour follows from the hours and the rate of the grade.
    """

    project: Link[ProjectFile] = link("Project", zh="项目")
    kind: Field[CostKind] = field("Kind", zh="类别")
    amount: Field[Money | None] = field("Amount", zh="金额", default=None)
    on: Field[date] = field("Date", zh="日期", order=True)
    who: Link[User | None] = link("Who", zh="使用人", default=None)
    hours: Field[Decimal | None] = field("Hours", zh="工时", default=None, validator=ge(0))
    grade: Field[str | None] = field("Grade", zh="职级", default=None, longest=40)
    voucher: Field[str | None] = field("Voucher", zh="凭证", default=None, longest=200)
    approved_by: Link[User | None] = link("Approved by", zh="批准人", default=None)

    derives = {"amount": ("kind", "hours", "grade")}

    def begin(self, session: Any) -> Mapping[str, Any]:
        """Whoever enters it has spent it, where nobody is named."""
        return {"who": self.who or session.actor.ref}

    def derive(self, session: Any) -> Mapping[str, Any]:
        """Labour costs hours x the rate of the grade (PRJ-12)."""
        if self.kind is not CostKind.LABOUR:
            return {}
        rates = session.find(LabourRate, LabourRate.grade == self.grade)
        if not rates:
            raise wrong("grade", "unknown", f"there is no rate for the grade {self.grade}")
        return {"amount": rates[0].rate.times(self.hours or Decimal(0))}

    def check(self, moment: datetime) -> None:
        """There is an amount, which is not negative; labour is entered by hours."""
        if self.kind is CostKind.LABOUR and self.hours is None:
            raise wrong("hours", "required", "labour is entered by its hours")
        if self.amount is None:
            raise wrong("amount", "required", "a value is required")
        if self.amount.units < 0:
            raise wrong("amount", "range", "is negative")


class RevenueKind(StrEnum):
    """What a project brings, what came in of it, and what the goods cost."""

    CONTRACT = "contract"
    RECEIPT = "receipt"
    GOODS = "goods"


class RevenueLine(Record, table="projects_revenue", scope=through("project", parts=_FOR_THE_LEAD)):
    """Contract, receipt or cost of goods of a project (收入), from whatever keeps these."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    kind: Field[RevenueKind] = field("Kind", zh="类别")
    amount: Field[Money] = field("Amount", zh="金额")
    on: Field[date] = field("Date", zh="日期", order=True)
    origin: Field[str] = field("Origin", zh="来源单据", longest=100)
