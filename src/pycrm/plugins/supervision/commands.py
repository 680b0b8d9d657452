"""What the command line offers under ``supervision``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import attrs
import typer

from pycrm import InvalidError, NotFoundError, Problem, Session, User
from pycrm.plugins.supervision import care, directing, logs, monitor, today
from pycrm.plugins.supervision.model import Workplace

__all__ = ["COMMANDS"]

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="A person, by login.")]
Day = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; today if not given.")
]


@attrs.frozen
class Person:
    """One person on the desk, as printed."""

    person: str
    presence: str
    visits: str
    minutes: int | None
    quiet: bool
    overdue: int
    log: str | None


@attrs.frozen
class Neglected:
    """A customer that nobody cares for, as printed."""

    code: str
    name: str
    days: int
    why: str


@attrs.frozen
class Today:
    """One's own day in numbers, as printed."""

    on: str
    log: str | None
    late_logs: tuple[str, ...]
    unread: int
    visits: int
    contacts: tuple[str, ...]
    commitments: tuple[str, ...]
    tasks: tuple[str, ...]
    unanswered: int


@attrs.frozen
class Word:
    """An unread directive, as printed."""

    kind: str
    text: str
    due_at: datetime | None


def place(
    session: Session,
    person: Login,
    zone: Annotated[str | None, typer.Option("--zone", help="Such as Europe/Berlin.")] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="No log is expected.")] = False,
    on: Day = None,
) -> str:
    """Say by whose clock somebody works from a day on, and whether logs are expected."""
    since = session.crm.calendar_day(session.now) if on is None else on.date()
    session.add(Workplace(zone=zone, keeps_log=not no_log, since=since), owner=_user(session, person))
    return f"{person} works by the clock of {zone or 'the enterprise'} from {since.isoformat()}."


def desk(session: Session) -> list[Person]:
    """Show what each of your people is doing now."""
    return [
        Person(
            person=one.person.login,
            presence=one.presence.value,
            visits=f"{one.done}/{one.planned}",
            minutes=one.minutes,
            quiet=one.is_quiet,
            overdue=one.overdue_contacts + one.overdue_commitments + one.overdue_tasks,
            log=None if one.log is None else one.log.value,
        )
        for one in monitor.monitor(session)
    ]


def day(session: Session) -> Today:
    """Show what waits for you today."""
    found = today.my_day(session)
    if found is None:
        raise NotFoundError("the product itself has no day")
    return Today(
        on=found.on.isoformat(),
        log=None if found.log is None else found.log.value,
        late_logs=tuple(one.on.isoformat() for one in found.behind),
        unread=found.banner.count,
        visits=len(found.sheet.visits),
        contacts=tuple(one.name for one in found.contacts),
        commitments=tuple(one.text for one in found.commitments),
        tasks=tuple(one.title for one in found.tasks),
        unanswered=len(found.unanswered),
    )


def submit(
    session: Session,
    remark: Annotated[str | None, typer.Option("--remark", help="What you add to the facts.")] = None,
    plan: Annotated[
        list[str] | None, typer.Option("--plan", help="What comes tomorrow; may be repeated.")
    ] = None,
    on: Day = None,
) -> str:
    """Write and submit your own log of a day."""
    day = None if on is None else on.date()
    if remark is not None or plan:
        logs.write(session, day, remark=remark, plan=plan or None)
    log = logs.submit(session, day)
    return f"The log of {log.on.isoformat()} is {log.stage.replace('_', ' ')}."


def log_share(
    session: Session,
    person: Login,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Such as 2026-06.")],
) -> logs.Discipline:
    """Say how many logs of a month were expected of somebody, and how they came."""
    user = _user(session, person)
    first = _month(month)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return logs.discipline(session, user, first, following - timedelta(days=1))


def uncared(session: Session) -> list[Neglected]:
    """List the customers that nobody cares for, the longest first."""
    return [
        Neglected(one.customer.code, one.customer.name, one.days, ", ".join(one.why))
        for one in care.uncared(session)
    ]


def unread(session: Session) -> list[Word]:
    """List what leaders have said to you and you have not read."""
    return [Word(one.kind.value, one.text, one.due_at) for one in directing.banner(session).items]


def _user(session: Session, login: str) -> User:
    found = session.find(User, User.login == login)
    if not found:
        raise NotFoundError("no such user")
    return found[0]


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        wrong = Problem("month", "format", "expected a month such as 2026-06")
        raise InvalidError(wrong.message, fields=[wrong]) from None


COMMANDS = (place, day, desk, submit, log_share, uncared, unread)
