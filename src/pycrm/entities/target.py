"""Targets: what a person or a unit is to win in a period."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pycrm.declare import Field, Link, Record, field, link, owned
from pycrm.entities.org import OrgUnit
from pycrm.errors import InvalidError, Problem
from pycrm.values import Money

__all__ = ["Target", "TargetMeasure"]


class TargetMeasure(StrEnum):
    """What a target counts."""

    WON = "won"
    """The amounts of the opportunities that are won in the period."""


class Target(Record, table="crm_target", scope=owned(stays=True)):
    """What is to be reached from a day to a day (销售目标): by its owner, or by the unit that it names.

    The target of a unit belongs to whoever answers for it. It stays with its owner when records are
    handed over, and its amount changes with a reason only.
    """

    unit: Link[OrgUnit | None] = link("Unit", zh="单位", default=None)
    since: Field[date] = field("Since", zh="开始", order=True)
    until: Field[date] = field("Until", zh="结束")
    measure: Field[TargetMeasure] = field("Measure", zh="指标", default=TargetMeasure.WON)
    amount: Field[Money] = field("Amount", zh="目标额", key=True)

    def check(self, moment: datetime) -> None:
        """A target is above nought, and its period ends on or after its first day."""
        wrong = []
        if self.until < self.since:
            wrong.append(Problem("until", "range", "lies before the period begins"))
        if self.amount.units <= 0:
            wrong.append(Problem("amount", "range", "is not above nought"))
        if wrong:
            raise InvalidError(f"{wrong[0].path} {wrong[0].message}", fields=wrong)
