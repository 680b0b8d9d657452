"""How many of those that passed a stage were won in the end (PIP-12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawDate
from pycrm.entities.opportunity import Opportunity
from pycrm.forecast.closing import closing
from pycrm.forecast.stage import entries, in_versions, percent, running, scanned

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Chance", "chances"]

_DAYS, _LEAST = 365, 20


@attrs.frozen
class Chance:
    """The probability of a stage as declared, and by experience.

    Args:
        declared: that of the stage in the newest version that has it, in percent.
        won, closed: among those that passed the stage and closed in the time.
        least: fewer closed ones than these are too few.
    """

    stage: str
    label: str
    declared: Decimal
    won: int
    closed: int
    least: int = _LEAST

    @property
    def is_enough(self) -> bool:
        """Whether enough were closed to go by experience."""
        return self.closed >= self.least

    @property
    def empirical(self) -> Decimal | None:
        """Won among closed, in percent to 2 places; None of none."""
        return percent(self.won, self.closed)

    @property
    def used(self) -> Decimal:
        """What counts, in percent: experience where it is enough, else the declared one."""
        found = self.empirical
        return found if found is not None and self.is_enough else self.declared

    @property
    def note(self) -> str:
        """Of what it was made, in words."""
        return f"{self.won} of {self.closed} won" if self.is_enough else f"too few: {self.closed} closed"


def chances(
    tx: Transaction,
    conditions: Iterable[Any],
    days: int = _DAYS,
    least: int = _LEAST,
    pipeline: str | None = None,
) -> list[Chance]:
    """See `Session.chances`."""
    asked, of = running(tx, Opportunity, conditions, pipeline)
    asked.column(Opportunity.closed_on)
    table, entry, on = asked.table.c, entries(asked, of), closing(tx)
    today = tx.crm.calendar_day(tx.moment)
    asked.where += [
        in_versions(tx, Opportunity, lambda stage: stage.is_closed),
        on > sa.literal(today - timedelta(days=days), RawDate()),
        on <= sa.literal(today, RawDate()),
    ]
    by = (entry.stage, table.stage, table.pipeline_version)
    # A record that passed a stage twice is still one.
    statement = asked.select(*by, sa.func.count(sa.distinct(table.id))).group_by(*by)
    won, closed = Counter[str](), Counter[str]()
    for passed, end, version, number in scanned(asked, statement):
        closed[passed] += number
        won[passed] += number if of.versions[version].stage(end).kind == "won" else 0
    return [
        Chance(key, stage.label, Decimal(stage.probability or 0), won[key], closed[key], least)
        for key, stage in of.stages.items()
        if not stage.is_closed
    ]
