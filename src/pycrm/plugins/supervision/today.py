"""What waits for somebody today: the page of one's own day, with its reminders."""

from __future__ import annotations

from datetime import date, timedelta

import attrs

from pycrm import Commitment, Customer, Session, Task
from pycrm.plugins.supervision.care import is_late, next_contact
from pycrm.plugins.supervision.directing import Banner, banner, unanswered
from pycrm.plugins.supervision.directive import Directive
from pycrm.plugins.supervision.hours import hours_of, span_of
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.logs import DaySheet, day_sheet, state_now
from pycrm.plugins.supervision.model import LogState, WorkLog

__all__ = ["MyDay", "my_day"]


@attrs.frozen
class MyDay:
    """One's own day, and what one is reminded of, by one's own clock.

    Args:
        sheet: log, entries and planned visits of today.
        log: how the log stands; None where none is expected.
        behind: logs of days before that are late and can still be submitted.
        banner: what leaders have said and was not read yet.
        contacts: customers to be contacted by today, by their signing grade (COR-4).
        commitments: promises that are due today or overdue.
        tasks: open ones that are due today or overdue.
        unanswered: one's own instructions that nobody answered in time.
    """

    on: date
    sheet: DaySheet
    log: LogState | None
    behind: tuple[WorkLog, ...]
    banner: Banner
    contacts: tuple[Customer, ...]
    commitments: tuple[Commitment, ...]
    tasks: tuple[Task, ...]
    unanswered: tuple[Directive, ...]


def my_day(session: Session) -> MyDay | None:
    """The day of the actor at ``session.now``; None for the product itself."""
    me = session.actor.ref
    if me is None:
        return None
    hours, limits = hours_of(session, [me]), limits_of(session)
    own = hours[me.id]
    today = own.day(session.now)
    _, midnight = span_of(own, today)
    # A day more than needed, whatever clocks do in a night; `next_contact` says which are due.
    near = is_late(limits, midnight + timedelta(days=1))
    contacts = session.find(Customer, Customer.owner == me.id, near, order=Customer.name)
    return MyDay(
        on=today,
        sheet=day_sheet(session, me, today),
        log=state_now(session, hours).get(me.id),
        behind=tuple(
            one
            for one in session.find(WorkLog, WorkLog.owner == me.id, WorkLog.stage.in_(["open", "late"]))
            if one.on < today and own.state(one.on, session.now) is LogState.LATE
        ),
        banner=banner(session),
        contacts=tuple(one for one in contacts if next_contact(one, own, limits) <= today),
        commitments=tuple(
            session.find(
                *(
                    Commitment,
                    Commitment.owner == me.id,
                    Commitment.stage == "open",
                    Commitment.due_on <= today,
                ),
                order=Commitment.due_on,
            )
        ),
        tasks=tuple(
            session.find(
                *(Task, Task.owner == me.id, Task.stage.in_(["open", "in_progress"]), Task.due_at < midnight),
                order=Task.due_at,
            )
        ),
        unanswered=tuple(unanswered(session)),
    )
