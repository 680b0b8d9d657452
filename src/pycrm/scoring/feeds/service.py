"""What service does for customers: cases and their clocks, deliveries, and what customers say of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.scoring.feed import Feed
from pycrm.scoring.feeds.worktime import looked_back, work_days, worked
from pycrm.scoring.function import day_of, ratio
from pycrm.scoring.moment import LIFE

__all__ = [
    "case_courses",
    "case_pauses",
    "case_times",
    "cases",
    "deliveries",
    "opinions",
    "requests",
    "service_work",
    "surveys",
]

cases = Feed(
    "cases",
    "Cases: closed_on and reopened_on are the latest closing and reopening, inbounds how often the customer "
    "turned to us about it, revenue what was charged for it; the targets are those of its service level",
    at="opened_on",
    case=UUID,
    kind=str,
    cause=str,
    opened_on=date,
    opened_at=datetime,
    solved_at=datetime,
    closed_on=date,
    reopened_on=date,
    inbounds=int,
    upheld=bool,
    response_in_time=bool,
    solution_in_time=bool,
    revenue=int,
)

case_pauses = Feed(
    "case_pauses",
    "Stretches of time during which the clock of a case stood still, none over another; the last may go on",
    at="since",
    case=UUID,
    since=datetime,
    until=datetime,
)

service_work = Feed(
    "service_work", "Hours that our people worked on a customer's cases", on=date, hours=float
)

requests = Feed(
    "requests",
    "What customers wanted to know or have, whether they found it by themselves or it became a case",
    on=date,
    self_solved=bool,
)

deliveries = Feed(
    "deliveries",
    "Lines of orders that have fallen due, with the day on which the whole of it was delivered",
    at="required_on",
    required_on=date,
    delivered_on=date,
)

surveys = Feed(
    "surveys",
    "Surveys sent to a customer's people: satisfaction from 1 to 5, recommendation from 0 to 10",
    at="sent_on",
    sent_on=date,
    answered_on=date,
    satisfaction=int,
    recommendation=int,
)


def _case_courses() -> sa.Select[Any]:
    one = cases
    in_order = (one.opened_on, one.opened_at, one.case)
    following = sa.func.lead(one.opened_on, type_=one.opened_on.type)
    again = following.over(partition_by=(one.customer, one.cause), order_by=in_order)
    # Of cases whose cause nobody knows none comes back.
    back_on = sa.case((one.cause.is_not(None), again))
    return sa.select(one.customer, one.closed_on, one.inbounds, back_on.label("back_on"))


case_courses = Feed.derived(
    "case_courses",
    "Cases, with the day on which the next one of the same cause was opened",
    _case_courses,
    of=(cases,),
    at="closed_on",
    closed_on=date,
    inbounds=int,
    back_on=date,
)


def _marks() -> Any:
    """The instants at which the clock of a solved case began (-1) and stopped (1) to run."""
    one, pause = cases, case_pauses
    solved = sa.and_(LIFE.holds(one.solved_at), looked_back(one.opened_on))
    until = sa.case((pause.until < one.solved_at, pause.until), else_=one.solved_at)
    paused = sa.and_(pause.customer == one.customer, pause.case == one.case)

    def mark(at: Any, sign: int) -> Any:
        sign_ = sa.literal(sign, sa.BigInteger()).label("sign")
        return sa.select(one.customer, one.case, one.solved_at, at.label("at"), sign_).where(solved)

    def paused_mark(at: Any, sign: int) -> Any:
        return mark(at, sign).join_from(one.table, pause.table, paused).where(pause.since < one.solved_at)

    return sa.union_all(
        mark(one.opened_at, -1), paused_mark(pause.since, 1), paused_mark(until, -1), mark(one.solved_at, 1)
    ).subquery("mark")


def _case_times() -> sa.Select[Any]:
    mark, days = _marks(), work_days.table.alias("day")
    passed = sa.func.sum(mark.c.sign * worked(days, mark.c.at))
    solved_at = mark.c.solved_at
    return (
        sa.select(mark.c.customer, day_of(solved_at).label("on"), ratio(passed, 3600).label("hours"))
        .join_from(mark, days, days.c.on == day_of(mark.c.at))
        .group_by(mark.c.customer, mark.c.case, solved_at)
    )


case_times = Feed.derived(
    "case_times",
    "Cases by the day on which they were solved, with the business hours that took, without pauses",
    _case_times,
    of=(cases, case_pauses, work_days),
    on=date,
    hours=float,
)


def _opinions() -> sa.Select[Any]:
    one = surveys
    newest = (one.answered_on.desc(), one.sent_on.desc(), one.recommendation)
    rank = sa.func.row_number().over(partition_by=one.customer, order_by=newest).label("rank")
    answered = sa.and_(LIFE.holds(one.answered_on), one.recommendation.is_not(None))
    told = sa.select(one.customer, one.answered_on, one.recommendation, rank).where(answered).subquery("told")
    return sa.select(told.c.customer, told.c.answered_on.label("on"), told.c.recommendation).where(
        told.c.rank == 1
    )


opinions = Feed.derived(
    "opinions",
    "How willing a customer was to recommend us when it said so last",
    _opinions,
    of=(surveys,),
    on=date,
    recommendation=int,
)
