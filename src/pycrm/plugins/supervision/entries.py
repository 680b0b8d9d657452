"""What was recorded of people's work: activities, tasks that were done, and stages that were changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm import Activity, Opportunity, Ref, Session, Task
from pycrm.plugins.supervision.hours import hours_of, key_of, span_of

__all__ = ["Entry", "entries"]

_TASK, _STAGE = "task", "stage"


@attrs.frozen
class Entry:
    """One recorded fact of a person's day.

    Args:
        kind: of an activity its kind (``visit``, ``call``, ``quotation`` …), ``task`` for one that was
            done, ``stage`` for an opportunity that was moved.
        record: the activity, task or opportunity itself, on which a directive can be written.
        is_withdrawn: the record was put away since; the entry stays.
    """

    at: datetime
    kind: str
    title: str
    record: Ref[Any]
    customer: Ref[Any] | None
    is_withdrawn: bool = False


def entries(
    session: Session,
    person: object,
    first: date,
    last: date,
    *,
    customer: object | None = None,
    kind: str | None = None,
) -> list[Entry]:
    """What a person did from the first day to the last, by time, as far as the actor sees the records.

    It is read from them, so that nobody can add to it or take from it (SUP-1). The facts stay with whoever
    recorded them when the records go to somebody else.

    Args:
        customer, kind: only those of this customer, or of this kind.
    """
    id = key_of(person)
    since, until = span_of(hours_of(session, [id])[id], first, last)
    found = [*_activities(session, id, since, until), *_tasks(session, id, since, until)]
    found += _stages(session, id, since, until)
    if customer is not None:
        wanted = key_of(customer)
        found = [one for one in found if one.customer is not None and one.customer.id == wanted]
    if kind is not None:
        found = [one for one in found if one.kind == kind]
    return sorted(found, key=lambda one: (one.at, one.record.id))


def _activities(session: Session, person: UUID, since: datetime, until: datetime) -> list[Entry]:
    within = (Activity.started_at >= since, Activity.started_at < until)
    his = sa.or_(Activity.created_by == person, Activity.owner == person)
    return [
        Entry(one.started_at, one.kind.value, one.summary, one.ref, one.customer, one.archived_at is not None)
        for one in session.find(Activity, his, *within, archived=True)
        if _is_by(session, one, person)
    ]


def _is_by(session: Session, one: Any, person: UUID) -> bool:
    """Whether it was this person's from the beginning, though it may have gone to others since."""
    owner, author = one.owner, one.created_by
    if owner is not None and author is not None and owner.id == author.id:
        return bool(owner.id == person)
    first = session.owners(one)[:1]
    return bool(first and first[0].user.id == person)


def _tasks(session: Session, person: UUID, since: datetime, until: datetime) -> list[Entry]:
    within = (Task.stage == "done", Task.stage_at >= since, Task.stage_at < until)
    return [
        Entry(one.stage_at, _TASK, one.title, one.ref, one.customer, one.archived_at is not None)
        for one in session.find(Task, Task.owner == person, *within, archived=True)
    ]


def _stages(session: Session, person: UUID, since: datetime, until: datetime) -> list[Entry]:
    """Moves of opportunities; of each the history says which of them were this person's."""
    his = sa.or_(Opportunity.owner == person, Opportunity.updated_by == person)
    found = []
    for deal in session.find(Opportunity, his, Opportunity.stage_at >= since):
        labels = {one.since: one.label for one in session.stages(deal)}
        moved = session.history(deal, field="stage", by=Ref("User", person), since=since, until=until)
        for revision in moved:
            if revision.act != "add" and revision.at in labels and revision.at < until:
                title = f"{deal.name}: {labels[revision.at]}"
                found.append(Entry(revision.at, _STAGE, title, deal.ref, deal.customer))
    return found
