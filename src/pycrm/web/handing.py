"""Handing over all that a person owns: who, to whom, what it would be, and only then done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.entities.org import Reach
from pycrm.errors import NotFoundError, RefusedError
from pycrm.web import figures
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["hand_over", "handover", "undo"]

_MOST = 300


def handover(visit: Visit) -> Answer:
    """The first three steps: from whom, to whom, and what would move."""
    with visit.view() as session:
        return _page(visit, session, visit.asked("giver"), visit.asked("to"))


def _page(
    visit: Visit, session: Session, giver: str, to: str, said: tuple[str, ...] = (), status: int = 200
) -> Answer:
    user = session.crm.record("User")
    if not session.reaches(session.crm.record("Customer"), "assign", Reach.OWN):
        raise NotFoundError("no such page")
    show, preview = Show(visit, session), None
    people = [
        (str(one.id), one.name, one.state.value) for one in session.find(user, order=user.name, limit=_MOST)
    ]
    if giver and to and not said:
        try:
            preview = session.preview_handover(session.get(user, giver), session.get(user, to))
        except RefusedError as error:
            said, status = tuple(sentences(visit.words, error)), error.status
    done = session.crm.record("Handover")
    past = session.find(done, order=done.done_at.desc(), limit=8)
    show.learn(past)
    return page(
        visit,
        session,
        "handover.html",
        visit.words("Handover"),
        status=status,
        people=people,
        giver=giver,
        to=to,
        preview=preview,
        lines=[] if preview is None else [_line(show, one) for one in preview.lines],
        refused=[]
        if preview is None
        else [(visit.words.many(name), count) for name, count in preview.refused.items()],
        private=[] if preview is None else [visit.words.many(name) for name in preview.private],
        because=visit.typed("because"),
        said=said,
        past=[(one, show.name(one.giver), sum(each.count for each in _counts(session, one))) for one in past],
    )


def _counts(session: Session, one: Any) -> Any:
    return session.children(one).counts


def _line(show: Show, one: Any) -> tuple[str, str, str, str]:
    cls = show.crm.record(one.entity, None)
    stage = show.stage_named(cls, one.stage) if cls is not None and one.stage else ""
    sums = " + ".join(figures.money(each) for each in one.sums)
    return (show.words.many(one.entity), stage, figures.number(one.count), sums)


def hand_over(visit: Visit) -> Answer:
    """Do it, in one act."""
    giver, to, because = visit.typed("giver"), visit.typed("to"), visit.typed("because").strip()

    def do(session: Session) -> Any:
        user = session.crm.record("User")
        return session.hand_over(session.get(user, giver), session.get(user, to), because=because)

    try:
        visit.run(do)
    except RefusedError as error:
        with visit.view() as session:
            return _page(visit, session, giver, to, tuple(sentences(visit.words, error)), error.status)
    return redirect("/handover", said=visit.words("Handed over"))


def undo(visit: Visit) -> Answer:
    """Give back what has not changed since, within seven days."""
    because = visit.typed("because").strip()

    def do(session: Session) -> Any:
        return session.undo_handover(
            session.get(session.crm.record("Handover"), visit.params["id"]), because=because
        )

    try:
        visit.run(do)
    except RefusedError as error:
        with visit.view() as session:
            return _page(visit, session, "", "", tuple(sentences(visit.words, error)), error.status)
    return redirect("/handover", said=visit.words("Returned"))
