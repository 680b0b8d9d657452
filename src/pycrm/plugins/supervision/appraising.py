"""Appraisals as they are opened, measured, judged and closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs

from pycrm import ConflictError, ForbiddenError, Reach, Ref, Role, RoleAssignment, Session, StageMove, User
from pycrm.plugins.supervision.appraisal import (
    Appraisal,
    AppraisalItem,
    AppraisalPlan,
    AppraisalState,
    points_of,
    result_of,
)
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.measures import measured
from pycrm.plugins.supervision.training import TrainingPlan

__all__ = [
    "Low",
    "close_period",
    "due_appraisals",
    "low",
    "measure",
    "open_appraisal",
    "refuse_other_hand",
    "to_measure",
]

# What the functions of this module write, nobody writes by hand.
_OWN_HAND: ContextVar[bool] = ContextVar("supervision_appraising", default=False)
_BY_PERSON, _BY_LEADER = {"statement"}, {"leader_points", "leader_text"}


@contextmanager
def _own_hand() -> Iterator[None]:
    token = _OWN_HAND.set(True)
    try:
        yield
    finally:
        _OWN_HAND.reset(token)


# --- opened and measured by the product ------------------------------------------------------------------


def due_appraisals(session: Session) -> list[tuple[UUID, UUID, date]]:
    """Whom to appraise for the month that has passed: person, plan and the first day of that month."""
    today = session.crm.calendar_day(session.now)
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    plans = {one.role: one.id for one in session.find(AppraisalPlan)}
    roles = {one.id: plans[one.name] for one in session.find(Role) if one.name in plans}
    begun = {one.owner.id for one in session.find(Appraisal, Appraisal.first == first) if one.owner}
    active = {one.id for one in session.find(User, User.state == "active")}
    found: dict[UUID, UUID] = {}
    for one in session.find(RoleAssignment, RoleAssignment.role.in_(sorted(roles))) if roles else ():
        held = one.since <= last and (one.until is None or one.until >= first)
        if held and one.user.id in active - begun:
            found.setdefault(one.user.id, roles[one.role.id])
    return [(person, plan, first) for person, plan in found.items()]


def open_appraisal(session: Session, due: tuple[UUID, UUID, date]) -> Appraisal:
    """Begin the appraisal of a person and a month, with the values that there are by now."""
    person, plan_id, first = due
    plan = session.get(AppraisalPlan, plan_id)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    most = limits_of(session).most_points
    items = [
        AppraisalItem(measure=one.measure, weight=one.weight, target=one.target, most=one.most or most)
        for one in plan.measures
    ]
    draft = Appraisal(role=plan.role, first=first, last=last, items=items)
    with _own_hand():
        made = session.add(draft, owner=Ref("User", person))
    return measure(session, made.id)


def to_measure(session: Session) -> list[UUID]:
    """The appraisals that are open: what is entered late counts until they are closed."""
    return [one.id for one in session.find(Appraisal, Appraisal.stage == AppraisalState.OPEN)]


def measure(session: Session, appraisal: UUID) -> Appraisal:
    """Measure an open appraisal anew.

    Raises:
        ConflictError: it is closed.
    """
    one = session.get(Appraisal, appraisal)
    if one.stage == AppraisalState.CLOSED:
        raise ConflictError("the appraisal is closed", data={"state": one.stage})
    assert one.owner is not None
    items = tuple(_measured(session, item, one) for item in one.items)
    with _own_hand():
        return session.change(one, items=items, result=result_of(items))


def _measured(session: Session, item: AppraisalItem, one: Appraisal) -> AppraisalItem:
    assert one.owner is not None
    value = measured(session, item.measure, one.owner.id, one.first, one.last)
    points = points_of(value, item.target, item.most)
    given: dict[str, Any] = {name: getattr(item, name) for name in ("measure", "weight", "target", "most")}
    made = AppraisalItem(**given, value=value, points=points)
    return made


# --- judged and closed by leaders ------------------------------------------------------------------------


def close_period(session: Session, first: date, role: str) -> list[Appraisal]:
    """Rank the open appraisals of a role and a month within the actor's scope, and close them.

    Equal results share a rank. Whoever has no result is closed without one.

    Returns:
        the best first.

    Raises:
        ForbiddenError: the actor leads nobody.
        ConflictError: none is open.
    """
    if not session.reaches(Appraisal, "update", Reach.UNIT):
        raise ForbiddenError("appraisals are closed by leaders")
    same = (Appraisal.first == first, Appraisal.role == role, Appraisal.stage == AppraisalState.OPEN)
    found = [one for one in session.find(Appraisal, *same) if one.owner != session.actor.ref]
    if not found:
        raise ConflictError("no appraisal of that month and role is open")
    found.sort(key=lambda one: (one.result is None, -(one.result or 0), one.id))
    ranked = [one for one in found if one.result is not None]
    made = []
    with _own_hand():
        for one in found:
            place = None if one.result is None else _rank(ranked, one)
            session.change(one, rank=place, ranked=len(ranked))
            made.append(session.move(session.get(one.ref), "close"))
    return made


def _rank(ranked: Sequence[Appraisal], one: Appraisal) -> int:
    assert one.result is not None
    return 1 + sum(other.result is not None and other.result > one.result for other in ranked)


@attrs.frozen
class Low:
    """Somebody who had a low result twice in a row, and the training that is proposed (SUP-17)."""

    person: User
    results: tuple[Appraisal, Appraisal]
    proposed: tuple[TrainingPlan, ...]


def low(session: Session) -> list[Low]:
    """The people in scope who need a plan, by name; nothing happens by itself."""
    least = limits_of(session).least_points
    by_person: dict[UUID, list[Appraisal]] = {}
    closed = Appraisal.stage == AppraisalState.CLOSED
    for one in session.find(Appraisal, closed, order=Appraisal.first.desc()):
        if one.owner is not None and one.owner != session.actor.ref:
            by_person.setdefault(one.owner.id, []).append(one)
    plans = session.find(TrainingPlan, order=TrainingPlan.name)
    found = []
    for person, (newest, *older) in by_person.items():
        two = (newest, *older[:1])
        if len(two) == 2 and all(one.result is not None and one.result < least for one in two):
            proposed = tuple(plan for plan in plans if plan.for_role == newest.role)
            found.append(Low(session.get(User, person), (two[0], two[1]), proposed))
    return sorted(found, key=lambda one: one.person.name)


def refuse_other_hand(session: Session, one: Appraisal, fields: set[str]) -> None:
    """The person makes a statement, leaders judge, and the rest is measured; closed, nothing changes (SUP-16).

    Raises:
        ConflictError: it is closed, or the field is measured.
        ForbiddenError: it is the other's to write.
    """
    if one.stage == AppraisalState.CLOSED:
        raise ConflictError("the appraisal is closed", data={"state": one.stage})
    if _OWN_HAND.get() or session.actor.ref is None:
        return
    is_own = one.owner == session.actor.ref
    if fields - _BY_PERSON - _BY_LEADER:
        raise ConflictError("this is measured, not written", data={"fields": sorted(fields)})
    if (fields & _BY_PERSON and not is_own) or (fields & _BY_LEADER and is_own):
        raise ForbiddenError("the person makes a statement, and leaders judge")


def refuse_unranked(session: Session, move: StageMove) -> None:
    """A period is closed as a whole, so that everybody has a rank."""
    if not _OWN_HAND.get():
        raise ConflictError("appraisals are closed together; see close_period", data={"move": move.key})
