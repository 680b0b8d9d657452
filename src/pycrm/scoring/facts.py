"""The facts of a feed themselves, for reports over all customers."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.raw import RawBool, RawDate, RawInstant, RawKey, instant
from pycrm.entities.customer import Customer
from pycrm.entities.org import Action
from pycrm.errors import InvalidError, Problem
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights
from pycrm.scoring.feed import Feed
from pycrm.scoring.measure import as_of, everybody, refuse_without, run
from pycrm.scoring.statement import Layers

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["facts"]


def facts(tx: Transaction, feed: Feed, since: date | None, until: date | None) -> list[dict[str, Any]]:
    """See `Session.facts`."""
    refuse_without(tx, Action.READ, "reading the facts of all customers")
    day = as_of(tx, None)
    if feed.shared:
        wrong = Problem("feed", "rule", f"{feed.name} tells of no customers")
        raise InvalidError(wrong.message, fields=[wrong])
    lacking = [name for name in feed.bases() if (name, "customer") not in tx.crm.catalog.offered]
    if lacking:
        wrong = Problem("feed", "unavailable", f"nobody offers {', '.join(sorted(lacking))}")
        raise InvalidError(wrong.message, fields=[wrong])
    names = [name for name in feed.columns if not _is_closed(tx, feed, name)]
    columns = [feed.table.c.customer, *(feed.table.c[name] for name in names)]
    statement = sa.select(*columns)
    if feed.time is not None and isinstance(feed.time.type, RawDate):
        if since is not None:
            statement = statement.where(feed.time >= sa.literal(since, RawDate()))
        if until is not None:
            statement = statement.where(feed.time <= sa.literal(until, RawDate()))
    layers = Layers(tx.crm.catalog, everybody(), whole=False)
    rows = run(tx, layers.over(feed, statement), day)
    kinds = [feed.table.c[name].type for name in names]
    return [_fact(names, kinds, row) for row in rows]


def _is_closed(tx: Transaction, feed: Feed, name: str) -> bool:
    """Whether a column tells of a field that is closed to the reader."""
    read = tx.crm.catalog.fields_behind(feed, name)
    return any(column in field_rights(tx, cls).closed for cls, column in read)


def _fact(names: list[str], kinds: list[Any], row: Any) -> dict[str, Any]:
    customer = unkey(row[0])
    told: dict[str, Any] = {"customer": None if customer is None else Ref(Customer.__name__, customer)}
    for name, kind, value in zip(names, kinds, row[1:], strict=True):
        told[name] = _value(kind, value)
    return told


def _value(kind: Any, value: Any) -> Any:
    """What the driver gave as the feed declares it."""
    if value is None:
        return None
    if isinstance(kind, RawDate):
        return value if isinstance(value, date) else date.fromisoformat(value)
    if isinstance(kind, RawInstant) and not isinstance(value, datetime):
        return instant(value)
    if isinstance(kind, RawBool):
        return bool(value)
    return unkey(value) if isinstance(kind, RawKey) else value
