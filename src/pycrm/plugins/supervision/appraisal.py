"""What is kept of appraisals: what counts for a role, and how somebody did in a period."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from pycrm import (
    Child,
    Children,
    Field,
    InvalidError,
    Problem,
    Record,
    children,
    field,
    ge,
    le,
    owned,
    reference,
)

__all__ = [
    "Appraisal",
    "AppraisalItem",
    "AppraisalMeasure",
    "AppraisalPlan",
    "AppraisalState",
    "points_of",
    "result_of",
]

_CENT = Decimal("0.01")


class AppraisalMeasure(Child, table="supervision_appraisal_measure"):
    """What is measured for a role, how much it weighs and how much is wanted (考核指标).

    `measure` is one of `pycrm.plugins.supervision.measures.MEASURES`, or the code of an indicator, which is
    summed over the person's customers. Points grow to `most`, where that is not the usual.
    """

    measure: Field[str] = field("Measure", zh="指标", longest=100)
    weight: Field[int] = field("Weight (%)", zh="权重", validator=(ge(1), le(100)))
    target: Field[Decimal] = field("Target", zh="目标值", scale=2)
    most: Field[int | None] = field("Most points", zh="最高分", default=None, validator=ge(1))

    def check(self, moment: datetime) -> None:
        """A target is more than nothing."""
        if self.target <= 0:
            raise InvalidError(
                "target: is more than 0", fields=[Problem("target", "range", "is more than 0")]
            )


class AppraisalPlan(Record, table="supervision_appraisal_plan", scope=reference()):
    """What counts in the appraisal of everybody who holds a role (考核方案)."""

    role: Field[str] = field("Role", zh="角色", unique=True, longest=100, order=True)
    measures: Children[AppraisalMeasure] = children("Measures", zh="指标")

    def check(self, moment: datetime) -> None:
        """The weights of a role sum to 100, and nothing is measured twice (SUP-E5)."""
        total = sum(one.weight for one in self.measures)
        wrong = []
        if total != 100:
            wrong.append(Problem("measures", "rule", f"the weights sum to {total}, not to 100"))
        if len({one.measure for one in self.measures}) != len(self.measures):
            wrong.append(Problem("measures", "rule", "something is measured twice"))
        if wrong:
            raise InvalidError(wrong[0].message, fields=wrong)


class AppraisalState(StrEnum):
    """Whether an appraisal can still change: the stages of the pipeline ``supervision_appraisal``."""

    OPEN = "open"
    CLOSED = "closed"


class AppraisalItem(Child, table="supervision_appraisal_item"):
    """One measure of an appraisal, with its value and its points (考核项); None where there is no basis."""

    measure: Field[str] = field("Measure", zh="指标", longest=100)
    weight: Field[int] = field("Weight (%)", zh="权重", validator=(ge(1), le(100)))
    target: Field[Decimal] = field("Target", zh="目标值", scale=2)
    most: Field[int] = field("Most points", zh="最高分", default=120, validator=ge(1))
    value: Field[Decimal | None] = field("Value", zh="实际值", default=None, scale=2)
    points: Field[Decimal | None] = field("Points", zh="得分", default=None, scale=2)


class Appraisal(
    Record, table="supervision_appraisal", scope=owned(stays=True), pipeline="supervision_appraisal"
):
    """How somebody did in a period, by recorded facts alone (评比考核).

    What leaders add stands beside the result and does not enter it. Closed, it is a snapshot.
    """

    role: Field[str] = field("Role", zh="角色", longest=100)
    first: Field[date] = field("First day", zh="开始日期", order=True)
    last: Field[date] = field("Last day", zh="结束日期")
    items: Children[AppraisalItem] = children("Items", zh="考核项")
    result: Field[Decimal | None] = field("Result", zh="总分", default=None, scale=2)
    rank: Field[int | None] = field("Rank", zh="名次", default=None)
    ranked: Field[int | None] = field("Of how many", zh="参评人数", default=None)
    statement: Field[str | None] = field("Statement of the person", zh="本人说明", default=None)
    leader_points: Field[Decimal | None] = field("Points of the leader", zh="领导评分", default=None, scale=2)
    leader_text: Field[str | None] = field("Words of the leader", zh="领导评语", default=None)
    whose: Field[str] = field("Person and period", zh="人员与期间", init=False, unique=True, longest=60)

    def begin(self, session: Any) -> dict[str, Any]:
        """A person is appraised once for a period."""
        owner = self.owner
        if owner is None:
            raise InvalidError(
                "owner: say whose it is", fields=[Problem("owner", "required", "say whose it is")]
            )
        return {"whose": f"{owner.id}/{self.first.isoformat()}"}

    def check(self, moment: datetime) -> None:
        """Its period ends after it begins."""
        if self.last < self.first:
            raise InvalidError(
                "last: lies before the first day",
                fields=[Problem("last", "range", "lies before the first day")],
            )


def points_of(value: Decimal | None, target: Decimal, most: int) -> Decimal | None:
    """The points of one measure: the share of the target in percent, to 2 places and at most so many.

    >>> points_of(Decimal(12), Decimal(10), 120), points_of(Decimal(36), Decimal(40), 120)
    (Decimal('120.00'), Decimal('90.00'))
    """
    if value is None:
        return None
    share = (value / target * 100).quantize(_CENT, ROUND_HALF_UP)
    return min(share, Decimal(most).quantize(_CENT))


def result_of(items: tuple[AppraisalItem, ...]) -> Decimal | None:
    """The weighted mean of the points; what has no basis is left out, and the other weights keep their ratio."""
    known = [(one.weight, one.points) for one in items if one.points is not None]
    total = sum(weight for weight, _ in known)
    if not total:
        return None
    return (sum(weight * points for weight, points in known) / Decimal(total)).quantize(_CENT, ROUND_HALF_UP)
