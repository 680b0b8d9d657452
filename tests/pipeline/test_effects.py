"""What moves bring about besides: an amendment of key data in the mover's name, decided on like any other."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from revision.amending import World, approve, policy, waiting, world
from revision.world import differing, tables

from pycrm import CRM, Customer, MoveError
from pycrm.pipeline import CUSTOMER, Pipeline, StartAmendment
from pycrm.revision.amendment import propose

BECAUSE = "lost customers are not strategic"


def losing() -> Pipeline:
    """Version 2 of the life of a customer: who is lost is no longer strategic."""
    effect = StartAmendment({"strategic": False}, because=BECAUSE)
    moves = [attrs.evolve(one, effects=effect) if one.key == "lose" else one for one in CUSTOMER.moves]
    return attrs.evolve(CUSTOMER, version=2, moves=moves)


@pytest.fixture
def at(crm: CRM) -> World:
    """Rep_a's strategic customer, which lives by version 2."""
    found = world(crm)
    with crm.session("rep_a") as session:
        session.amend(session.get(found.pump.ref), strategic=True, because="an important works")
    with crm.session(crm.system("processes")) as session:
        session.publish_pipeline(losing(), because="the board decided so")
    return found


def pump(at: World) -> Customer:
    """The customer as rep_a sees it."""
    with at.crm.view("rep_a") as session:
        return session.get(at.pump.ref)


def lose(at: World) -> Customer:
    """Rep_a loses the customer."""
    with at.crm.session("rep_a") as session:
        return session.move(session.get(at.pump.ref), "lose", because="they went to Acme")


def test_a_move_amends_at_once_where_nobody_has_to_agree(at: World) -> None:
    """The lost customer is strategic no more, by an amendment of the mover's with the declared reason."""
    lost = lose(at)
    assert (lost.stage, lost.strategic, lost.version) == ("lost", False, 5)
    with at.crm.view("rep_a") as session:
        amended, moved, *_ = session.history(lost)
        assert (amended.act, moved.act) == ("amend", "move")
        assert [(one.path, one.old, one.new) for one in amended.changes] == [("strategic", True, False)]
        assert (amended.actor, amended.reason) == ("rep_a", BECAUSE)


def test_a_move_asks_for_an_amendment_where_others_decide(at: World) -> None:
    """The move is made, the field waits for the leader, and is changed when that one agrees."""
    policy(at.crm, "Customer.strategic")
    before = tables(at.crm)
    with at.crm.session("rep_a") as session:
        tried = session.try_move(session.get(at.pump.ref), "lose", because="they went to Acme")
        assert (tried.record.stage, tried.record.strategic) == ("lost", True)
    assert differing(before, tables(at.crm)) == []
    lost = lose(at)
    assert (lost.stage, lost.strategic, lost.version) == ("lost", True, 4)
    (amendment,) = waiting(at.crm, "lead_e")
    assert (amendment.state, amendment.reason) == ("submitted", BECAUSE)
    assert approve(at.crm, "lead_e", amendment).state == "applied"
    assert (pump(at).strategic, pump(at).version) == (False, 5)


def test_a_refused_move_starts_no_amendment(at: World) -> None:
    """Losing without a reason is refused, and nothing waits for anybody."""
    policy(at.crm, "Customer.strategic")
    before = tables(at.crm)
    with pytest.raises(MoveError), at.crm.session("rep_a") as session:
        session.move(session.get(at.pump.ref), "lose")
    assert differing(before, tables(at.crm)) == []
    assert waiting(at.crm, "lead_e") == []


def test_the_field_is_not_written_past_those_who_decide(at: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the amendment forgotten, nobody would be asked: the test above tells the two apart."""
    policy(at.crm, "Customer.strategic")
    monkeypatch.setattr(propose, "amend", lambda tx, record, *rest: record)
    kept: Any = lose(at)
    assert (kept.stage, kept.strategic, waiting(at.crm, "lead_e")) == ("lost", True, [])
