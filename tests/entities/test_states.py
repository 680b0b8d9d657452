"""Tasks, promises and customers go from state to state by the moves of their pipelines alone (appendix A)."""

from __future__ import annotations

from datetime import date

import pytest
from revision.world import CLOSE, World, differing, tables

from pycrm import (
    CRM,
    Activity,
    ActivityKind,
    ActivityState,
    Commitment,
    CommitmentState,
    ConflictError,
    Customer,
    FixedClock,
    ForbiddenError,
    InvalidError,
    MoveError,
    Task,
    TaskState,
)

# Appendix A: open -> in_progress -> done; open or in_progress -> cancelled (reason); done -> open.
OTHER_TASKS = {"open": ["done"], "in_progress": ["open"], "done": ["in_progress", "cancelled"]}


def test_a_task_lives_as_the_catalogue_says(crm: CRM, made: World, clock: FixedClock) -> None:
    """A task is begun and done, and reopened by its owner on the same day, by nobody else and not later."""
    with crm.session("rep_a") as session:
        task = session.add(Task(title="Call back", due_at=session.now, customer=made.pump))
        for to in ("open", "in_progress", "done"):
            task = task if to == "open" else session.move(task, to)
            assert task.state == to
            for other in OTHER_TASKS[to]:
                with pytest.raises(ConflictError):
                    session.move(task, other)
    with crm.session("lead_e") as session:
        (offered,) = session.moves(task)
        assert (offered.key, offered.missing) == ("reopen", ({"kind": "owner"},))
        with pytest.raises(ForbiddenError, match="only its owner"):
            session.move(task, "reopen")
    with crm.session("rep_a") as session:
        again = session.move(task, "reopen")
        task = session.move(session.move(again, "in_progress"), "done")
    clock.advance(days=1)
    with crm.session("rep_a") as session:
        with pytest.raises(MoveError):
            session.move(task, "reopen")
        assert session.count(Task, Task.state == TaskState.DONE) == 1
        with pytest.raises(InvalidError):
            session.change(task, stage="open")


def test_a_promise_is_kept_withdrawn_or_broken(crm: CRM, made: World) -> None:
    """A promise is kept on a day, withdrawn with a reason, and broken by the word of a leader alone."""
    with crm.session("rep_a") as session:
        promises = session.add_all(
            [Commitment(customer=made.pump, text=f"Send offer {at}", due_on=CLOSE) for at in range(3)]
        )
        with pytest.raises(MoveError) as refused:
            session.move(promises[0], "kept")
        assert [one["name"] for one in refused.value.data["missing"]] == ["kept_on"]
        kept = session.move(promises[0], "kept", kept_on=date(2026, 7, 1))
        with pytest.raises(MoveError):
            session.move(promises[1], "withdraw")
        gone = session.move(promises[1], "withdraw", because="they bought elsewhere")
        with pytest.raises(ForbiddenError):
            session.move(promises[2], "broken")
        for one in (kept, gone):
            assert session.moves(one) == []
    with crm.session("lead_e") as session:
        assert session.move(promises[2], "broken").state == CommitmentState.BROKEN


def test_a_promise_that_nobody_kept_is_broken_after_30_days(crm: CRM, made: World, clock: FixedClock) -> None:
    """What was due on June 30th is open on July 30th and broken by the jobs of the 31st; others stay."""
    with crm.session("rep_a") as session:
        late, other = session.add_all(
            [
                Commitment(customer=made.pump, text="Send the offer", due_on=date(2026, 6, 30)),
                Commitment(customer=made.pump, text="Call the works", due_on=date(2026, 7, 1)),
            ]
        )
    for day, expected in (("30", "open"), ("31", "broken")):
        clock.set(f"2026-07-{day}T09:00:00+08:00")
        assert crm.run_jobs().aged == (1 if expected == "broken" else 0)
        with crm.view("rep_a") as session:
            assert session.get(late.ref).state == expected
            assert session.get(other.ref).state == "open"
    with crm.view("rep_a") as session:
        assert session.stages(session.get(late.ref))[-1].reason == "not kept 30 days after it was due"


