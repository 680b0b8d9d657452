"""My day: what is due, what is late, what stands still, what waits for me, and how the numbers stand."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import Reach
from pycrm.errors import RefusedError
from pycrm.forecast import Period
from pycrm.session.naming import label_of
from pycrm.web import figures
from pycrm.web.catalog import path_of, reads
from pycrm.web.inbox import Asked, asked_of
from pycrm.web.panel import tiles as tiled
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["done", "home"]

_MOST = 8


@attrs.frozen
class Due:
    """Something to do: a task, a promise, a customer to be called."""

    title: str
    path: str | None
    of: str
    of_path: str | None
    day: str
    is_late: bool
    done: str = ""


@attrs.frozen
class Deal:
    """An opportunity that stands still or is late."""

    name: str
    path: str | None
    of: str
    amount: str
    stage: str
    tone: str
    days: int
    owner: str


@attrs.frozen
class Tile:
    """A number that leads to the records behind it."""

    label: str
    figure: str
    under: str
    path: str


def home(visit: Visit) -> Answer:
    """The day of whoever is signed in."""
    with visit.view() as session:
        customers = session.crm.record("Customer")
        if not reads(session, customers):
            return page(visit, session, "home.html", visit.words("My day"), **_NOTHING)
        show = Show(visit, session)
        today = session.crm.calendar_day(session.now)
        return page(
            visit,
            session,
            "home.html",
            visit.words("My day"),
            tiles=_tiles(show, today),
            tasks=_tasks(show, today),
            promises=_promises(show, today),
            deals=_deals(show),
            inbox=_inbox(show),
            calls=_calls(show, today),
            today=today.isoformat(),
            weekday=visit.words(f"weekday:{today.weekday()}"),
            leads=session.reaches(customers, "read", Reach.UNIT),
            reach=visit.words.said(session.reach(customers)),
            tiled=tiled(visit),
        )


_NOTHING: dict[str, Any] = {
    **{"tiles": (), "tasks": (), "promises": (), "deals": (), "inbox": (), "calls": ()},
    **{"today": "", "weekday": "", "leads": False, "reach": "", "tiled": ()},
}


def _open_of(session: Session, cls: Any) -> list[str]:
    """The keys of the stages in which something is still to be done."""
    return [one.key for one in session.pipeline(cls.__pipeline__).stages if not one.is_closed]


def _tiles(show: Show, today: Any) -> list[Tile]:
    session, words, language = show.session, show.words, show.visit.language
    deal = session.crm.record("Opportunity")
    tiles: list[Tile] = []
    try:
        tallies = session.by_stage(deal, amount=deal.amount)
    except RefusedError:
        return tiles
    going = [one for one in tallies if one.kind in ("open", "hold")]
    sums = _added(going)
    quarter = Period.quarter(today.year, (today.month + 2) // 3)
    outlooks = session.forecast(quarter).outlooks
    tiles.append(
        Tile(
            words("Open deals"),
            " + ".join(figures.brief(one, language) for one in sums) or "0",
            words("{count} deals", count=figures.number(sum(one.count for one in going))),
            "/board/opportunities",
        )
    )
    won = " + ".join(figures.brief(one.won, language) for one in outlooks) or "0"
    weighted = " + ".join(figures.brief(one.weighted, language) for one in outlooks) or "0"
    name = f"{quarter.since.year} Q{(quarter.since.month + 2) // 3}"
    tiles.append(Tile(words("Won this quarter"), won, name, "/reports/forecast"))
    tiles.append(Tile(words("Forecast of the quarter"), weighted, words("weighted"), "/reports/forecast"))
    late = session.count(deal, session.overdue(deal), limit=10_001)
    still = session.count(deal, session.stalled(deal), limit=10_001)
    tiles.append(
        Tile(
            words("Overdue"),
            figures.number(late),
            words("{count} stand still", count=still),
            "/board/opportunities",
        )
    )
    return tiles


def _added(tallies: Any) -> list[Any]:
    sums: dict[str, Any] = {}
    for one in tallies:
        for each in one.sums:
            sums[each.currency] = sums[each.currency] + each if each.currency in sums else each
    return list(sums.values())


def _tasks(show: Show, today: Any) -> list[Due]:
    """Open tasks of one's own until the end of tomorrow, late ones first."""
    session, task = show.session, show.crm.record("Task")
    if session.actor.ref is None or not reads(session, task):
        return []
    end = datetime.combine(today + timedelta(days=2), time(), show.crm.zone)
    stages = [key for key in _open_of(session, task) if key not in ("done", "cancelled")]
    some = session.find(
        *(task, task.owner == session.actor.ref.id, task.stage.in_(stages), task.due_at < end),
        order=task.due_at,
        limit=_MOST + 2,
    )
    show.learn(some)
    found = []
    for one in some:
        of = one.customer or one.opportunity or one.lead
        day = one.due_at.astimezone(show.crm.zone)
        found.append(
            Due(
                one.title,
                path_of(show.crm, one),
                show.name(of) if of is not None else "",
                path_of(show.crm, of) if of is not None else None,
                day.strftime("%m-%d %H:%M" if day.year == today.year else "%Y-%m-%d"),
                one.due_at < session.now,
                str(one.id),
            )
        )
    return found


