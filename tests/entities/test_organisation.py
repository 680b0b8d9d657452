"""Units and people: what may not be put away, moved or ended (DOMAIN 1, COR-25 and COR-26)."""

from __future__ import annotations

from typing import Any

import pytest
from revision.world import CLOSE, World

from pycrm import (
    CRM,
    Commitment,
    ConflictError,
    CRMError,
    FixedClock,
    ForbiddenError,
    NotFoundError,
    OrgUnit,
    Task,
    User,
)
from pycrm.entities.org import UserState

from .asking import refused


def test_what_is_in_use_is_not_put_away(crm: CRM, made: World) -> None:
    """A product on a line and a unit with people, units, roles or records stay (COR-13, COR-25)."""
    system = crm.system("tidying")
    error = refused(crm, lambda s: s.archive(made.product), ConflictError, system)
    assert list(error.data["holds"]) == ["opportunities"]
    expected = {"HQ": ["people", "units", "roles"], "East": ["people", "units", "roles", "records"]}
    for name, held in expected.items():
        unit = made.cast.units[name]
        assert list(refused(crm, lambda s, u=unit: s.archive(u), ConflictError, system).data["holds"]) == held
    with crm.session(system) as session:
        empty = session.add(OrgUnit(name="Empty", code="empty"))
        assert session.archive(empty).archived_at is not None
        assert session.archive(session.get(made.retired.ref)).archived_at is not None


def test_a_unit_never_lies_below_itself(crm: CRM, made: World) -> None:
    """Moving a unit below itself or below one of its own is refused as a cycle (COR-E6)."""
    units, system = made.cast.units, crm.system("reorganisation")
    for below in ("East", "East-2"):
        error = refused(
            crm,
            lambda s, b=below: s.amend(units["East"], parent=units[b], because="reorganised"),
            ConflictError,
            system,
        )
        assert "cycle" in error.message or "circle" in error.message


def test_who_left_or_is_suspended_is_refused_at_once(crm: CRM, made: World) -> None:
    """A suspended person, or one who left, is refused with the next session, and may come back (COR-26)."""
    system = crm.system("staff office")
    for login, state in (("rep_a", UserState.SUSPENDED), ("rep_b", UserState.LEFT)):
        person = made.cast.people[login]
        with crm.session(system) as session:
            gone = session.change(session.get(person.ref), state=state)
        for open_ in (crm.session, crm.view):
            with pytest.raises(ForbiddenError), open_(login):
                pass
        with crm.session(system) as session:
            session.change(gone, state=UserState.ACTIVE)
        with crm.view(login) as session:
            assert session.actor.id == person.id
    with pytest.raises(NotFoundError), crm.view("nobody"):
        pass


def test_nobody_leaves_with_open_records(crm: CRM, made: World) -> None:
    """Whoever still owns customers, deals, leads, tasks or promises cannot be made to leave (COR-26)."""
    with crm.session("rep_a") as session:
        session.add(Task(title="Call back", due_at=session.now, customer=made.pump))
        session.add(Commitment(customer=made.pump, text="Send the offer", due_on=CLOSE))
    person = made.cast.people["rep_a"]
    system = crm.system("staff office")
    act: Any = lambda s: s.change(s.get(User, person.id), state=UserState.LEFT)  # noqa: E731
    error = refused(crm, act, ConflictError, system)
    # Customers: pump, other, stale; "Gone" is archived. Deals: two open, one lost.
    assert dict(error.data["holds"]) == {
        "Customer": 3,
        "Lead": 1,
        "Opportunity": 2,
        "Task": 1,
        "Commitment": 1,
    }
    assert refused(crm, lambda s: s.archive(s.get(User, person.id)), ConflictError, system).data["holds"]


RULES = {
    "pycrm.app.rules.refuse_leaving_with_work": test_nobody_leaves_with_open_records,
    "pycrm.app.rules.refuse_used_unit": test_what_is_in_use_is_not_put_away,
    "pycrm.scope.organisation.refuse_circle": test_a_unit_never_lies_below_itself,
}


@pytest.mark.parametrize("rule", RULES)
def test_a_forgotten_rule_is_seen(
    crm: CRM, made: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Each of the tests above goes red when the rule that it guards is left out."""
    monkeypatch.setattr(rule, lambda *_: None)
    needed = {"crm": crm, "made": made, "clock": clock}
    test = RULES[rule]
    names = test.__code__.co_varnames[: test.__code__.co_argcount]
    with pytest.raises((AssertionError, pytest.fail.Exception, CRMError)):
        test(**{name: needed[name] for name in names})
