"""Replaying history gives the present, and as-of gives every moment of the past, whatever was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from house import enterprise
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
    run_state_machine_as_test,
)

from pycrm import CRM, Customer, FixedClock, Money, Opportunity, Product, Record, Revision
from pycrm.entities.customer import SigningGrade
from pycrm.revision import change, history
from revision.world import CLOSE, catalogue, line

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
QTY = st.sampled_from(["0", "1", "2.5", "0.001"])
PRICE = st.sampled_from(["0", "9.99", "100"])
ROWS = st.lists(st.tuples(QTY, PRICE), max_size=3)
NEXT = {"filed": "contacted", "contacted": "filed"}

CUSTOMER = ("name", "signing_grade", "channel", "needs", "strategic", "archived_at", "version")
DEAL = ("name", "amount", "need", "competitors", "stage", "stage_at", "archived_at", "version")


def seen(record: Any) -> dict[str, Any]:
    """What a reader sees of a record: its fields, and of its rows ids, order and fields."""
    names = CUSTOMER if isinstance(record, Customer) else DEAL
    found = {name: getattr(record, name) for name in names}
    if isinstance(record, Opportunity):
        found["lines"] = [
            (one.id, one.position, one.product, one.qty, one.unit_price, one.discount) for one in record.lines
        ]
    return found


def steps(revisions: list[Revision]) -> list[history.Step]:
    """The revisions of one record, the newest first, as the steps that led to it."""
    return [
        history.Step(one.version, one.at, one.by, {path.path: (path.old, path.new) for path in one.changes})
        for one in reversed(revisions)
    ]


class Kept:
    """The model of one record: what it was after each act, noted from what the act was told to do."""

    def __init__(self, record: Any, at: datetime) -> None:
        self.ref = record.ref
        self.snapshots: list[tuple[datetime, dict[str, Any]]] = [(at, seen(record))]

    def note(self, at: datetime, record: Any, **expected: Any) -> None:
        """After an act: the former snapshot with these differences, one version later."""
        last = self.snapshots[-1][1]
        now = last | expected
        if now != last:
            now["version"] = last["version"] + 1
        shown = seen(record)
        # New rows get their ids from the act.
        now["lines"] = shown["lines"] if "lines" in expected else last.get("lines")
        if now["lines"] is None:
            del now["lines"]
        assert shown == now
        self.snapshots.append((at, now))


class Histories:
    """A CRM with one salesperson, a clock that moves with each act, and a model of every record."""

    def __init__(self, crm: CRM, clock: FixedClock, product: Product, begun: int) -> None:
        self.crm, self.clock, self.product = crm, clock, product
        self.kept: list[Kept] = []
        self.number = begun

    def act(self, kept: Kept | None, function: Callable[[Any, Any], Any], **expected: Any) -> Kept:
        """One unit of work on one record, a minute after the last."""
        self.clock.advance(minutes=1)
        with self.crm.session("rep_a") as session:
            record = function(session, session.get(kept.ref) if kept else None)
        with self.crm.view("rep_a") as session:
            record = session.get(record.ref)
        if kept is None:
            self.kept.append(Kept(record, self.clock.now()))
            return self.kept[-1]
        kept.note(self.clock.now(), record, **expected)
        return kept

    def wrong(self) -> list[str]:
        """Where replaying or looking back differs from the model."""
        found: list[str] = []
        with self.crm.view("rep_a") as session:
            for kept in self.kept:
                now = session.get(kept.ref)
                revisions = [one for one in session.history(now) if one.entity == type(now).__name__]
                if seen(history.replay(now, steps(revisions))) != seen(now):
                    found.append("replay")
                for at, snapshot in kept.snapshots:
                    then: Record | None = session.as_of(now, at)
                    if then is None or seen(then) != snapshot:
                        found.append(f"as of {snapshot['version']}")
                if session.as_of(now, kept.snapshots[0][0] - timedelta(seconds=1)) is not None:
                    found.append("before the beginning")
        return found

    def customer(self, name: str) -> Kept:
        """A new customer."""
        self.number += 1
        draft = Customer.organization(name or "x", mobile=f"137{self.number:08d}", source="exhibition")
        return self.act(None, lambda session, _: session.add(draft))

    def deal(self, customer: Kept, rows: list[tuple[str, str]]) -> Kept:
        """A new opportunity."""
        lines = [line(self.product, qty, price) for qty, price in rows]
        made = Opportunity(customer=customer.ref, name="deal", expected_close=CLOSE, lines=lines)
        return self.act(None, lambda session, _: session.add(made))


def total(rows: Any) -> Money | None:
    """The sum of the rows in exact arithmetic: whole thousandths by whole cents, each rounded half up."""
    units = 0
    for row in rows:
        thousandths = int(row.qty * 1000) * row.unit_price.units
        units += (thousandths + 500) // 1000
    return Money.minor(units, "CNY") if rows else None


def machine(crm: CRM, clock: FixedClock) -> type[RuleBasedStateMachine]:
    """Random adding, changing, amending, archiving, restoring and moving on this CRM."""
    enterprise(crm)
    product, _ = catalogue(crm)
    begun = iter(range(0, 10**8, 1000))

    class Acts(RuleBasedStateMachine):
        customers, deals = Bundle("customers"), Bundle("deals")
        away, away_deals = Bundle("away"), Bundle("away_deals")

        def __init__(self) -> None:
            super().__init__()
            self.all = Histories(crm, clock, product, next(begun))

        @rule(target=customers, name=TEXT.filter(str.strip))
        def add_customer(self, name: str) -> Kept:
            return self.all.customer(name)

        @rule(target=deals, customer=customers, rows=ROWS)
        def add_deal(self, customer: Kept, rows: list[tuple[str, str]]) -> Kept:
            return self.all.deal(customer, rows)

        @rule(kept=customers, grade=st.sampled_from([None, *SigningGrade]), channel=st.none() | TEXT)
        def change_customer(self, kept: Kept, grade: Any, channel: str | None) -> None:
            values = {"signing_grade": grade, "channel": _normal(channel)}
            self.all.act(kept, lambda session, record: session.change(record, **values), **values)

        @rule(kept=customers, needs=st.lists(TEXT, max_size=3))
        def change_needs(self, kept: Kept, needs: list[str]) -> None:
            expected = tuple(str(_normal(need)) for need in needs)
            self.all.act(kept, lambda session, record: session.change(record, needs=needs), needs=expected)

        @rule(kept=customers)
        def amend_customer(self, kept: Kept) -> None:
            # To the other value: an amendment that changes nothing is refused.
            strategic = not kept.snapshots[-1][1]["strategic"]
            values = {"strategic": strategic, "because": "as agreed"}
            self.all.act(kept, lambda session, record: session.amend(record, **values), strategic=strategic)

        @rule(kept=deals, rows=ROWS, keep=st.lists(st.integers(0, 2), unique=True, max_size=3))
        def change_rows(self, kept: Kept, rows: list[tuple[str, str]], keep: list[int]) -> None:
            fresh = [line(self.all.product, qty, price) for qty, price in rows]

            def act(session: Any, record: Any) -> Any:
                old = [record.lines[index] for index in keep if index < len(record.lines)]
                lines = [*fresh, *old]
                last = kept.snapshots[-1][1]
                expected["amount"] = total(lines) if lines else last["amount"]
                expected["lines"] = lines
                return session.change(record, lines=lines)

            expected: dict[str, Any] = {}
            self.clock_and_note(kept, act, expected)

        def clock_and_note(self, kept: Kept, act: Any, expected: dict[str, Any]) -> None:
            everything = self.all
            everything.clock.advance(minutes=1)
            with everything.crm.session("rep_a") as session:
                before = session.get(kept.ref)
                record = act(session, before)
            with everything.crm.view("rep_a") as session:
                now = session.get(record.ref)
            plain = [(one.qty, one.unit_price) for one in expected.pop("lines")]
            assert [(one.qty, one.unit_price) for one in now.lines] == plain
            if now.version != before.version:
                kept.note(everything.clock.now(), now, lines=object(), **expected)

        @rule(kept=deals, need=st.none() | TEXT, competitors=st.lists(TEXT, max_size=2))
        def change_deal(self, kept: Kept, need: str | None, competitors: list[str]) -> None:
            values = {"need": need, "competitors": competitors}
            expected = {"need": _normal(need), "competitors": tuple(str(_normal(x)) for x in competitors)}
            self.all.act(kept, lambda session, record: session.change(record, **values), **expected)

        @rule(kept=deals)
        def move_deal(self, kept: Kept) -> None:
            stage = NEXT[kept.snapshots[-1][1]["stage"]]
            at = self.all.clock.now() + timedelta(minutes=1)
            self.all.act(
                kept, lambda session, record: session.move(record, to=stage), stage=stage, stage_at=at
            )

        @rule(target=away, kept=consumes(customers))
        def archive_customer(self, kept: Kept) -> Kept:
            return self._archive(kept)

        @rule(target=away_deals, kept=consumes(deals))
        def archive_deal(self, kept: Kept) -> Kept:
            return self._archive(kept)

        @rule(target=customers, kept=consumes(away))
        def restore_customer(self, kept: Kept) -> Kept:
            return self._restore(kept)

        @rule(target=deals, kept=consumes(away_deals))
        def restore_deal(self, kept: Kept) -> Any:
            self._restore(kept)
            return multiple(kept)

        def _archive(self, kept: Kept) -> Kept:
            at = self.all.clock.now() + timedelta(minutes=1)
            return self.all.act(kept, lambda session, record: session.archive(record), archived_at=at)

        def _restore(self, kept: Kept) -> Kept:
            return self.all.act(kept, lambda session, record: session.restore(record), archived_at=None)

        def teardown(self) -> None:
            assert self.all.wrong() == []

    return Acts


def _normal(text: str | None) -> str | None:
    import unicodedata

    return None if text is None else unicodedata.normalize("NFC", text)


def test_every_past_can_be_read_again(crm: CRM, clock: FixedClock) -> None:
    """After any acts on customers and deals, history leads to the present and through every moment."""
    run_state_machine_as_test(
        machine(crm, clock),
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def drive(crm: CRM, clock: FixedClock) -> list[str]:
    """A fixed story with every kind of act, and what is wrong with its history."""
    enterprise(crm)
    product, _ = catalogue(crm)
    everything = Histories(crm, clock, product, 0)
    customer = everything.customer("Ningbo Pump")
    deal = everything.deal(customer, [("2", "10"), ("1", "5")])
    everything.act(customer, lambda s, r: s.change(r, channel="fair"), channel="fair")
    everything.act(customer, lambda s, r: s.change(r, channel="mail"), channel="mail")
    everything.act(customer, lambda s, r: s.amend(r, strategic=True, because="as agreed"), strategic=True)
    everything.act(
        deal,
        lambda s, r: s.change(r, lines=r.lines[1:]),
        lines=object(),
        amount=Money(5, "CNY"),
    )
    at = clock.now() + timedelta(minutes=1)
    everything.act(deal, lambda s, r: s.move(r, to="contacted"), stage="contacted", stage_at=at)
    at = clock.now() + timedelta(minutes=1)
    everything.act(customer, lambda s, r: s.archive(r), archived_at=at)
    everything.act(customer, lambda s, r: s.restore(r), archived_at=None)
    return everything.wrong()


def test_the_story_of_the_faults_is_right_without_them(crm: CRM, clock: FixedClock) -> None:
    """Nothing is wrong with the history of a fixed story."""
    assert drive(crm, clock) == []


def _dropped(changes: dict[str, Any]) -> dict[str, Any]:
    return {path: pair for path, pair in changes.items() if path != "channel"}


def _swapped(changes: dict[str, Any]) -> dict[str, Any]:
    return {path: [pair[1], pair[0]] if path == "channel" else pair for path, pair in changes.items()}


def _rows_not_removed(changes: dict[str, Any]) -> dict[str, Any]:
    return {path: pair for path, pair in changes.items() if not ("/" in path and pair[1] is None)}


def _stage_forgotten(changes: dict[str, Any]) -> dict[str, Any]:
    return {path: pair for path, pair in changes.items() if path != "stage"}


@pytest.mark.parametrize("fault", [_dropped, _swapped, _rows_not_removed, _stage_forgotten])
def test_a_fault_in_the_book_is_seen(
    crm: CRM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    """A lost change, a swapped one, a lost removal of a row or a lost stage is found by replaying."""
    real = change.note

    def faulty(tx: Any, record: Any, act: str, changes: dict[str, Any]) -> None:
        real(tx, record, act, fault(changes) if act != "add" else changes)

    monkeypatch.setattr(change, "note", faulty)
    assert "replay" in drive(crm, clock)