def _promises(show: Show, today: Any) -> list[Due]:
    session, promise = show.session, show.crm.record("Commitment")
    if session.actor.ref is None or not reads(session, promise):
        return []
    mine = promise.owner == session.actor.ref.id
    until = today + timedelta(days=7)
    some = session.find(
        promise, mine, promise.stage == "open", promise.due_on <= until, order=promise.due_on, limit=_MOST
    )
    show.learn(some)
    return [
        Due(
            one.text,
            path_of(show.crm, one),
            show.name(one.customer) if one.customer is not None else "",
            path_of(show.crm, one.customer) if one.customer is not None else None,
            one.due_on.isoformat(),
            one.due_on < today,
        )
        for one in some
    ]


def _deals(show: Show) -> list[Deal]:
    """What stands still or is late, the largest first; those of others too, where one leads."""
    session, deal = show.session, show.crm.record("Opportunity")
    try:
        some = session.find(deal, session.overdue(deal), order=deal.amount.desc(), limit=_MOST)
    except RefusedError:
        return []
    show.learn(some, [deal.__specs__["customer"], deal.__specs__["owner"]])
    found = []
    for one in some:
        standing, stage = session.standing(one), session.stage(one)
        found.append(
            Deal(
                label_of(one),
                path_of(show.crm, one),
                show.name(one.customer),
                figures.money(one.amount) if one.amount is not None else "",
                show.words.stage(stage),
                stage.kind,
                standing.days,
                show.name(one.owner) if one.owner is not None else "",
            )
        )
    return found


def _inbox(show: Show) -> list[Asked]:
    return [asked_of(show, one) for one in show.session.inbox()[:5]]


def _calls(show: Show, today: Any) -> list[Due]:
    """Customers of one's own whose next contact is due."""
    session, customer = show.session, show.crm.record("Customer")
    if session.actor.ref is None or "next_contact_on" not in session.fields(customer):
        return []
    some = session.find(
        *(customer, customer.owner == session.actor.ref.id, customer.next_contact_on <= today),
        order=customer.next_contact_on,
        limit=_MOST,
    )
    return [
        Due(
            one.name,
            path_of(show.crm, one),
            "",
            None,
            one.next_contact_on.isoformat(),
            one.next_contact_on < today,
        )
        for one in some
        if one.next_contact_on is not None
    ]


def done(visit: Visit) -> Answer:
    """Tick a task as done; one that was not begun is begun and done in the same act."""
    task = visit.crm.record("Task")

    def do(session: Session) -> None:
        one = session.get(task, visit.params["id"])
        if all(way.target != "done" for way in session.moves(one)):
            one = session.move(one, "in_progress")
        session.move(one, "done")

    visit.run(do)
    return redirect("/", said=visit.words("Done"))
