"""Forecasts that belong to no single opportunity, kept with a snapshot: by history, and blended (PIP-14)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.entities.opportunity import Opportunity
from pycrm.entities.org import Action
from pycrm.forecast.book import ForecastTotal
from pycrm.forecast.outlook import forecast
from pycrm.forecast.period import Period
from pycrm.revision.add import written
from pycrm.scope.actor import Actor, Bounds, bounds, unkey
from pycrm.scope.aggregate import money
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["METHODS", "Method", "keep", "totals"]

Method = Literal["weighted", "historic", "blended"]
METHODS: Final[tuple[Method, ...]] = ("weighted", "historic", "blended")
# As PIP-11 has them where nobody says otherwise.
_BLEND, _PAST, _YEARS = Decimal("0.6"), 3, 2


def keep(tx: Transaction, snapshot: UUID, period: Period) -> None:
    """Write down what history forecasts for a period, of what the actor sees, and how far that reaches."""
    reach = _reach(tx.actor)
    if reach is None:
        return
    written(
        tx,
        [
            ForecastTotal(
                snapshot=snapshot, method=method, currency=one.currency, units=amount.units, reach=reach
            )
            for one in forecast(tx, period, [], _BLEND, _PAST, _YEARS, False).outlooks
            for method in METHODS[1:]
            if (amount := getattr(one, method)) is not None
        ],
    )


def _reach(actor: Actor) -> str | None:
    """How far grants let the actor read; nobody can say what single records were lent to reach besides."""
    if actor.shares:
        return None
    found = attrs.asdict(bounds(actor, Opportunity, Action.READ))
    return json.dumps(found, default=str)


def totals(tx: Transaction, snapshots: Iterable[UUID]) -> Mapping[tuple[UUID, str], tuple[Money, ...]]:
    """By snapshot and method what was written down, as far as the reader reaches as far as its writer did."""
    table, mine = ForecastTotal.__table__.c, bounds(tx.actor, Opportunity, Action.READ)
    statement = sa.select(table.snapshot_id, table.method, table.currency, table.units, table.reach)
    statement = statement.where(table.snapshot_id.in_(list(snapshots))).order_by(table.currency)
    found: dict[tuple[UUID, str], tuple[Money, ...]] = {}
    for raw, method, currency, units, reach in tx.fetch(statement):
        if mine.covers(_bounds(json.loads(reach))):
            key = (unkey(raw), method)
            found[key] = (*found.get(key, ()), money(units, currency))  # type: ignore[index, arg-type]
    return found


def _bounds(data: dict[str, Any]) -> Bounds:
    given = {name: tuple(map(UUID, data[name])) for name in ("givers", "units", "roots")}
    return Bounds(everything=data["everything"], own=data["own"], **given)