def state_of(crm: CRM, customer: Customer) -> tuple[str, str]:
    """Where a customer stands, as rep_a sees it, and how far it has come."""
    with crm.view("rep_a") as session:
        found = session.get(customer.ref)
    return found.activity_state, found.lifecycle


def talk(crm: CRM, customer: Customer, kind: ActivityKind = ActivityKind.CALL) -> None:
    """A contact of rep_a with a customer, now."""
    with crm.session("rep_a") as session:
        session.add(
            Activity(customer=customer, kind=kind, summary="Talked of this and that", started_at=session.now)
        )


def test_a_customer_rests_and_is_lost_as_time_passes(crm: CRM, made: World, clock: FixedClock) -> None:
    """Active for 180 days after a contact, dormant after, awake with the next, lost beyond 365 (COR-3)."""
    states = []
    for days in (180, 1):
        clock.advance(days=days)
        crm.run_jobs()
        states.append(state_of(crm, made.pump)[0])
    talk(crm, made.pump)
    states.append(state_of(crm, made.pump)[0])
    for days in (365, 1):
        clock.advance(days=days)
        crm.run_jobs()
        states.append(state_of(crm, made.pump)[0])
    assert states == ["active", "dormant", "active", "dormant", "lost"]
    talk(crm, made.pump)
    assert state_of(crm, made.pump)[0] == "lost"
    with crm.session("rep_a") as session:
        back = session.move(session.get(made.pump.ref), "win_back", because="they ordered again")
        assert back.activity_state == ActivityState.ACTIVE
        assert [one.reason for one in session.stages(back)] == [
            None,
            "no contact for 180 days",
            "a new contact",
            "no contact for 180 days",
            "no contact for 365 days",
            "they ordered again",
        ]


def test_nobody_lets_a_customer_rest_by_hand(crm: CRM, made: World) -> None:
    """A customer grows dormant by itself: neither its owner nor top management makes it so."""
    for login in ("rep_a", "dir"):
        with crm.session(login) as session:
            pump = session.get(made.pump.ref)
            (rest,) = [one for one in session.moves(pump) if one.key == "rest"]
            assert rest.missing == ({"kind": "product"},)
            with pytest.raises(ForbiddenError, match="by hand"):
                session.move(pump, "dormant")


def test_a_customer_is_closed_when_nothing_is_open(crm: CRM, made: World) -> None:
    """Closing names what is open and a reason; only a leader reopens (appendix A)."""
    with crm.session("rep_a") as session:
        customer = session.add(
            Customer.organization("Old Mill", email="old@example.com", source="exhibition")
        )
        task = session.add(Task(title="Call", due_at=session.now, customer=customer))
    before = tables(crm)
    with pytest.raises(ConflictError) as refused, crm.session("rep_a") as session:
        session.move(customer, "closed", because="the mill burnt down")
    assert refused.value.data == {"holds": {"Task": 1}}
    assert differing(before, tables(crm)) == []
    with crm.session("rep_a") as session:
        session.move(task, "cancelled", reason="no mill")
        with pytest.raises(MoveError):
            session.move(customer, "closed")
        closed = session.move(customer, "closed", because="the mill burnt down")
        with pytest.raises(ForbiddenError):
            session.move(closed, "reopen", because="they rebuilt it")
    with crm.session("lead_e") as session:
        assert session.move(closed, "reopen", because="they rebuilt it").activity_state == "active"


def test_who_was_met_is_a_visitor_for_good(crm: CRM, made: World) -> None:
    """A call leaves a prospect, a reception makes a visitor, and nothing makes it a prospect again (COR-2)."""
    found = []
    for kind in (ActivityKind.CALL, ActivityKind.RECEPTION, ActivityKind.CALL):
        talk(crm, made.pump, kind)
        found.append(state_of(crm, made.pump)[1])
    assert found == ["prospect", "visitor", "visitor"]
    with crm.session("rep_a") as session, pytest.raises(InvalidError):
        session.change(session.get(made.pump.ref), lifecycle="prospect")
