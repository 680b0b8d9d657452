"""What somebody ought to know: what waits, what was decided, what was given, what is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from pycrm.web.catalog import path_of, reads
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Notice", "notices"]

_SINCE = timedelta(days=14)
_MOST = 20


@attrs.frozen
class Notice:
    """One thing to know, when it came about, and where it leads."""

    at: datetime
    icon: str
    text: str
    under: str
    path: str


def notices(visit: Visit) -> Answer:
    """All that has come about for the visitor in the last fortnight, newest first."""
    with visit.view() as session:
        show = Show(visit, session)
        found = sorted(_notices(show), key=lambda one: one.at, reverse=True)
        return page(visit, session, "notices.html", visit.words("Notifications"), notices=found)


def _notices(show: Show) -> Iterator[Notice]:
    session, words = show.session, show.words
    me, since = session.actor.ref, session.now - _SINCE
    if me is None:
        return
    for one in session.inbox()[:_MOST]:
        by = show.name(one.submitted_by) if one.submitted_by is not None else ""
        yield Notice(
            one.submitted_at, "inbox", words("{name} asks for your consent", name=by), one.reason, "/inbox"
        )
    yield from _decided(show, me, since)
    yield from _given(show, me, since)


def _decided(show: Show, me: object, since: datetime) -> Iterator[Notice]:
    """What became of one's own amendments."""
    amendment = show.crm.record("Amendment")
    mine = amendment.submitted_by == me.id  # type: ignore[attr-defined]
    for one in show.session.find(amendment, mine, amendment.updated_at >= since, limit=_MOST):
        if one.state.value == "submitted":
            continue
        state = show.words.value(one.state)
        text = show.words("Your amendment: {state}", state=state)
        yield Notice(one.updated_at, "shield", text, one.verdict or one.reason, "/inbox?show=mine")


def _given(show: Show, me: object, since: datetime) -> Iterator[Notice]:
    """Tasks that others have given, and records that they have shared."""
    session, task, share = show.session, show.crm.record("Task"), show.crm.record("Share")
    if reads(session, task):
        own = task.owner == me.id  # type: ignore[attr-defined]
        some = session.find(task, own, task.created_at >= since, limit=5 * _MOST)
        show.learn(some)
        for one in some:
            if one.created_by is not None and one.created_by.id != me.id:  # type: ignore[attr-defined]
                text = show.words("{name} gave you a task", name=show.name(one.created_by))
                yield Notice(one.created_at, "check", text, one.title, path_of(show.crm, one) or "/")
    if reads(session, share):
        mine = share.user == me.id  # type: ignore[attr-defined]
        for each in session.find(share, mine, share.created_at >= since, limit=_MOST):
            by = show.name(each.created_by) if each.created_by is not None else ""
            text = show.words("{name} shared a record with you", name=by)
            slug = _slug(show, each.entity)
            yield Notice(each.created_at, "people", text, each.reason or "", f"/{slug}/{each.record}")


def _slug(show: Show, entity: str) -> str:
    from pycrm.web.catalog import slug_of

    return slug_of(show.crm, entity) or ""
