"""Two people decide at once, or one decides while the other takes back: there is one decision (T27)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
import evidence
import pytest
import sqlalchemy as sa

from pycrm import CRM, Amendment, Customer, RefusedError
from pycrm.declare.row import layout
from pycrm.entities.amendment import ApprovalTask
from pycrm.revision.amendment import book, judge
from pycrm.revision.amendment.model import AmendmentEffect
from pycrm.scope.gateway import fetch_one
from revision.amending import World, ask, flow, policy, step, waiting, world
from revision.test_concurrent import at_once

_KEPT = ("two who act on one amendment at the same moment", 10_000)


def acting(crm: CRM, login: str, verb: str, amendment: Amendment, **options: Any) -> Callable[[], object]:
    """Do that as somebody."""

    def act() -> object:
        with crm.session(login) as session:
            return getattr(session, verb)(amendment, **options)

    return act


def writing(crm: CRM, customer: Customer, name: str) -> Callable[[], object]:
    """Override the name that an amendment is about."""

    def act() -> object:
        with crm.session("dir") as session:
            return session.override(session.get(customer.ref), name=name, because="the register says so")

    return act


def asking(crm: CRM, customer: Customer, name: str) -> Callable[[], object]:
    """Ask for the same field once more."""

    def act() -> object:
        with crm.session("rep_a") as session:
            return session.amend(session.get(customer.ref), name=name, because="and yet another name")

    return act


def settled(crm: CRM, amendment: Amendment) -> tuple[str, int, int]:
    """How it ended: its state, how many tasks were decided, and how many versions it made."""
    of, task, effect = Amendment.__table__.c, ApprovalTask.__table__.c, AmendmentEffect.__table__.c
    decided = sa.select(sa.func.count()).where(
        task.parent_id == amendment.id, task.state.in_(("approved", "rejected", "returned"))
    )
    made = sa.select(sa.func.count()).where(effect.amendment_id == amendment.id)
    asked = sa.select(of.state, decided.scalar_subquery(), made.scalar_subquery())
    with crm.store.connect() as connection:
        state, *numbers = connection.execute(asked.where(of.id == amendment.id)).one()
    return str(state), *numbers


def name_of(crm: CRM, customer: Customer) -> str:
    """How the customer is called now."""
    column = Customer.__table__.c
    with crm.store.connect() as connection:
        return str(connection.execute(sa.select(column.name).where(column.id == customer.id)).scalar())


SORTS = (
    *("approve both", "approve and reject", "approve and withdraw", "approve and write"),
    *("approve and approve one's own", "approve and amend"),
)


def race(crm: CRM, made: World, sort: str, turn: int) -> list[str]:
    """Let lead_e approve while somebody else acts, and say what was decided other than once."""
    current = name_of(crm, made.pump)
    amendment = ask(crm, "rep_a", made.pump, name=f"{sort} {turn}")
    rival = {
        "approve both": acting(crm, "dir", "approve", amendment),
        "approve and reject": acting(crm, "dir", "reject", amendment, because="no"),
        "approve and withdraw": acting(crm, "rep_a", "withdraw", amendment),
        "approve and write": writing(crm, made.pump, f"Register {turn}"),
        "approve and approve one's own": acting(crm, "rep_a", "approve", amendment),
        "approve and amend": asking(crm, made.pump, f"Other {turn}"),
    }[sort]
    answers = at_once(acting(crm, "lead_e", "approve", amendment), rival)
    strange = [one for one in answers if isinstance(one, Exception) and not isinstance(one, RefusedError)]
    end, name = settled(crm, amendment), name_of(crm, made.pump)
    if sort == "approve and amend" and isinstance(answers[1], Amendment):
        # Who came after the approval has asked for a further change; it is no second decision.
        acting(crm, "lead_e", "reject", answers.pop(), because="over")()
    if end[0] not in ("applied", "rejected", "withdrawn"):
        acting(crm, "lead_e", "reject", amendment, because="over")()
    return [*_wrong(sort, answers, end, (current, name, turn)), *(f"{sort}: {one!r}" for one in strange)]


def races(crm: CRM, made: World, turns: range) -> list[str]:
    """Run a race of each sort in each turn."""
    return [line for turn in turns for sort in SORTS for line in race(crm, made, sort, turn)]


def _wrong(
    sort: str, answers: list[Any], end: tuple[str, int, int], names: tuple[str, str, int]
) -> list[str]:
    (state, decided, effects), (current, name, turn) = end, names
    done = sum(isinstance(one, Amendment) for one in answers)
    if sort == "approve and approve one's own" and not isinstance(answers[1], RefusedError):
        return [f"{sort}: {answers[1]!r}"]
    if sort == "approve and write":
        right = (state, effects) in (("applied", 1), ("conflicted", 0))
        # Met by the register in the middle, the approver is told to look again and nothing is decided.
        right = right or (state == "submitted" and decided == 0 and isinstance(answers[0], RefusedError))
        # The amendment is never applied over what the register wrote.
        ends = (f"Register {turn}", f"{sort} {turn}") if state == "applied" else (f"Register {turn}",)
        return [] if right and name in ends else [f"{sort}: {state}, {effects} effects, {name}"]
    expected = {
        "applied": (1, 1, f"{sort} {turn}"),
        "rejected": (1, 0, current),
        "withdrawn": (0, 0, current),
    }
    right = state in expected and (decided, effects, name) == expected[state] and done == 1
    return [] if right else [f"{sort}: {done} done, {state}, {decided} decided, {effects} effects, {name}"]


def two_approvers(crm: CRM) -> World:
    """A world in which lead_e and dir are both asked, and either is enough."""
    from datetime import date

    from pycrm import Approver, RoleAssignment

    made = world(crm)
    with crm.session(crm.system("test")) as session:
        session.add(
            RoleAssignment(
                user=made.cast.people["dir"],
                role=made.cast.roles["leader"],
                unit=made.cast.units["HQ"],
                since=date(2026, 1, 1),
            )
        )
    flow(crm, "either", step(Approver.ROLE, who="leader"))
    policy(crm, "Party.name", flow="either")
    return made


def test_a_race_has_one_winner(crm: CRM) -> None:
    """Of two who decide at the same moment one does, and the other is told (T27)."""
    made = two_approvers(crm)
    assert races(crm, made, range(4)) == []
    assert Counter(len(waiting(crm, who)) for who in ("lead_e", "dir")) == {0: 2}


def unguarded(crm: CRM, made: World) -> tuple[list[Any], list[str]]:
    """What two are told who decide one after the other by what both had read before, and what is wrong with it.

    So it does not depend on who is faster. Planted: an amendment is neither held nor guarded meanwhile.
    """
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.view("lead_e") as session:
        found = fetch_one(session.transaction, Amendment, amendment.id)
        (read,) = book.with_tasks(session.transaction, [found])
    turn_all = book.turn_all

    def current(tx: Any, one: Amendment) -> Any:
        # As if the version were not asked for.
        now = fetch_one(tx, Amendment, one.id)
        return layout(Amendment).copy(one, {"version": now.version})

    def blind(tx: Any, turns: Any) -> Any:
        return turn_all(tx, [attrs.evolve(one, amendment=current(tx, one.amendment)) for one in turns])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "fetch_some", lambda tx, cls, ids, action, lock: [read])
        patch.setattr(judge, "with_tasks", lambda tx, found: found)
        patch.setattr(book, "_settle", lambda tx, turns: None)
        patch.setattr(judge, "turn_all", blind)
        acts = (
            acting(crm, "lead_e", "approve", amendment),
            acting(crm, "dir", "reject", amendment, because="no"),
        )
        answers = [act() for act in acts]
    return answers, _wrong("approve and reject", answers, settled(crm, amendment), ("Pump", "?", 0))


def test_two_decisions_would_be_seen(crm: CRM) -> None:
    """The races go red when an amendment is neither held nor guarded while it is decided on."""
    answers, wrong = unguarded(crm, two_approvers(crm))
    assert sum(isinstance(one, Amendment) for one in answers) == 2
    assert wrong != []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_ten_thousand_races(crm: CRM, database: str) -> None:
    """In 10,000 races there is exactly one decision each (T27)."""
    made, kind = two_approvers(crm), evidence.of_database(database)
    left = evidence.asked_for(5000) // len(SORTS) + 1
    for first in range(0, left, 100):
        began, turns = time.monotonic(), range(first, min(left, first + 100))
        wrong = races(crm, made, turns)
        evidence.keep(
            *("T27", *_KEPT),
            {
                "database": kind,
                "seed": evidence.next_seed("T27", kind),
                "examples": len(turns) * len(SORTS),
                "sorts": list(SORTS),
                "failures": len(wrong),
                "seconds": round(time.monotonic() - began),
            },
        )
        assert wrong == []
    # Last, since it leaves an amendment behind that was decided on twice.
    caught = int(bool(unguarded(crm, made)[1]))
    evidence.keep("T27", *_KEPT, {"database": kind, "planted": 1, "caught": caught})
    assert caught == 1
