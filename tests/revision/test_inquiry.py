"""The past is asked by field, person and time, compared between moments, and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pycrm import (
    CRM,
    ConflictError,
    Customer,
    Difference,
    FixedClock,
    InvalidError,
    Money,
    NotFoundError,
    Opportunity,
    StaleError,
)
from pycrm.declare.row import layout
from pycrm.entities.customer import SigningGrade
from pycrm.revision import revert
from revision.world import World, line, organization, world


def story(crm: CRM, clock: FixedClock) -> tuple[World, list[datetime]]:
    """Six changes of a customer, its party and company by two people, and when each was made."""
    made = world(crm)
    moments: list[datetime] = []

    def by(login: str, act: Any) -> None:
        clock.advance(days=1)
        with crm.session(login) as session:
            act(session, session.get(made.pump.ref))
        moments.append(clock.now())

    by("rep_a", lambda s, r: s.change(r, channel="fair"))
    by("lead_e", lambda s, r: s.change(r, channel="mail", signing_grade=SigningGrade.A))
    by("rep_a", lambda s, r: s.amend(r, name="Ningbo Pumps", because="licence renewed"))
    by("rep_a", lambda s, r: s.change(organization(s, r), industry="pumps"))
    by("lead_e", lambda s, r: s.change(r, signing_grade=SigningGrade.B))
    by("rep_a", lambda s, r: s.change(r, channel="fair"))
    return made, moments


def versions(revisions: Any) -> list[tuple[str, int]]:
    """Of each revision the class and the version."""
    return [(one.entity, one.version) for one in revisions]


def test_history_is_asked_by_field_person_and_time(crm: CRM, clock: FixedClock) -> None:
    """Who asks for the changes of the channel, of a person or of some days gets those alone."""
    made, at = story(crm, clock)
    with crm.view("rep_a") as session:
        pump = session.get(made.pump.ref)
        assert versions(session.history(pump, field="channel")) == [
            *(("Customer", 5), ("Customer", 3), ("Customer", 2)),
        ]
        assert versions(session.history(pump, field="industry")) == [("Organization", 2)]
        assert versions(session.history(pump, by="lead_e")) == [("Customer", 4), ("Customer", 3)]
        assert versions(session.history(pump, by=made.cast.people["lead_e"], field="channel")) == [
            ("Customer", 3)
        ]
        assert versions(session.history(pump, since=at[1], until=at[4])) == [
            *(("Customer", 4), ("Organization", 2), ("Party", 2)),
        ]
        assert session.history(pump, since=at[5]) == []


@pytest.mark.parametrize("field", [None, "channel"])
def test_history_is_read_page_by_page(crm: CRM, clock: FixedClock, field: str | None) -> None:
    """Two at a time, each page beginning where the last ended, give the whole and nothing twice."""
    made, _ = story(crm, clock)
    with crm.view("rep_a") as session:
        pump, found = session.get(made.pump.ref), []
        while some := session.history(pump, field=field, before=found[-1] if found else None, limit=2):
            assert len(some) <= 2
            found += some
        assert versions(found) == versions(session.history(pump, field=field))


def test_wrong_questions_about_the_past_are_refused(crm: CRM, clock: FixedClock) -> None:
    """An unknown field, a stranger, a moment without a zone or another record's revision is refused."""
    made, _ = story(crm, clock)
    with crm.view("rep_a") as session:
        pump = session.get(made.pump.ref)
        other = session.history(made.other)[0]
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"field": "nothing"}, "unknown field: nothing"),
            ({"by": "nobody"}, "no such user"),
            ({"since": datetime(2026, 1, 1)}, "since: expected an instant with its zone"),
            ({"before": other}, "a revision of another record"),
            ({"limit": -1}, "a limit is a whole number"),
        ]
        for asked, words in wrong:
            with pytest.raises((InvalidError, NotFoundError), match=words):
                session.history(pump, **asked)
    with crm.view("rep_b") as session, pytest.raises(NotFoundError):
        session.history(pump, field="channel")


