"""Who takes which customer: the rules of a handover as one expression over customers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.entities.customer import Customer
from pycrm.entities.handover import HandoverReceiver, HandoverRule
from pycrm.entities.opportunity import Opportunity
from pycrm.entities.org import Action
from pycrm.entities.party import Organization, Party, Region
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.revision.rows import id_of
from pycrm.revision.transfer import within
from pycrm.scope.actor import unkey
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import unknown_field

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["bounds_by_amount", "bounds_by_number", "customer_taker", "rest_of"]

_SHARED = (HandoverRule.NUMBER, HandoverRule.AMOUNT)


def rest_of(rows: Sequence[HandoverReceiver]) -> UUID | None:
    """Who takes what no rule gives to somebody: the receiver of all, or the first who shares equally.

    Raises:
        InvalidError: nobody is named, two are to take the rest, or two equal divisions are asked for.
    """
    everything = [row for row in rows if row.rule is HandoverRule.ALL]
    sharing = [row for row in rows if row.rule in _SHARED]
    if not rows:
        raise _wrong("receivers", "required", "name at least one receiver")
    if len(everything) > 1:
        raise _wrong("receivers", "rule", "only one receiver takes all that is left")
    if len({row.rule for row in sharing}) > 1:
        raise _wrong("receivers", "rule", "divide by number or by amount, not by both")
    found = (*everything, *sharing)
    return found[0].receiver.id if found else None


def _wrong(path: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, fields=[Problem(path, code, message)])


def customer_taker(tx: Transaction, rows: Sequence[HandoverReceiver], going: Any) -> Any:
    """Who takes a customer that goes, as an expression; None where no rule takes any.

    `going` is the condition on the customers that go.
    """
    fitting = [row for row in rows if row.rule not in (HandoverRule.ALL, *_SHARED)]
    # Exceptions come first; sorting keeps the order of the others.
    fitting.sort(key=lambda row: row.rule is not HandoverRule.CUSTOMER)
    whens = [(_fits(tx, row), id_of(row.receiver.id)) for row in fitting]
    sharing = [row for row in rows if row.rule in _SHARED]
    rest = rest_of(rows)
    if sharing:
        whens += _divided(tx, sharing, going, sa.or_(sa.false(), *(fits for fits, _ in whens)))
        rest = sharing[-1].receiver.id
    last = None if rest is None else id_of(rest)
    return sa.case(*whens, else_=last) if whens else last


def _refuse_closed(tx: Transaction, cls: Any, column: str) -> None:
    """Nobody divides by what they may not read: who gets what would tell."""
    if column in field_rights(tx, cls).closed:
        raise unknown_field(column)


def _fits(tx: Transaction, row: HandoverReceiver) -> Any:
    table = Customer.__table__.c
    if row.rule is HandoverRule.CUSTOMER:
        assert row.customer is not None
        return table.id == id_of(row.customer.id)
    if row.rule is HandoverRule.GRADE:
        _refuse_closed(tx, Customer, "signing_grade")
        # Without a grade it is false, not unknown: further conditions are built on it.
        return sa.func.coalesce(table.signing_grade, "") == row.value
    if row.rule is HandoverRule.INDUSTRY:
        _refuse_closed(tx, Organization, "industry")
        of = Organization.__table__.c
        return table.party_id.in_(sa.select(of.of_id).where(of.industry == row.value))
    _refuse_closed(tx, Party, "region_id")
    party = Party.__table__.c
    return table.party_id.in_(sa.select(party.id).where(party.region_id.in_(_regions(tx, row.value))))


def _regions(tx: Transaction, name: str | None) -> list[Any]:
    """The region of that name with those below it."""
    regions = tx.session.find(Region, archived=True)
    found = {one.id for one in regions if one.name == name}
    if not found:
        raise NotFoundError("no such region", fields=[Problem("receivers", "unknown", "no such region")])
    while more := {one.id for one in regions if one.parent and one.parent.id in found} - found:
        found |= more
    return [id_of(one) for one in sorted(found)]


def _divided(tx: Transaction, sharing: Sequence[HandoverReceiver], going: Any, taken: Any) -> list[Any]:
    """Runs of customers in the order in which they were filed, each run up to a bound."""
    table = Customer.__table__
    rows = tx.fetch(sa.select(table.c.id).where(going, sa.not_(taken)).order_by(table.c.id))
    ids = [found for row in rows if (found := unkey(row[0])) is not None]
    if sharing[0].rule is HandoverRule.AMOUNT:
        amounts = _weighted(tx, going)
        bounds = bounds_by_amount([amounts.get(id, 0) for id in ids], len(sharing))
    else:
        bounds = bounds_by_number(len(ids), len(sharing))
    return [
        (table.c.id < id_of(ids[bound]) if bound < len(ids) else sa.true(), id_of(row.receiver.id))
        for bound, row in zip(bounds, sharing, strict=False)
    ]


def bounds_by_number(number: int, parts: int) -> list[int]:
    """Where all parts but the first begin, when so many are divided into runs of equal length.

    >>> bounds_by_number(37, 3)
    [13, 25]
    """
    return [-(-number * part // parts) for part in range(1, parts)]


def bounds_by_amount(amounts: Sequence[int], parts: int) -> list[int]:
    """Where all parts but the first begin, when runs of nearly equal sum are wanted.

    >>> bounds_by_amount([10, 10, 30, 10], 2)
    [2]
    """
    sums = [0, *accumulate(amounts)]
    if sums[-1] == 0:
        return bounds_by_number(len(amounts), parts)
    return [
        min(range(len(sums)), key=lambda at: (abs(sums[at] * parts - sums[-1] * part), at))
        for part in range(1, parts)
    ]


def _weighted(tx: Transaction, going: Any) -> dict[UUID, int]:
    """Of each customer that goes, the open amount times the probability of its stage, in 1/100 units."""
    for column in ("amount", "stage"):
        _refuse_closed(tx, Opportunity, column)
    deals, customers = Opportunity.__table__.c, Customer.__table__
    statement = (
        sa.select(
            deals.customer_id, deals.pipeline, deals.stage, deals.amount_currency, sa.func.sum(deals.amount)
        )
        .where(
            deals.customer_id.in_(sa.select(customers.c.id).where(going)),
            within(tx, Opportunity, Action.READ),
            deals.archived_at.is_(None),
            deals.amount.is_not(None),
        )
        .group_by(deals.customer_id, deals.pipeline, deals.stage, deals.amount_currency)
    )
    pipelines = tx.crm.pipelines
    stages: dict[tuple[str, str], Any] = {}
    found: dict[UUID, int] = {}
    currencies = set()
    for customer, pipeline, stage, currency, units in tx.fetch(statement):
        if (pipeline, stage) not in stages:
            stages |= {(pipeline, one.key): one for one in pipelines.current(tx, pipeline).pipeline.stages}
        known = stages.get((pipeline, stage))
        if known is None or known.is_closed:
            continue
        currencies.add(currency)
        id = unkey(customer)
        assert id is not None
        found[id] = found.get(id, 0) + int(units) * (known.probability or 0)
    if len(currencies) > 1:
        raise _wrong("receivers", "rule", f"amounts in {', '.join(sorted(currencies))} cannot be divided")
    return found
