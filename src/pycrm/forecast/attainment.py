"""How far targets are reached, and whether those of people add up to that of their unit (PIP-15)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.entities.org import UnitClosure
from pycrm.entities.target import Target
from pycrm.forecast.closing import Win, opportunities, wins
from pycrm.forecast.period import Period
from pycrm.forecast.stage import percent
from pycrm.scope.actor import unkey
from pycrm.scope.aggregate import money
from pycrm.scope.gateway import query
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Attainment", "attainments"]


@attrs.frozen
class Attainment:
    """A target, and what was won towards it, of what its reader sees.

    `people` is, for a unit, the sum of the targets of its people for the same period; None for a person.
    """

    target: Target
    won: Money
    people: Money | None = None

    @property
    def percent(self) -> Decimal | None:
        """What was won of the target, in percent to 2 places."""
        return percent(self.won.units, self.target.amount.units)

    @property
    def missing(self) -> Money:
        """What is still to be won; below nought where more was won."""
        return self.target.amount - self.won

    @property
    def gap(self) -> Money | None:
        """By how much a unit's target exceeds the sum of its people's."""
        return None if self.people is None else self.target.amount - self.people


def attainments(tx: Transaction, conditions: Iterable[Any]) -> list[Attainment]:
    """See `Session.attainments`."""
    asked = query(tx, Target, conditions)
    # Named at once, so that a reader to whom one is hidden is refused whatever there is.
    opportunities(tx, [])
    for field in (Target.unit, Target.since, Target.until, Target.amount.units, Target.amount.currency):
        asked.column(field)
    targets: list[Target] = asked.records([Target.since])
    below = {unit: _below(tx, unit) for unit in {one.unit.id for one in targets if one.unit is not None}}
    won: dict[Period, list[Win]] = {}
    found = []
    for one in targets:
        period = Period(one.since, one.until)
        if period not in won:
            won[period] = wins(tx, [], period, owners=True)
        units = below[one.unit.id] if one.unit is not None else frozenset()
        reached = sum(win.units for win in won[period] if _counts(win, one, units))
        people = None
        if one.unit is not None:
            theirs = [each.amount.units for each in targets if _is_part(each, one, units)]
            people = money(sum(theirs), one.amount.currency)
        found.append(Attainment(one, money(reached, one.amount.currency), people))
    return found


def _counts(win: Win, target: Target, units: frozenset[UUID]) -> bool:
    if win.currency != target.amount.currency:
        return False
    if target.unit is not None:
        return win.unit in units
    return target.owner is not None and win.owner == target.owner.id


def _is_part(one: Target, whole: Target, units: frozenset[UUID]) -> bool:
    """Whether it is the target of one of the unit's people for the same period."""
    alike = (one.since, one.until, one.measure) == (whole.since, whole.until, whole.measure)
    same = alike and one.amount.currency == whole.amount.currency
    return same and one.unit is None and one.owner_unit is not None and one.owner_unit.id in units


def _below(tx: Transaction, unit: UUID) -> frozenset[UUID]:
    table = UnitClosure.__table__.c
    rows = tx.fetch(sa.select(table.descendant_id).where(table.ancestor_id == unit))
    return frozenset(id for (raw,) in rows if (id := unkey(raw)) is not None)