def test_two_moments_are_compared(crm: CRM, clock: FixedClock) -> None:
    """Between two days the channel went from fair to mail, name and grade changed, and nothing is told twice."""
    made, at = story(crm, clock)
    with crm.view("rep_a") as session:
        pump = session.get(made.pump.ref)
        assert {(one.entity, one.path): (one.old, one.new) for one in session.diff(pump, at[0], at[4])} == {
            ("Customer", "channel"): ("fair", "mail"),
            ("Customer", "signing_grade"): (None, "B"),
            ("Party", "name"): ("Ningbo Pump", "Ningbo Pumps"),
            ("Organization", "industry"): (None, "pumps"),
        }
        # The channel came back to what it was.
        paths = {one.path for one in session.diff(pump, at[0])}
        assert paths == {"signing_grade", "name", "industry"}
        assert session.diff(pump, at[5]) == []
        (first,) = [
            one for one in session.diff(pump, at[0] - timedelta(days=30), at[0]) if one.path == "channel"
        ]
        assert first == Difference("Customer", pump.id, "channel", None, "fair")


def test_one_change_is_taken_back(crm: CRM, clock: FixedClock) -> None:
    """Rolling back version 2 names version 4 which touched it again; version 3 becomes version 5 (REV-S5)."""
    made = world(crm)
    changes: list[dict[str, Any]] = [
        {"channel": "B"},
        {"signing_grade": SigningGrade.A},
        {"channel": "C"},
    ]
    for values in changes:
        clock.advance(days=1)
        with crm.session("rep_a") as session:
            session.change(session.get(made.pump.ref), **values)
    with crm.session("rep_a") as session:
        history = {one.version: one for one in session.history(made.pump) if one.entity == "Customer"}
        with pytest.raises(ConflictError, match="changed again since, in version 4") as refused:
            session.revert(history[2], because="typed wrongly")
        assert [(one["version"], one["paths"]) for one in refused.value.data["later"]] == [(4, ["channel"])]
    with crm.session("rep_a") as session:
        now = session.revert(history[3], because="typed wrongly")
        assert (now.version, now.channel, now.signing_grade) == (5, "C", None)
    with crm.view("rep_a") as session:
        last = session.history(made.pump)[0]
        assert (last.act, last.reason, last.version) == ("revert", "typed wrongly", 5)
        assert [(one.path, one.old, one.new) for one in last.changes] == [("signing_grade", "A", None)]


def test_four_versions_of_a_company(crm: CRM, clock: FixedClock) -> None:
    """Of A, B, X to Y and C, mid-April was B and Y; the second stays for the fourth, the third goes (REV-S5)."""
    clock.set("2026-01-01T09:00:00+08:00")
    world(crm)
    clock.set("2026-01-10T09:00:00+08:00")
    with crm.session("rep_a") as session:
        # The company's own field stands for the region, which is its party's.
        made = session.add(
            Customer.organization(
                "Hongda", email="h@example.com", source="exhibition", industry="A", market_position="X"
            )
        )
    steps = {"03-05": {"industry": "B"}, "04-01": {"market_position": "Y"}, "06-02": {"industry": "C"}}
    for day, values in steps.items():
        clock.set(f"2026-{day}T09:00:00+08:00")
        with crm.session("rep_a") as session:
            session.change(organization(session, made), **values)
    clock.set("2026-06-30T09:00:00+08:00")
    with crm.session("rep_a") as session:
        company = organization(session, made)
        then = session.as_of(company, FixedClock("2026-04-15T12:00:00+08:00").now())
        assert then is not None
        assert (then.version, then.industry, then.market_position) == (3, "B", "Y")
        second, third = [one for one in session.history(company) if one.entity == "Organization"][2:0:-1]
        with pytest.raises(ConflictError, match="changed again since, in version 4"):
            session.revert(second, because="typed wrongly")
        now = session.revert(third, because="typed wrongly")
        assert (now.version, now.industry, now.market_position) == (5, "C", "X")


def test_rows_are_taken_back_too(crm: CRM, clock: FixedClock) -> None:
    """A row that was changed is as before, one that was added goes, one that was removed is there again."""
    made = world(crm)
    first, second = made.deal.lines
    with crm.session("rep_a") as session:
        session.change(made.deal, lines=[line(made.product, "9"), second])
    with crm.session("rep_a") as session:
        deal = session.get(made.deal.ref)
        assert [str(one.qty) for one in deal.lines] == ["9.000", "1.000"]
        back = session.revert(session.history(deal)[0], because="wrong lines")
        assert [(one.qty, one.unit_price) for one in back.lines] == [
            (one.qty, one.unit_price) for one in made.deal.lines
        ]
        assert back.lines[1].id == second.id
        assert back.lines[0].id != first.id
        assert back.amount == made.deal.amount


