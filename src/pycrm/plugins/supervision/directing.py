"""What leaders say and staff answer: directives, the banner that shows them, and what waits for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from pycrm import ForbiddenError, InvalidError, Problem, Record, Ref, Session, User
from pycrm.plugins.supervision.directive import (
    TARGETS,
    Directive,
    DirectiveKind,
    DirectiveReply,
    DirectiveState,
)

__all__ = ["Banner", "Said", "answer", "banner", "close", "issue", "read", "reply", "said", "unanswered"]


def issue(
    session: Session,
    on: Record,
    text: str,
    *,
    kind: DirectiveKind = DirectiveKind.COMMENT,
    due_at: datetime | None = None,
    to: Iterable[Ref[User] | User] | None = None,
) -> list[Directive]:
    """Write a directive on a record: one for each person it is for (SUP-4).

    An instruction makes a task of each, due at the same time.

    Args:
        on: an activity, a work log, a planned visit, an opportunity, a customer or a task.
        due_at: of an instruction, and of nothing else.
        to: for whom; without it for the owner of the record.

    Raises:
        NotFoundError: the record is missing or out of scope.
        ForbiddenError: the actor does not lead whom it is for.
        InvalidError: another kind of record, nobody it is for, or no due time of an instruction.
    """
    name = TARGETS.get(type(on))
    if name is None:
        wrong = Problem("on", "rule", f"no directive is written on a {type(on).__name__.lower()}")
        raise InvalidError(wrong.message, fields=[wrong])
    target: Any = session.get(on.ref)
    people = [target.owner] if to is None else list(to)
    if not people or None in people:
        missing = Problem("to", "required", "say for whom it is")
        raise InvalidError(missing.message, fields=[missing])
    made = []
    for person in people:
        link: dict[str, Any] = {name: on.ref}
        draft = Directive(text=text, kind=kind, due_at=due_at, **link)
        made.append(session.add(draft, owner=person))
    return made


@attrs.frozen
class Banner:
    """What is shown above every page until it is read: the unread directives, the newest first (SUP-5)."""

    items: tuple[Directive, ...]

    @property
    def count(self) -> int:
        """How many there are: the mark in the menu."""
        return len(self.items)


def banner(session: Session) -> Banner:
    """The directives for the actor that were not read yet."""
    mine = (Directive.owner == session.actor.id, Directive.stage == DirectiveState.UNREAD)
    return Banner(tuple(session.find(Directive, *mine, order=Directive.created_at.desc())))


def read(session: Session, directive: Directive) -> Directive:
    """Take note of a directive, which stamps the time; what was read before stays as it is.

    Raises:
        ForbiddenError: it is for somebody else.
    """
    # What was said does not change, so it does not matter how old the value in hand is.
    current = session.get(directive.ref)
    return current if current.stage != DirectiveState.UNREAD else session.move(current, "open")


def answer(session: Session, directive: Directive, text: str) -> Directive:
    """Answer a directive, which reads it too; further words of the person come after the first answer.

    Raises:
        ForbiddenError: it is for somebody else.
        ConflictError: it is closed.
    """
    current = read(session, directive)
    if current.stage == DirectiveState.READ:
        current = session.move(current, "reply")
    reply(session, current, text)
    return current


def take_answer(session: Session, said: DirectiveReply) -> None:
    """Whoever says something to a directive that is for them has read and answered it."""
    current = session.get(said.directive)
    if current.owner is None or current.owner.id != session.actor.id:
        return
    for state, move in ((DirectiveState.UNREAD, "open"), (DirectiveState.READ, "reply")):
        if current.stage == state:
            current = session.move(current, move)


def reply(session: Session, directive: Directive, text: str) -> DirectiveReply:
    """Say something to a directive, as the person it is for or as one who leads that person.

    Raises:
        ConflictError: it is closed.
        ForbiddenError: the actor is neither.
    """
    return session.add(DirectiveReply(directive=directive.ref, text=text), owner=directive.owner)


def close(session: Session, directive: Directive) -> Directive:
    """Close an instruction that was answered, as its author.

    Raises:
        ForbiddenError: somebody else wrote it.
        ConflictError: it is no instruction, or was not answered.
    """
    return session.move(directive, "close")


@attrs.frozen
class Said:
    """A directive with what was said to it, and when it was read."""

    directive: Directive
    read_at: datetime | None
    replies: tuple[DirectiveReply, ...]


def said(session: Session, on: Record) -> list[Said]:
    """The directives on a record in sight, the oldest first, each with its replies.

    Raises:
        InvalidError: a kind of record on which none are written.
    """
    name = TARGETS.get(type(on))
    if name is None:
        wrong = Problem("on", "rule", f"no directive is written on a {type(on).__name__.lower()}")
        raise InvalidError(wrong.message, fields=[wrong])
    link = getattr(Directive, name)
    found = session.find(Directive, link == on.id, order=Directive.created_at)
    return [_said(session, one) for one in found]


def _said(session: Session, one: Directive) -> Said:
    stays = [stay for stay in session.stages(one) if stay.stage == DirectiveState.READ]
    own = DirectiveReply.directive == one.id
    replies = session.find(DirectiveReply, own, order=DirectiveReply.created_at)
    return Said(one, stays[0].since if stays else None, tuple(replies))


def unanswered(session: Session) -> list[Directive]:
    """The actor's own instructions that are past due and not answered: the author's list (SUP-5)."""
    waiting = (DirectiveState.UNREAD.value, DirectiveState.READ.value)
    return session.find(
        Directive,
        Directive.by == session.actor.id,
        Directive.due_at < session.now,
        Directive.stage.in_(waiting),
        order=Directive.created_at,
    )


def refuse_no_leader(session: Session, directive: Directive) -> None:
    """A directive is the word of somebody who leads the person it is for, to be followed from now on."""
    if directive.owner is not None and directive.owner.id == session.actor.id:
        raise ForbiddenError("nobody writes a directive to themselves")
    if directive.due_at is not None and directive.due_at <= session.now:
        late = Problem("due_at", "range", "has passed")
        raise InvalidError("due_at: has passed", fields=[late])
