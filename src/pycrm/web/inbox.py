"""Amendments: those that wait for me, with old beside new, and those that I have asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.errors import InvalidError, RefusedError
from pycrm.revision.amendment import Batch
from pycrm.session.naming import label_of
from pycrm.web import figures
from pycrm.web.catalog import path_of
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Asked", "asked_of", "decide", "inbox"]

_MOST = 50


@attrs.frozen
class Line:
    """One field that an amendment changes: as it is, as it is to be, and as it is by now."""

    label: str
    old: str
    new: str
    now: str
    is_moved: bool


@attrs.frozen
class Asked:
    """An amendment as those who decide on it see it."""

    id: str
    name: str
    path: str | None
    kind: str
    by: str
    at: str
    reason: str
    evidence: tuple[str, ...]
    effective_on: str
    state: str
    tone: str
    lines: tuple[Line, ...]
    decided: tuple[str, ...]
    waits: tuple[str, ...]
    is_batch: bool = False
    count: int = 1
    is_mine: bool = False


def asked_of(show: Show, what: Any) -> Asked:
    """An amendment, or all that one import asked for, in words."""
    session = show.session
    batch = isinstance(what, Batch)
    first = what.amendments[0] if batch else what
    cls = show.crm.record(first.entity, None)
    target = session.find_one(cls, first.record) if cls is not None else None
    lines = []
    for line in session.lines(what)[:12]:
        of = show.crm.record(line.entity)
        old, new, now = (show.stored(of, line.path, value) for value in (line.base, line.new, line.current))
        lines.append(Line(show.path(of, line.path), old, new, now, line.base != line.current))
    show.know([what.submitted_by, *(task.approver for task in first.tasks)])
    me = session.actor.ref
    return Asked(
        str(what.id),
        label_of(target) if target is not None else show.words("out of your sight"),
        path_of(show.crm, target) if target is not None else None,
        show.words.record(first.entity),
        show.name(what.submitted_by) if what.submitted_by is not None else "",
        figures.moment(what.submitted_at, show.crm.zone),
        what.reason,
        tuple(first.evidence),
        first.effective_on.isoformat() if first.effective_on is not None else "",
        show.words.value(first.state),
        _tone(first.state.value),
        tuple(lines),
        tuple(_decision(show, task) for task in first.tasks if task.state.value not in ("pending", "lapsed")),
        tuple(show.name(task.approver) for task in first.tasks if task.state.value == "pending"),
        batch,
        len(what.amendments) if batch else 1,
        me is not None and what.submitted_by is not None and what.submitted_by.id == me.id,
    )


def _tone(state: str) -> str:
    tones = {"applied": "good", "approved": "good", "rejected": "danger", "conflicted": "danger"}
    return tones.get(state, "warn")


def _decision(show: Show, task: Any) -> str:
    words = show.words
    said = f"{show.name(task.approver)}: {words.value(task.state)}"
    return f"{said} – {task.comment}" if task.comment else said


def inbox(visit: Visit) -> Answer:
    """What waits for a decision, or what one has asked for oneself."""
    with visit.view() as session:
        return _inbox(visit, session)


def _inbox(visit: Visit, session: Session, said: tuple[str, ...] = (), status: int = 200) -> Answer:
    show = Show(visit, session)
    mine = visit.asked("show") == "mine"
    found: list[Any] = list(session.inbox()[:_MOST]) if not mine else _submitted(session)
    return page(
        visit,
        session,
        "inbox.html",
        visit.words("Approvals"),
        status=status,
        asked=[asked_of(show, one) for one in found],
        mine=mine,
        said=said,
    )


def _submitted(session: Session) -> list[Any]:
    amendment, me = session.crm.record("Amendment"), session.actor.ref
    if me is None:
        return []
    order = amendment.submitted_at.desc()
    return session.find(amendment, amendment.submitted_by == me.id, order=order, limit=_MOST, children=True)


def decide(visit: Visit) -> Answer:
    """Approve, reject or send back an amendment or a batch; take back or rebase one's own."""
    verdict, because = visit.typed("verdict"), visit.typed("because").strip() or None
    try:
        key = UUID(visit.params["id"])
    except ValueError:
        raise InvalidError("no such amendment") from None

    def do(session: Session) -> None:
        what: Any = (
            session.batch(key) if visit.typed("batch") else session.get(session.crm.record("Amendment"), key)
        )
        _decide(session, what, verdict, because)

    try:
        visit.run(do)
    except RefusedError as error:
        with visit.view() as session:
            return _inbox(visit, session, tuple(sentences(visit.words, error)), error.status)
    return redirect(
        "/inbox?show=mine" if verdict in ("withdraw",) else "/inbox", said=visit.words(f"did:{verdict}")
    )


def _decide(session: Session, what: Any, verdict: str, because: str | None) -> None:
    if verdict == "approve":
        session.approve(what, because=because)
    elif verdict == "reject":
        session.reject(what, because=because or "")
    elif verdict == "return":
        session.return_(what, because=because or "")
    elif verdict == "withdraw":
        session.withdraw(what, because=because)
    elif verdict == "rebase":
        session.rebase(what)
    else:
        raise InvalidError("choose what is to be done")
