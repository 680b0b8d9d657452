"""What people see of directives in the browser: a line above every page until it is read, and all of them on one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pycrm import Banner, Hint, Ref, Screen, Session
from pycrm.plugins.supervision import directing
from pycrm.plugins.supervision.directive import TARGETS, Directive, DirectiveKind, DirectiveState

__all__ = ["BANNERS", "SCREENS"]

_MOST = 50
_OPEN = (DirectiveState.UNREAD.value, DirectiveState.READ.value)


def _unread(session: Session) -> Iterator[Hint]:
    """What the reader was told and has not read yet (SUP-5)."""
    for one in directing.banner(session).items:
        due = "" if one.due_at is None else session.crm.calendar_day(one.due_at).isoformat()
        yield Hint(one.text, one, due, move="open")


def _directives(session: Session, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """What waits for the reader, what the reader waits for, and what both have said of late."""
    if session.actor.ref is None:
        return {"groups": (), "on": _on, "instruction": DirectiveKind.INSTRUCTION}
    mine, own = Directive.owner == session.actor.id, Directive.by == session.actor.id
    falling = Directive.created_at.desc()
    waiting = session.find(Directive, mine, Directive.stage.in_(_OPEN), order=falling, limit=_MOST)
    late = directing.unanswered(session)[:_MOST]
    groups = (
        ("To be answered by you", waiting, True),
        ("Not answered in time", late, False),
        ("Written by you", session.find(Directive, own, order=falling, limit=_MOST), False),
        (
            "Answered by you",
            [one for one in _former(session, mine, falling) if one.stage not in _OPEN],
            False,
        ),
    )
    return {"groups": groups, "on": _on, "instruction": DirectiveKind.INSTRUCTION}


def _former(session: Session, mine: Any, falling: Any) -> list[Directive]:
    return session.find(Directive, mine, order=falling, limit=_MOST)


def _on(directive: Directive) -> Ref[Any] | None:
    """The record that a directive is about."""
    return next((ref for name in TARGETS.values() if (ref := getattr(directive, name)) is not None), None)


BANNERS = (Banner("unread", "Directive", _unread, permission="directive.read"),)
SCREENS = (
    Screen(
        *("directives", "Directives", _directives, "supervision/directives.html"),
        permission="directive.read",
    ),
)
