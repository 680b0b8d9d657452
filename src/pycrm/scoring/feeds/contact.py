"""What passes between a customer and us: contacts, promises, who looks after it, and what it is due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.worktime import work_days, worked
from pycrm.scoring.function import day_of, days_between, first_of_month, ratio
from pycrm.scoring.moment import month_ago

__all__ = [
    "answers",
    "cadences",
    "commitments",
    "contact_acts",
    "owner_changes",
    "owners",
    "reached",
    "treatments",
]

contact_acts = Feed(
    "contact_acts",
    "Contacts with a customer and attempts at one; department and level are those of whom it was with",
    on=date,
    started_at=datetime,
    kind=str,
    channel=str,
    direction=str,
    outcome=str,
    department=str,
    level=int,
    minutes=int,
)

commitments = Feed(
    "commitments",
    "Promises made to a customer that have fallen due",
    at="due_on",
    due_on=date,
    state=str,
    kept_on=date,
)

owners = Feed(
    "owners",
    "Stretches of time during which somebody of ours looked after a customer, by the day on which they began",
    on=date,
    since=datetime,
    user=UUID,
)

treatments = Feed(
    "treatments",
    "What a customer is due by its segment or grade: contact_days is how many days lie between contacts",
    single=True,
    contact_days=int,
)


def reached() -> Any:
    """The condition that somebody was there: an attempt is no contact."""
    return sa.or_(contact_acts.outcome.is_(None), contact_acts.outcome != "no_answer")


def _answers() -> sa.Select[Any]:
    act = contact_acts
    outbound = sa.case((act.direction == "out", act.started_at))
    # Read backwards, the earliest outbound contact so far is the first after this one.
    backwards = (act.started_at.desc(), act.direction.desc())
    first = sa.func.min(outbound, type_=act.started_at.type)
    answered_at = first.over(partition_by=act.customer, order_by=backwards, rows=(None, 0))
    said = sa.select(
        act.customer, act.on, act.started_at, act.direction, answered_at.label("answered_at")
    ).subquery("said")
    since, until = work_days.table.alias("since"), work_days.table.alias("until")
    passed = worked(until, said.c.answered_at) - worked(since, said.c.started_at)
    return (
        sa.select(said.c.customer, said.c.on, ratio(passed, 3600).label("hours"))
        .join_from(said, since, since.c.on == said.c.on)
        .join(until, until.c.on == day_of(said.c.answered_at))
        .where(said.c.direction == "in")
    )


answers = Feed.derived(
    "answers",
    "Inbound contacts that were answered, with the business hours until the first outbound one",
    _answers,
    of=(contact_acts, work_days),
    on=date,
    hours=float,
)


def _owner_changes() -> sa.Select[Any]:
    stretch = owners
    former = sa.func.lag(stretch.user, type_=stretch.user.type)
    told = sa.select(
        stretch.customer,
        stretch.on,
        stretch.user,
        former.over(partition_by=stretch.customer, order_by=stretch.since).label("former"),
    ).subquery("told")
    return sa.select(told.c.customer, told.c.on).where(told.c.user != told.c.former)


owner_changes = Feed.derived(
    "owner_changes",
    "Days on which a customer came from one of us to another",
    _owner_changes,
    of=(owners,),
    on=date,
)


def _month_rows(month: Any) -> Any:
    """Contacts of those who are due some, and a row of none for each of the twelve months."""
    act, due, none = contact_acts, treatments, sa.literal(0, sa.BigInteger())
    met = sa.select(
        act.customer,
        first_of_month(act.on).label("begins"),
        sa.literal(1, sa.BigInteger()).label("number"),
        act.on.label("last"),
    ).join_from(act.table, due.table, due.customer == act.customer)
    nothing = sa.select(due.customer, month.c.begins, none, sa.null()).join_from(due.table, month, sa.true())
    return sa.union_all(met.where(reached(), act.on < month_ago(0)), nothing).subquery("row")


def _months() -> Any:
    """The last twelve months, each with its first day and that of the next."""
    each = [(month_ago(at), month_ago(at - 1)) for at in range(12, 0, -1)]
    return sa.union_all(
        *(sa.select(begins.label("begins"), ends.label("ends")) for begins, ends in each)
    ).cte("crm_twelve_months")


def _cadences() -> sa.Select[Any]:
    month, due = _months(), treatments
    row = _month_rows(month)
    number, last = sa.func.sum(row.c.number), sa.func.max(row.c.last, type_=contact_acts.on.type)
    latest = sa.func.max(last, type_=last.type).over(partition_by=row.c.customer, order_by=row.c.begins)
    told = (
        sa.select(row.c.customer, row.c.begins, number.label("number"), latest.label("latest"))
        .group_by(row.c.customer, row.c.begins)
        .subquery("told")
    )
    # So many days between contacts go 30 / days times into a month, rounded down; a longer stretch
    # than a month ends in it or after it.
    is_met = sa.case(
        (due.contact_days <= 30, (told.c.number + 1) * due.contact_days > 30),
        else_=days_between(told.c.latest, month.c.ends) <= due.contact_days,
    )
    return (
        sa.select(told.c.customer, told.c.begins.label("on"), sa.case((is_met, 1), else_=0).label("met"))
        .join_from(told, month, month.c.begins == told.c.begins)
        .join(due.table, due.customer == told.c.customer)
    )


cadences = Feed.derived(
    "cadences",
    "The last twelve months of a customer that is due contacts: met is 1 where there were enough of them",
    _cadences,
    of=(contact_acts, treatments),
    on=date,
    met=int,
)