def test_another_row_changed_since_is_no_reason_to_keep_one(crm: CRM) -> None:
    """Two rows were changed one after the other: the first goes back, and the sum of both follows (REV-13)."""
    made = world(crm)
    first, second = made.deal.lines
    with crm.session("rep_a") as session:
        session.change(made.deal, lines=[quantity(first, "3"), second])
    with crm.session("rep_a") as session:
        one, two = session.get(made.deal.ref).lines
        session.change(session.get(made.deal.ref), lines=[one, quantity(two, "4")])
    with crm.session("rep_a") as session:
        changed = session.history(made.deal)[1]
        back = session.revert(changed, because="typed wrongly")
        # 2 x 10.00 again, and 4 x 5.00.
        assert ([str(one.qty) for one in back.lines], back.amount) == (
            ["2.000", "4.000"],
            Money("40.00", "CNY"),
        )


def quantity(row: Any, qty: str) -> Any:
    """The row with another quantity."""
    return layout(type(row)).copy(row, {"qty": Decimal(qty)})


def test_key_fields_go_back_by_an_amendment(crm: CRM) -> None:
    """Taking back a new tax id is an amendment with a reason of its own."""
    made = world(crm)
    with crm.session("rep_a") as session:
        session.amend(made.pump, tax_id="T-2", because="licence renewed")
    with crm.session("rep_a") as session:
        amended = session.history(made.pump)[0]
        with pytest.raises(InvalidError, match="an amendment needs a reason"):
            session.revert(amended, because="no")
    with crm.session("rep_a") as session:
        session.revert(amended, because="another company's licence")
        assert organization(session, made.pump).tax_id == "T-PUMP"
        last = session.history(made.pump)[0]
        assert (last.act, last.reason) == ("amend", "another company's licence")


def test_what_is_no_change_of_fields_is_undone_otherwise(crm: CRM) -> None:
    """Adding, moving and archiving are not taken back as changes; the refusal says what to do instead."""
    made = world(crm)
    with crm.session("rep_a") as session:
        session.move(session.get(made.deal.ref), to="contacted")
    with crm.session("rep_a") as session:
        moved, added = session.history(made.deal)
        put_away = session.history(session.get(made.archived.ref))[0]
        for revision, instead in ((moved, "move it back"), (added, "archive"), (put_away, "restore")):
            with pytest.raises(ConflictError, match=instead):
                session.revert(revision, because="by mistake")


def test_nobody_takes_back_a_change_out_of_sight(crm: CRM) -> None:
    """Whoever does not see the record any more is told that there is none."""
    made = world(crm)
    with crm.view("rep_a") as session:
        revision = session.history(session.get(made.stale.ref))[0]
    with crm.session("rep_b") as session, pytest.raises(NotFoundError, match="no such customer"):
        session.revert(revision, because="by mistake")


def test_a_revision_taken_back_blindly_is_seen(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were later changes not looked at, taking back the first would lose them."""
    made = world(crm)
    with crm.session("rep_a") as session:
        one = session.change(session.get(made.pump.ref), channel="B")
        session.change(one, channel="C")
    monkeypatch.setattr(revert, "_refuse_touched", lambda cls, done, later: None)
    with crm.session("rep_a") as session:
        (first,) = [one for one in session.history(made.pump, field="channel") if one.version == 2]
        assert session.revert(first, because="typed wrongly").channel is None


def test_a_stale_change_says_base_theirs_and_yours_of_fields_and_rows(crm: CRM) -> None:
    """Who changes need and lines after somebody else did is told all three of each (conflicts while editing)."""
    made = world(crm)
    with crm.view("rep_a") as session:
        read: Opportunity = session.get(made.deal.ref)
    with crm.session("lead_e") as session:
        session.change(session.get(made.deal.ref), need="flow", lines=read.lines[:1])
    with crm.session("rep_a") as session, pytest.raises(StaleError) as stale:
        session.change(read, need="head", lines=[line(made.product, "5")])
    fields = stale.value.data["fields"]
    assert fields["need"] == {"base": None, "theirs": "flow", "yours": "head"}
    quantities = {side: [row["qty"] for row in rows] for side, rows in fields["lines"].items()}
    assert quantities == {"base": ["2.000", "1.000"], "theirs": ["2.000"], "yours": ["5.000"]}
    assert fields["lines"]["theirs"][0]["id"] == str(read.lines[0].id)
