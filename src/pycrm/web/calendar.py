"""The month: tasks, promises, expected closes and visits; and the same as a feed for other calendars."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.errors import NotFoundError, RefusedError
from pycrm.session.naming import label_of
from pycrm.web.catalog import path_of, reads
from pycrm.web.render import page
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["Event", "feed", "month"]

_MOST = 400
_AHEAD, _BACK = timedelta(days=180), timedelta(days=60)


@attrs.frozen
class Event:
    """Something on a day, perhaps at an hour."""

    day: date
    title: str
    path: str | None
    tone: str
    at: datetime | None
    id: str


def month(visit: Visit) -> Answer:
    """One month of the visitor's own, and of those whom the visitor leads where asked for."""
    with visit.view() as session:
        today = session.crm.calendar_day(session.now)
        first = _first(visit.asked("month"), today)
        start = first - timedelta(days=first.weekday())
        days = [start + timedelta(days=at) for at in range(42)]
        if days[35].month != first.month:
            days = days[:35]
        mine = visit.asked("who") != "all"
        events: dict[date, list[Event]] = {}
        for one in _events(session, days[0], days[-1], mine):
            events.setdefault(one.day, []).append(one)
        before, after = first - timedelta(days=1), first + timedelta(days=32)
        return page(
            visit,
            session,
            "calendar.html",
            visit.words("Calendar"),
            days=[(day, events.get(day, [])) for day in days],
            first=first,
            today=today,
            before=f"{before:%Y-%m}",
            after=f"{after:%Y-%m}",
            mine=mine,
            weekdays=[visit.words(f"weekday:{at}") for at in range(7)],
            feed="" if visit.sees is not None else _feed_path(session),
        )


def _first(text: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def _events(session: Session, since: date, until: date, mine: bool) -> Iterator[Event]:
    zone = session.crm.zone
    begin = datetime.combine(since, time(), zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    task, promise, talk, deal = (
        session.crm.record(name) for name in ("Task", "Commitment", "Activity", "Opportunity")
    )
    for one in _some(session, task, mine, task.due_at >= begin, task.due_at < end):
        day = one.due_at.astimezone(zone)
        yield Event(day.date(), label_of(one), path_of(session.crm, one), "", one.due_at, str(one.id))
    for one in _some(session, promise, mine, promise.due_on >= since, promise.due_on <= until):
        yield Event(one.due_on, one.text, path_of(session.crm, one), "warn", None, str(one.id))
    for one in _some(
        session,
        talk,
        mine,
        talk.started_at >= begin,
        talk.started_at < end,
        talk.kind.in_(["visit", "meeting"]),
    ):
        day = one.started_at.astimezone(zone)
        yield Event(day.date(), one.summary, path_of(session.crm, one), "soft", one.started_at, str(one.id))
    stages = [one.key for one in session.pipeline("sales").stages if not one.is_closed]
    for one in _some(
        session,
        deal,
        mine,
        deal.expected_close >= since,
        deal.expected_close <= until,
        deal.stage.in_(stages),
    ):
        yield Event(one.expected_close, label_of(one), path_of(session.crm, one), "blue", None, str(one.id))


def _some(session: Session, cls: Any, mine: bool, *conditions: Any) -> list[Any]:
    if not reads(session, cls):
        return []
    own = (cls.owner == session.actor.ref.id,) if mine and session.actor.ref is not None else ()
    try:
        return session.find(cls, *own, *conditions, limit=_MOST)
    except RefusedError:
        return []


# --- the feed -------------------------------------------------------------------------------------


def _sign(crm: CRM, user: UUID, version: int) -> str:
    """What proves that an address was given to that person; it ends when the person is changed."""
    text = f"calendar\x00{user}\x00{version}".encode()
    return hmac.new(crm.secret, text, hashlib.sha256).hexdigest()[:40]


def _feed_path(session: Session) -> str:
    user = session.crm.record("User")
    one = session.get(user, session.actor.ref.id)  # type: ignore[union-attr]
    return f"/calendar/{one.id}/{_sign(session.crm, one.id, one.version)}/feed.ics"


def feed(visit: Visit) -> Answer:
    """The calendar of a person for programs that know no cookies: whoever has the address reads it."""
    crm, shown = visit.crm, visit.params["sign"]
    try:
        key = UUID(visit.params["user"])
    except ValueError:
        raise NotFoundError("no such page") from None
    try:
        with crm.view(key) as session:
            one = session.get(crm.record("User"), key)
            if not hmac.compare_digest(shown.encode(), _sign(crm, key, one.version).encode()):
                raise NotFoundError("no such page")
            today = crm.calendar_day(session.now)
            events = list(_events(session, today - _BACK, today + _AHEAD, True))
    except RefusedError:
        raise NotFoundError("no such page") from None
    return Answer("".join(_lines(events, visit)), media="text/calendar; charset=utf-8")


def _lines(events: list[Event], visit: Visit) -> Iterator[str]:
    """iCalendar (RFC 5545), folded at 75 octets."""
    yield from map(_folded, ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//pycrm//calendar//EN"))
    for one in events:
        yield _folded("BEGIN:VEVENT")
        yield _folded(f"UID:{one.id}@pycrm")
        yield _folded(f"DTSTAMP:{datetime.combine(one.day, time(), UTC):%Y%m%dT%H%M%SZ}")
        if one.at is not None:
            yield _folded(f"DTSTART:{one.at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        else:
            yield _folded(f"DTSTART;VALUE=DATE:{one.day:%Y%m%d}")
        yield _folded(f"SUMMARY:{_escaped(one.title)}")
        yield _folded("END:VEVENT")
    yield _folded("END:VCALENDAR")


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    pieces, now = [], ""
    for letter in line:
        if len((now + letter).encode()) > 73:
            pieces.append(now)
            now = ""
        now += letter
    return "\r\n ".join([*pieces, now]) + "\r\n"
