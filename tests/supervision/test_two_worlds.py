"""Two enterprises that differ only in what somebody may not see: nothing of supervision tells them apart."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pycrm import CRM, CRMError, Customer, FixedClock, Opportunity, Ref, Session, User
from pycrm.plugins.supervision import (
    Appraisal,
    AppraisalItem,
    CheckIn,
    Directive,
    DirectiveKind,
    DirectiveReply,
    Leave,
    Supervision,
    VisitPlan,
    WorkLog,
    Workplace,
)
from pycrm.plugins.supervision.appraising import close_period, low
from pycrm.plugins.supervision.brief import brief, briefs, handover_page
from pycrm.plugins.supervision.care import uncared
from pycrm.plugins.supervision.directing import answer, banner, close, issue, read, reply, said, unanswered
from pycrm.plugins.supervision.entries import entries
from pycrm.plugins.supervision.hours import hours_of
from pycrm.plugins.supervision.logs import day_sheet, discipline, log_states, submit, week_report, write
from pycrm.plugins.supervision.monitor import monitor, work
from pycrm.plugins.supervision.people import people
from pycrm.plugins.supervision.teamwork import form_team, suggest
from pycrm.plugins.supervision.today import my_day
from pycrm.plugins.supervision.training import intakes
from pycrm.plugins.supervision.visits import marks
from pycrm.scope import predicate

from .world import World, shanghai

TODAY, JUNE, MAY = date(2026, 6, 30), date(2026, 6, 1), date(2026, 5, 1)
RECORDS = (Workplace, Leave, WorkLog, VisitPlan, CheckIn, Directive, DirectiveReply, Appraisal)
# Who must not tell the worlds apart: a colleague of rep_a, the leader of another branch, the own unit's below.
VIEWERS = ("rep_b", "lead_w", "lead_e2")


def _base(world: World) -> tuple[Customer, Customer, Opportunity]:
    """What both worlds hold: a customer of rep_a, and one of rep_b with a deal."""
    hidden = world.customer("rep_a", industry="steel")
    seen = world.customer("rep_b", "Mine", industry="steel")
    deal = Opportunity(customer=seen, name="Pumps", expected_close=date(2026, 9, 1))
    return hidden, seen, world.act("rep_b", lambda s: s.add(deal))


def _differ(world: World, hidden: Customer) -> None:
    """What one world alone holds: a whole day of rep_a, words of leaders, and how rep_a did."""
    world.check_in("rep_a", hidden, latitude=Decimal(31), longitude=Decimal(121))
    plan = VisitPlan(customer=hidden, on=TODAY, purpose="offer")
    world.act("rep_a", lambda s: s.add(plan))
    visit = world.visit("rep_a", hidden, "06-30 08:00")
    world.act("rep_a", lambda s: write(s, remark="secret"))
    world.act("rep_a", submit)
    due = shanghai("06-30 09:01")
    word = world.act("lead_e", lambda s: issue(s, visit, "now", kind=DirectiveKind.INSTRUCTION, due_at=due))[
        0
    ]
    world.act("rep_a", lambda s: answer(s, word, "done"))
    world.give("lead_e", Workplace(zone="Europe/Berlin", since=TODAY), "rep_a")
    world.give("lead_e", Leave(since=date(2026, 6, 10), until=date(2026, 6, 12)), "rep_a")
    items = [AppraisalItem(measure="log", weight=100, target=Decimal(1), points=Decimal(10))]

    def enter(session: Session) -> None:
        for first in (MAY, JUNE):
            one = Appraisal(role="staff", first=first, last=TODAY, items=items, result=Decimal(10))
            session.add(one, owner=world.user("rep_a"))

    world.crm.run(world.crm.system("former months"), enter)
    world.act("lead_e", lambda s: close_period(s, MAY, "staff"))


Ask = Callable[[Session], Any]


def _asked(
    ids: dict[str, UUID], person: Ref[User], customer: Ref[Customer], deal: Ref[Any]
) -> dict[str, Ask]:
    """Everything that supervision can be asked, about the hidden person and the hidden records too."""
    found: dict[str, Ask] = {
        "the day": lambda s: day_sheet(s, person, TODAY),
        "the entries": lambda s: entries(s, person, JUNE, TODAY),
        "the hours": lambda s: hours_of(s, [person]),
        "the discipline": lambda s: discipline(s, person, JUNE, TODAY),
        "the week": lambda s: week_report(s, person, TODAY),
        "the desk": monitor,
        "one's own day": my_day,
        "the work": lambda s: work(s, JUNE, TODAY),
        "the work of one": lambda s: work(s, JUNE, TODAY, person=person),
        "the calendar": lambda s: log_states(s, person, JUNE, TODAY),
        "the people": people,
        "the banner": banner,
        "what is unanswered": unanswered,
        "who is uncared for": uncared,
        "who is low": low,
        "the intakes": intakes,
        "the brief": lambda s: brief(s, customer),
        "the briefs": lambda s: briefs(s, Ref("Handover", customer.id)),
        "whom to send": lambda s: suggest(s, deal),
        "the handover": lambda s: handover_page(s, person, "rep_c"),
        "what was said": lambda s: said(s, s.get(customer)),
        "the marks": lambda s: marks(s, s.get(Ref("Activity", ids["Activity"]))),
        "own log": submit,
        "own words": lambda s: write(s, remark="mine"),
        "a word of one's own": lambda s: issue(s, s.get(customer), "call"),
        "a word on the day": lambda s: issue(s, s.get(Ref("WorkLog", ids["WorkLog"])), "call"),
        "another's log": lambda s: s.add(WorkLog(on=TODAY), owner=s.get(person)),
        "reading": lambda s: read(s, s.get(Ref("Directive", ids["Directive"]))),
        "replying": lambda s: reply(s, s.get(Ref("Directive", ids["Directive"])), "x"),
        "closing": lambda s: close(s, s.get(Ref("Directive", ids["Directive"]))),
        "closing a month": lambda s: close_period(s, JUNE, "staff"),
        "a team": lambda s: form_team(s, s.get(customer), {}, because="a tender"),
    }
    for cls in RECORDS:
        found[f"every {cls.__name__}"] = lambda s, cls=cls: s.find(cls)
        found[f"how many {cls.__name__}"] = lambda s, cls=cls: (s.count(cls), s.page(cls).items)
        found[f"one {cls.__name__}"] = lambda s, cls=cls: s.get(cls, ids.get(cls.__name__, customer.id))
    return found


def _told(world: World, who: str, ask: Ask) -> str:
    """What somebody is told, refusals included; what was written is undone."""

    found = ""
    with suppress(_UndoneError), world.crm.session(who) as session:
        try:
            found = repr(ask(session))
        except CRMError as refusal:
            found = f"{type(refusal).__name__}: {refusal}"
        raise _UndoneError
    return found


class _UndoneError(Exception):
    """Nothing of it is kept."""


def _ids(world: World) -> dict[str, UUID]:
    """The hidden records of the fuller world, by class."""
    names = [*(cls.__name__ for cls in RECORDS), "Activity"]
    with world.crm.view("dir") as session:
        own = world.user("rep_a").id
        classes = [(name, world.crm.record(name)) for name in names]
        return {name: found[0].id for name, cls in classes if (found := session.find(cls, cls.owner == own))}


Worlds = tuple[World, World, dict[str, Ask]]


@pytest.fixture
def worlds(sqlite_database: str, clock: FixedClock) -> Iterator[Worlds]:
    """Two worlds on copies of one database, and what there is to ask."""
    first = World(CRM(sqlite_database, plugins=[Supervision], clock=clock, random=random.Random(7)))
    hidden, _, deal = _base(first)
    first.crm.close()
    file = Path(sqlite_database.removeprefix("sqlite:///"))
    shutil.copy(file, file.with_name("other.db"))
    addresses = (sqlite_database, f"sqlite:///{file.with_name('other.db')}")
    pair = [
        World(CRM(one, plugins=[Supervision], clock=clock, random=random.Random(seed)))
        for seed, one in enumerate(addresses)
    ]
    _differ(pair[1], hidden)
    asked = _asked(_ids(pair[1]), pair[0].user("rep_a").ref, hidden.ref, deal.ref)
    yield pair[0], pair[1], asked
    for world in pair:
        world.crm.close()


def _differences(worlds: Worlds, who: str, *names: str) -> list[str]:
    """What somebody is told otherwise in the one world than in the other."""
    one, other, asked = worlds
    return [name for name in names or asked if _told(one, who, asked[name]) != _told(other, who, asked[name])]


def test_nobody_tells_two_worlds_apart(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colleagues and other leaders get the same answers, whatever rep_a did and was told; and a leak shows."""
    for who in VIEWERS:
        assert (who, _differences(worlds, who)) == (who, [])
    # Whoever may see it is told of it.
    telling = ["the day", "the desk", "the discipline", "every Directive", "every Appraisal"]
    assert _differences(worlds, "lead_e", *telling) == telling
    # The leak: logs are common knowledge.
    real = predicate._paths

    def leaking(tx: Any, actor: Any, cls: Any, *rest: Any) -> Any:
        return True if cls is WorkLog else real(tx, actor, cls, *rest)

    monkeypatch.setattr(predicate, "_paths", leaking)
    for world in worlds[:2]:
        world.crm.actors.clear()
    assert _differences(worlds, "rep_b", "every WorkLog") == ["every WorkLog"]
