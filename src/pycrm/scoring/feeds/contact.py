"""What passes between a customer and us: contacts, promises, who looks after it, and what it is due."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.worktime import work_days, worked
from pycrm.scoring.function import day_of, days_after, month_number, ratio
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


_LONGEST = 4000


def _cadences() -> sa.Select[Any]:
    """Months without contacts have no rows: one that is covered by an earlier contact is counted with that."""
    act, due = contact_acts, treatments
    month, begin, end = (month_number(on) for on in (act.on, month_ago(12), month_ago(0)))
    met = (
        sa.select(
            act.customer,
            month.label("month"),
            sa.func.count().label("number"),
            sa.func.max(act.on, type_=act.on.type).label("last"),
            # A customer is due one treatment: so it is the same in every row.
            sa.func.max(due.contact_days).label("days"),
        )
        .join_from(act.table, due.table, due.customer == act.customer)
        .where(reached(), act.on < month_ago(0))
        .group_by(act.customer, month)
        .subquery("met")
    ).c
    following = sa.func.lead(met.month).over(partition_by=met.customer, order_by=met.month)
    # Whoever is due a contact every so many years is due none within a year.
    days = sa.case((met.days > _LONGEST, _LONGEST), else_=met.days)
    told = sa.select(
        met.customer,
        met.number,
        met.days,
        met.month,
        sa.case((met.month < begin, begin), else_=met.month).label("since"),
        sa.func.coalesce(following, end).label("following"),
        # A month is covered that ends so many days after the contact or sooner.
        month_number(days_after(met.last, days)).label("until"),
    ).subquery("told")
    at = told.c
    until = sa.case((at.until < at.following, at.until), else_=at.following)
    # So many days between contacts go 30 / days times into a month, rounded down; a longer stretch
    # than a month ends in it or after it.
    enough = sa.case((sa.and_(at.month >= begin, (at.number + 1) * at.days > 30), 1), else_=0)
    covered = sa.case((until > at.since, until - at.since), else_=0)
    months = sa.case((at.days <= 30, enough), (at.days.is_not(None), covered), else_=0)
    return sa.select(at.customer, sa.cast(months, sa.BigInteger()).label("met"))


cadences = Feed.derived(
    "cadences",
    "Months in which a customer that is due contacts had some: in how many of the last twelve, from that one until "
    "the next, there were enough",
    _cadences,
    of=(contact_acts, treatments),
    met=int,
)
