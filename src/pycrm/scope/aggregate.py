"""Counting and summing what an actor may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.field import MoneyColumn
from pycrm.declare.row import layout
from pycrm.entities.customer import OwnershipInterval
from pycrm.errors import InvalidError
from pycrm.scope.gateway import bounded, query, unknown_field
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["class_of", "count", "halves", "joined", "money", "only", "owners", "total"]


_LOW, _BITS = 0xFFFF_FFFF, 32


def count(
    tx: Transaction, cls: Any, conditions: Iterable[Any], distinct: Any = None, limit: int | None = None
) -> int:
    """See `Session.count`."""
    asked, limit = query(tx, cls, conditions), bounded(limit)
    columns = []
    if distinct is not None:
        # Ten yuan and ten dollars are two amounts.
        parts = (distinct.units, distinct.currency) if isinstance(distinct, MoneyColumn) else (distinct,)
        columns = [asked.column(part) for part in parts]
    if asked.nothing:
        return 0
    if limit is not None and not columns:
        found = asked.plain_count(limit)
        if found is not None:
            return found
    if columns:
        inner = asked.select(*columns).where(columns[0].is_not(None)).distinct()
    elif limit is None:
        return int(tx.fetch(asked.select(sa.func.count()))[0][0])
    else:
        inner = asked.select(sa.literal_column("1").label("one"))
    if limit is not None:
        inner = inner.limit(limit)
    return int(tx.fetch(sa.select(sa.func.count()).select_from(inner.subquery()))[0][0])


def total(tx: Transaction, amount: Any, conditions: Iterable[Any]) -> Money:
    """See `Session.sum`."""
    asked = query(tx, class_of(amount), conditions)
    units, currency = asked.column(amount.units), asked.column(amount.currency)
    if asked.nothing:
        return Money.minor(0, tx.crm.currency)
    statement = asked.select(currency, *halves(units)).where(units.is_not(None)).group_by(currency)
    return only(tx, {code: money(joined(high, low), code) for code, high, low in tx.fetch(statement)})


def halves(units: Any) -> list[Any]:
    """The sum of a column in two parts, since SQLite gives up where one passes 64 bits on the way."""
    low = units.bitwise_and(sa.literal(_LOW, sa.BigInteger()))
    high = units.bitwise_rshift(sa.literal(_BITS, sa.Integer()))
    return [sa.func.sum(high), sa.func.sum(low)]


def joined(high: Any, low: Any) -> int:
    """The sum that `halves` took apart; of nothing it is nought."""
    return (int(high or 0) << _BITS) + int(low or 0)


def money(units: int, currency: str) -> Money:
    """A sum of minor units.

    Raises:
        InvalidError: it is too large to be an amount.
    """
    try:
        return Money.minor(units, currency)
    except ValueError:
        raise InvalidError("the sum is too large") from None


def class_of(amount: Any) -> Any:
    """The class whose field of money this is.

    Raises:
        InvalidError: it is no such field.
    """
    if not isinstance(amount, MoneyColumn):
        raise InvalidError("only amounts of money are summed")
    cls = getattr(getattr(amount.units, "table", None), "info", {}).get("record")
    if cls is None:
        raise unknown_field("amount")
    return cls


def only(tx: Transaction, sums: Mapping[str, Money]) -> Money:
    """The sum of the one currency that there is, of none zero in the CRM's own.

    Raises:
        InvalidError: there are several; ``data["sums"]`` gives each.
    """
    if len(sums) > 1:
        shown = {code: f"{money.amount:f}" for code, money in sorted(sums.items())}
        raise InvalidError("the amounts have several currencies", data={"sums": shown})
    return next(iter(sums.values()), Money.minor(0, tx.crm.currency))


def owners(tx: Transaction, record: Any) -> list[OwnershipInterval]:
    """The intervals of ownership of a record that the reader was shown, oldest first."""
    made, table = layout(OwnershipInterval), OwnershipInterval.__table__.c
    statement = (
        sa.select(*(table[name] for name in made.names))
        .where(table.record_id == record.id)
        .order_by(table.since)
    )
    return made.build(tx.fetch(statement))
