"""Two people decide at once, or one decides while the other takes back: there is one decision (T27)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
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

RACES = int(os.environ.get("PYCRM_RACES", "12"))


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


def settled(crm: CRM, amendment: Amendment) -> tuple[str, int, int]:
    """How it ended: its state, how many tasks were decided, and how many versions it made."""
    task, effect = ApprovalTask.__table__.c, AmendmentEffect.__table__.c
    with crm.view(crm.system("test")) as session:
        tx = session.transaction
        decided = tx.fetch(
            sa.select(task.id).where(
                task.parent_id == amendment.id, task.state.in_(("approved", "rejected", "returned"))
            )
        )
        made = tx.fetch(sa.select(effect.version).where(effect.amendment_id == amendment.id))
        return session.get(amendment.ref).state.value, len(decided), len(made)


def races(crm: CRM, made: World, number: int) -> list[str]:
    """Run that many races of each sort, and say what was decided other than once."""
    wrong: list[str] = []
    for turn in range(number):
        for sort in ("approve both", "approve and reject", "approve and withdraw", "approve and write"):
            with crm.view("rep_a") as session:
                current = session.get(made.pump.ref).name
            amendment = ask(crm, "rep_a", made.pump, name=f"{sort} {turn}")
            rival = {
                "approve both": acting(crm, "dir", "approve", amendment),
                "approve and reject": acting(crm, "dir", "reject", amendment, because="no"),
                "approve and withdraw": acting(crm, "rep_a", "withdraw", amendment),
                "approve and write": writing(crm, made.pump, f"Register {turn}"),
            }[sort]
            answers = at_once(acting(crm, "lead_e", "approve", amendment), rival)
            strange = [
                one for one in answers if isinstance(one, Exception) and not isinstance(one, RefusedError)
            ]
            state, decided, effects = settled(crm, amendment)
            with crm.view("rep_a") as session:
                name = session.get(made.pump.ref).name
            wrong += _wrong(sort, answers, (state, decided, effects), (current, name, turn))
            wrong += [f"{sort}: {one!r}" for one in strange]
            if state not in ("applied", "rejected", "withdrawn"):
                acting(crm, "lead_e", "reject", amendment, because="over")()
    return wrong


def _wrong(
    sort: str, answers: list[Any], end: tuple[str, int, int], names: tuple[str, str, int]
) -> list[str]:
    (state, decided, effects), (current, name, turn) = end, names
    done = sum(isinstance(one, Amendment) for one in answers)
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
    assert races(crm, made, RACES) == []
    assert Counter(len(waiting(crm, who)) for who in ("lead_e", "dir")) == {0: 2}


def test_two_decisions_would_be_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The races go red when an amendment is neither held nor guarded while it is decided on."""
    made = two_approvers(crm)
    amendment = ask(crm, "rep_a", made.pump, name="N2")
    with crm.view("lead_e") as session:
        found = fetch_one(session.transaction, Amendment, amendment.id)
        (read,) = book.with_tasks(session.transaction, [found])
    monkeypatch.setattr(judge, "fetch_some", lambda tx, cls, ids, action, lock: [read])
    monkeypatch.setattr(judge, "with_tasks", lambda tx, found: found)
    monkeypatch.setattr(book, "_settle", lambda tx, turns: None)

    def current(tx: Any, one: Amendment) -> Any:
        # As if the version were not asked for.
        now = fetch_one(tx, Amendment, one.id)
        return layout(Amendment).copy(one, {"version": now.version})

    turn_all = book.turn_all

    def unguarded(tx: Any, turns: Any) -> Any:
        return turn_all(tx, [attrs.evolve(one, amendment=current(tx, one.amendment)) for one in turns])

    monkeypatch.setattr(judge, "turn_all", unguarded)
    # One after the other, each by what both had read before: so it does not depend on who is faster.
    acts = (
        acting(crm, "lead_e", "approve", amendment),
        acting(crm, "dir", "reject", amendment, because="no"),
    )
    answers = [act() for act in acts]
    done = sum(isinstance(one, Amendment) for one in answers)
    assert _wrong("approve and reject", answers, settled(crm, amendment), ("Pump", "?", 0)) != []
    assert done == 2


@pytest.mark.torture
def test_ten_thousand_races(crm: CRM) -> None:
    """In 10,000 races there is exactly one decision each (T27)."""
    made = two_approvers(crm)
    assert races(crm, made, 2500) == []
