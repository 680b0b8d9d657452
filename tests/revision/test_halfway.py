"""A verb that fails at any statement leaves the state before, never something between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pycrm import CRM, Customer, InvalidError, Money, Opportunity, OrgUnit, Session, StoreError, User
from pycrm.store import Transaction
from revision.world import CLOSE, World, differing, line, tables, world

MOST = 80

VERBS: dict[str, Callable[[Session, World], object]] = {
    "add": lambda s, w: s.add(
        Customer.organization("New", mobile="13100000001", tax_id="T-NEW", source="exhibition")
    ),
    "add with rows": lambda s, w: s.add(
        Opportunity(customer=w.pump, name="New", expected_close=CLOSE, lines=[line(w.product)] * 3)
    ),
    "add many": lambda s, w: s.add_all(
        [Opportunity(customer=w.pump, name=name, expected_close=CLOSE) for name in "abc"]
    ),
    "change": lambda s, w: s.change(s.get(w.pump.ref), channel="fair", needs=["pumps"]),
    "change rows": lambda s, w: s.change(s.get(w.deal.ref), lines=[line(w.product, "9"), w.deal.lines[0]]),
    "change claims": lambda s, w: s.change(s.get(w.pump.party), contact_points=_points(s, w)),
    "amend": lambda s, w: s.amend(
        s.get(w.pump.ref), strategic=True, tax_id="T-2", name="Ningbo Pumps", because="licence renewed"
    ),
    "archive": lambda s, w: s.archive(s.get(w.other.ref), because="moved away"),
    "restore": lambda s, w: s.restore(s.get(w.archived.ref)),
    "move": lambda s, w: s.move(
        s.get(w.deal.ref), to="won", amount=Money(25, "CNY"), closed_on=date(2026, 7, 1)
    ),
    "add a unit": lambda s, w: s.add(OrgUnit(name="East-3", code="east-3", parent=w.cast.units["East-2"])),
    "move a unit": lambda s, w: s.amend(
        s.get(w.cast.units["East-2"].ref), parent=w.cast.units["West"], because="reorganised"
    ),
    "move a person": lambda s, w: s.amend(
        s.get(User, w.cast.people["rep_a"].id), home_unit=w.cast.units["West"], because="reorganised"
    ),
}


def _points(session: Session, w: World) -> Any:
    from pycrm import ContactPoint
    from pycrm.entities.party import ContactPointKind

    old = session.get(w.pump.party).contact_points
    return [*old[:0], ContactPoint(kind=ContactPointKind.MOBILE, value="13222222222")]


class Fault:
    """Makes the n-th statement of a transaction fail; counts those that ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = self.seen = 0
        for name in ("run", "run_many", "execute", "fetch"):
            self._plant(monkeypatch, name)

    def _plant(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        real = getattr(Transaction, name)

        def planted(tx: Transaction, *arguments: Any) -> Any:
            self.seen += 1
            if self.seen == self.at:
                raise StoreError("planted")
            return real(tx, *arguments)

        monkeypatch.setattr(Transaction, name, planted)

    def set(self, at: int) -> None:
        """Fail at the statement of that number; 0 is never."""
        self.at, self.seen = at, 0


def between(crm: CRM, made: World, verb: str, fault: Fault) -> list[tuple[int, list[str]]]:
    """The statements at whose failure some table was left changed; the verb is done in the end."""
    actor = crm.system("test") if "unit" in verb or "person" in verb else "rep_a"
    before, found = tables(crm), []
    for at in range(1, MOST):
        fault.set(at)
        try:
            with crm.session(actor) as session:
                VERBS[verb](session, made)
        except StoreError as error:
            if str(error) != "planted":
                raise
        else:
            fault.set(0)
            assert at > 4
            assert differing(before, tables(crm)) != []
            return found
        fault.set(0)
        if changed := differing(before, tables(crm)):
            found.append((at, changed))
            before = tables(crm)
    raise AssertionError(f"{verb} needs {MOST} statements or never ends")


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    """A planted failure that is not set yet."""
    return Fault(monkeypatch)


def test_a_failure_at_any_statement_changes_nothing(crm: CRM, fault: Fault) -> None:
    """Thirteen verbs, each made to fail at every one of its statements, never leave half an act."""
    made = world(crm)
    assert len(VERBS) >= 12
    assert {verb: between(crm, made, verb, fault) for verb in VERBS} == {key: [] for key in VERBS}


def test_a_commit_of_the_failed_half_would_be_seen(
    crm: CRM, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison goes red when a failed session is committed."""
    made = world(crm)
    monkeypatch.setattr(Transaction, "rollback", Transaction.commit)
    with pytest.raises((AssertionError, StoreError, InvalidError)):
        assert between(crm, made, "amend", fault) == []


def test_a_caller_who_catches_a_failure_keeps_nothing(crm: CRM, fault: Fault) -> None:
    """Who swallows a failure in mid-act ends the block with it, and all of the block is undone."""
    made = world(crm)
    before, spoiled = tables(crm), 0
    for at in range(1, MOST):
        fault.set(at)
        done = False
        try:
            with crm.session("rep_a") as session:
                try:
                    VERBS["amend"](session, made)
                    done = True
                except StoreError:
                    spoiled += 1
        except StoreError as error:
            if str(error) != "planted":
                raise
        fault.set(0)
        if done and differing(before, tables(crm)):
            break
        assert differing(before, tables(crm)) == [], at
    assert spoiled > 10
