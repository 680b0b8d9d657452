"""What people see of days in the browser: one's own and those of one's people, and who does what today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs

from pycrm import ActivityKind, InvalidError, OrgUnit, Problem, Ref, Screen, Session, User
from pycrm.plugins.supervision.directive import TARGETS
from pycrm.plugins.supervision.entries import Entry
from pycrm.plugins.supervision.hours import hours_of
from pycrm.plugins.supervision.logs import day_sheet, how_to_submit, log_states
from pycrm.plugins.supervision.model import LogState
from pycrm.plugins.supervision.monitor import monitor
from pycrm.plugins.supervision.people import people

__all__ = ["SCREENS"]

_DAY = timedelta(days=1)
# So many days of logs are shown beside one.
_BEFORE = 13
_TONES = {
    LogState.OPEN: "open",
    LogState.LATE: "hold",
    LogState.SUBMITTED: "won",
    LogState.SUBMITTED_LATE: "won",
    LogState.MISSING: "lost",
}


@attrs.frozen
class Line:
    """An entry of a day: what it was, and the field of a directive that would be written on it."""

    entry: Entry
    kind: ActivityKind | str
    target: str | None


@attrs.frozen
class Square:
    """One day of the calendar of logs; `state` is None where none is needed."""

    on: date
    state: LogState | None
    tone: str


def _day(session: Session, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """A day of a person: what was recorded, planned and written, and how the log stands."""
    me = session.actor.ref
    person = session.get(Ref("User", _id(asked["person"], "person"))) if asked.get("person") else None
    if person is None:
        if me is None:
            return {"sheet": None}
        person = session.find_one(User, me.id) or me
    is_mine = me is not None and person.id == me.id
    if not is_mine and person.id not in {one.id for one in people(session)}:
        # Of a log out of sight the clock alone would tell, and wrongly.
        raise session.missing(User)
    today = hours_of(session, [person.id])[person.id].day(session.now)
    on = _on(asked["on"]) if asked.get("on") else today
    sheet = day_sheet(session, person, on)
    submit = how_to_submit(session, sheet.log) if sheet.log is not None and is_mine else None
    return {
        "sheet": sheet,
        "person": Ref("User", person.id),
        "is_mine": is_mine,
        "today": today,
        "before": on - _DAY,
        "after": on + _DAY if on < today else None,
        "lines": [_line(one) for one in sheet.entries],
        "squares": _squares(session, person, today),
        "tone": _tone(sheet.state),
        "submit": submit,
    }


def _line(entry: Entry) -> Line:
    kinds = {one.value: one for one in ActivityKind}
    targets = {cls.__name__: name for cls, name in TARGETS.items()}
    return Line(entry, kinds.get(entry.kind, entry.kind), targets.get(entry.record.entity))


def _squares(session: Session, person: Any, today: date) -> list[Square]:
    """The calendar of the last two weeks, the oldest day first."""
    first = today - _BEFORE * _DAY
    states = dict(log_states(session, person, first, today))
    days = [first + at * _DAY for at in range(_BEFORE + 1)]
    return [Square(day, states.get(day), _tone(states.get(day))) for day in days]


def _tone(state: LogState | None) -> str:
    return "" if state is None else _TONES[state]


def _desk(session: Session, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """Who does what today: everybody whose work the reader may look at, or those of a unit and below."""
    unit = asked.get("unit") or None
    chosen = None if unit is None else session.get(Ref[OrgUnit]("OrgUnit", _id(unit, "unit")))
    units = {one.home_unit.id: one.home_unit for one in people(session)}
    watches = monitor(session, unit=chosen)
    return {"watches": watches, "units": list(units.values()), "chosen": chosen, "tones": _TONES}


def _id(text: str, path: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _wrong(path, "expected an id") from None


def _on(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong("on", "expected a day such as 2026-06-30") from None


def _wrong(path: str, message: str) -> InvalidError:
    return InvalidError(f"{path}: {message}", fields=[Problem(path, "type", message)])


SCREENS = (
    Screen("day", "Log of the day", _day, "supervision/day.html", permission="worklog.read"),
    Screen("desk", "People today", _desk, "supervision/desk.html", permission="workplace.read"),
)
