"""People whom nobody has written about for long are erased by themselves, but for holds and laws."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import (
    CRM,
    Activity,
    Contact,
    Customer,
    Erasure,
    Field,
    FixedClock,
    InvalidError,
    Lead,
    LeadContactPoint,
    LegalHold,
    Link,
    Note,
    Party,
    Plugin,
    Record,
    Retain,
    RetentionPeriod,
    Source,
    field,
    link,
    through,
)
from pycrm.app import retention
from pycrm.entities.activity import ActivityKind
from pycrm.entities.customer import Department
from pycrm.entities.party import ContactPointKind, PartyKind
from pycrm.revision.erase import act as erasing
from pycrm.revision.erase import keeping
from pycrm.revision.erase.graph import Graph

from .sealing import Hand, permit

WHY = "minimisation"


def kept_at_most(crm: CRM, **months: int) -> None:
    """So many months for each of these kinds."""
    with crm.session(crm.system("privacy")) as session:
        for entity, number in months.items():
            session.add(RetentionPeriod(entity=entity, months=number, reason=WHY))


def lead(crm: CRM, name: str = "Li Na") -> Lead:
    """Somebody who wrote once."""
    with crm.session("rep_a") as session:
        point = LeadContactPoint(kind=ContactPointKind.MOBILE, value="13800138077")
        return session.add(
            Lead(
                name=name,
                company="Pump Works",
                contact_points=[point],
                source=session.named(Source, "exhibition"),
                need_text="a pump",
            )
        )


def person(crm: CRM, name: str = "Wang Lei") -> Customer:
    """A person who is a customer."""
    with crm.session("rep_a") as session:
        mobile = f"138001380{sum(name.encode()) % 90 + 10}"
        return session.add(Customer.person(name, mobile=mobile, source="exhibition"))


def night(crm: CRM) -> int:
    """The jobs run: how many people went, and nothing failed."""
    found = [one for one in crm.run_jobs().plugins if one.name == "core.retention"]
    assert [one.failures for one in found] in ([], [()])
    return sum(one.done for one in found)


def told(crm: CRM) -> list[tuple[str, str]]:
    """The pseudonym and the reason of each evidence, the oldest first."""
    with crm.view(crm.system("test")) as session:
        return [(one.pseudonym, one.reason) for one in session.find(Erasure, order=Erasure.id)]


# The clock stands at 2026-06-30 09:00 in Shanghai.


def test_a_lead_goes_on_the_day_on_which_its_time_is_over(
    open_crm: Callable[..., CRM], clock: FixedClock, tmp_path: Path
) -> None:
    """Kept for 24 months since 2026-06-30: on 2028-06-29 all is there, the day after nothing of the person."""
    crm = open_crm(heads=tmp_path)
    enterprise(crm)
    made = lead(crm)
    other = person(crm)
    kept_at_most(crm, Lead=24)
    clock.set("2028-06-29T23:30:00+08:00")
    assert night(crm) == 0
    clock.set("2028-06-30T00:30:00+08:00")
    assert night(crm) == 1
    left = Hand(crm).everything(crm.metadata.tables)
    assert [one for one in ("Li Na", "13800138077", "Pump Works", "a pump") if one in left] == []
    ((pseudonym, reason),) = told(crm)
    assert reason == "nothing was written for 24 months: minimisation"
    with crm.view("rep_a") as session:
        now = session.get(made.ref)
        assert (now.name, now.company, now.contact_points) == (pseudonym, None, ())
        assert session.get(other.ref).name == "Wang Lei"
    assert crm.verify().holds
    # What is done is not done again, on the same day or the next.
    assert night(crm) == 0
    clock.advance(days=1)
    assert night(crm) == 0
    assert len(told(crm)) == 1


def test_whoever_is_kept_as_something_without_a_period_stays(
    open_crm: Callable[..., CRM], clock: FixedClock
) -> None:
    """A contact who is a customer too stays until both have a period, and then until the longer is over."""
    crm = open_crm()
    enterprise(crm)
    wang = person(crm)
    with crm.session("rep_a") as session:
        firm = session.add(Customer.organization("Pump Works", mobile="13900000001", source="exhibition"))
        session.add(Contact(person=wang.party, customer=firm, department=Department.USER))
    kept_at_most(crm, Contact=12)
    clock.set("2029-06-30T09:00:00+08:00")
    assert crm.expired() == []
    kept_at_most(crm, Customer=48)
    assert crm.expired(date(2030, 6, 29)) == []
    (found,) = crm.expired(date(2030, 6, 30))
    assert (found.record, found.since) == (wang.party, date(2026, 6, 30))
    assert night(crm) == 0
    clock.set("2030-06-30T09:00:00+08:00")
    assert night(crm) == 1
    with crm.view("rep_a") as session:
        assert {one.name for one in session.find(Customer)} == {told(crm)[0][0], "Pump Works"}


def test_a_party_that_is_nothing_to_us_has_a_period_of_its_own(
    open_crm: Callable[..., CRM], clock: FixedClock
) -> None:
    """Of two parties the one that is no customer goes after the months of parties; an organisation never."""
    crm = open_crm()
    enterprise(crm)
    wang = person(crm)
    with crm.session(crm.system("import")) as session:
        alone = session.add(Party(kind=PartyKind.PERSON, name="Alone"))
        session.add(Party(kind=PartyKind.ORGANIZATION, name="Works"))
    kept_at_most(crm, Party=6, Customer=24)
    assert [one.record for one in crm.expired(date(2026, 12, 30))] == [alone.ref]
    assert {one.record for one in crm.expired(date(2028, 6, 30))} == {alone.ref, wang.party}


def test_whatever_somebody_writes_of_a_person_begins_the_time_anew(
    open_crm: Callable[..., CRM], clock: FixedClock
) -> None:
    """A note at the customer, a call at the firm and a change count; that the customer was lost by itself does not."""
    crm = open_crm()
    enterprise(crm)
    people = {name: person(crm, name) for name in ("Noted", "Called", "Changed", "Lost")}
    with crm.session("rep_a") as session:
        firm = session.add(Customer.organization("Pump Works", mobile="13900000001", source="exhibition"))
        contact = session.add(
            Contact(person=people["Called"].party, customer=firm, department=Department.USER)
        )
    kept_at_most(crm, Customer=24, Contact=24)
    clock.set("2027-08-01T09:00:00+08:00")
    assert night(crm) == 0
    with crm.view("rep_a") as session:
        assert session.get(people["Lost"].ref).stage == "lost"
        assert session.get(people["Lost"].ref).updated_by is None
    clock.set("2028-01-10T09:00:00+08:00")
    with crm.session("rep_a") as session:
        session.add(Note(customer=people["Noted"], body="asked for the catalogue"))
        session.add(
            Activity(
                customer=firm,
                contact=contact,
                kind=ActivityKind.CALL,
                summary="Asked for the catalogue",
                started_at=session.now - timedelta(hours=1),
            )
        )
        session.change(session.get(people["Changed"].ref), channel="web")
    assert [one.record for one in crm.expired(date(2028, 6, 30))] == [people["Lost"].party]
    found = {one.record: one.since for one in crm.expired(date(2030, 1, 10))}
    assert {found[people[name].party] for name in ("Noted", "Called", "Changed")} == {date(2028, 1, 10)}


def test_a_legal_hold_comes_before_the_longest_time(open_crm: Callable[..., CRM], clock: FixedClock) -> None:
    """Who is held until 2029-03-31 stays as long, unasked for; the day after, the person goes."""
    crm = open_crm()
    enterprise(crm)
    wang = person(crm)
    kept_at_most(crm, Customer=24)
    with crm.session(crm.system("suit")) as session:
        session.add(LegalHold(party=wang.party, reason="a suit is pending", until=date(2029, 3, 31)))
    for day, number in (("2028-06-30", 0), ("2029-03-31", 0), ("2029-04-01", 1)):
        clock.set(f"{day}T09:00:00+08:00")
        assert night(crm) == number, day


def test_a_period_that_was_put_away_takes_nobody(open_crm: Callable[..., CRM], clock: FixedClock) -> None:
    """An archived period counts no more than none; a period for what is nobody is refused, and so is a second."""
    crm = open_crm()
    enterprise(crm)
    person(crm)
    kept_at_most(crm, Customer=24)
    with crm.session(crm.system("privacy")) as session:
        (period,) = session.find(RetentionPeriod)
        for entity in ("Product", "User", "Task", "Person", "Nothing"):
            with pytest.raises(InvalidError, match="people are kept as Contact, Customer, Lead, Party"):
                session.add(RetentionPeriod(entity=entity, months=12, reason=WHY))
            with pytest.raises(InvalidError, match="people are kept as"):
                session.change(period, entity=entity)
        for months in (0, 1201):
            with pytest.raises(InvalidError):
                session.change(period, months=months)
        session.archive(period)
    clock.set("2029-06-30T09:00:00+08:00")
    assert night(crm) == 0


def test_what_was_written_between_asking_and_doing_saves_the_person(
    open_crm: Callable[..., CRM], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job asks who is due, then a salesperson calls: the person stays, and no evidence says otherwise."""
    crm = open_crm()
    enterprise(crm)
    wang, other = person(crm), person(crm, "Zhao Min")
    kept_at_most(crm, Customer=24)
    clock.set("2028-07-01T09:00:00+08:00")
    asked: Any = keeping._Keeping.released

    def then_called(self: Any, subject: Any = None) -> Any:
        yield from asked(self, subject)
        if subject is None:
            with crm.session("rep_a") as session:
                session.add(Note(customer=wang, body="called after two years"))

    monkeypatch.setattr(keeping._Keeping, "released", then_called)
    assert night(crm) == 2
    with crm.view("rep_a") as session:
        assert session.get(wang.ref).name == "Wang Lei"
        assert session.get(other.ref).name != "Zhao Min"
    assert len(told(crm)) == 1


class Receipt(Record, table="till_receipt", scope=through("customer"), retain=Retain(10, "tax law")):
    """A receipt, which the law demands for ten years."""

    customer: Link[Customer] = link("Customer")
    text: Field[str] = field("Text")


class Till(Plugin):
    """Till"""

    name = "till"
    records = (Receipt,)


def test_what_the_law_demanded_goes_when_it_does_not_any_more(
    open_crm: Callable[..., CRM], clock: FixedClock
) -> None:
    """Erased on 2027-01-10, the receipts of 2026-06-30 and 2027-01-05 go by themselves ten years after each."""
    crm = open_crm(plugins=[Till()])
    crm.migrate()
    enterprise(crm)
    wang = person(crm)
    with crm.session(crm.system("till")) as session:
        first = session.add(Receipt(customer=wang, text="Examination, 860 yuan"))
    clock.set("2027-01-05T09:00:00+08:00")
    with crm.session(crm.system("till")) as session:
        second = session.add(Receipt(customer=wang, text="Second look, 90 yuan"))
    clock.set("2027-01-10T09:00:00+08:00")
    with crm.session(crm.system("privacy")) as session:
        evidence = session.erase(wang, because="asked for it in writing")
        kept = [(one.entity, one.rows, one.until) for one in evidence.parts if one.kept]
        assert kept == [("Receipt", 2, date(2036, 6, 30))]
    texts = ["Examination, 860 yuan", "Second look, 90 yuan"]
    for day, number, left in (
        ("2036-06-29", 0, texts),
        ("2036-06-30", 1, ["[erased]", texts[1]]),
        ("2036-07-01", 0, ["[erased]", texts[1]]),
        ("2037-01-05", 1, ["[erased]", "[erased]"]),
        ("2040-01-01", 0, ["[erased]", "[erased]"]),
    ):
        clock.set(f"{day}T09:00:00+08:00")
        assert night(crm) == number, day
        with crm.view(crm.system("test")) as session:
            assert [session.get(one.ref).text for one in (first, second)] == left, day
    assert {name for name, _ in told(crm)} == {evidence.pseudonym}
    assert [reason for _, reason in told(crm)][1:] == ["no longer demanded: tax law"] * 2


def test_a_lead_is_erased_by_hand_too(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Somebody who was a lead only asks to be forgotten; the activities with them lose every word."""
    crm = open_crm(heads=tmp_path)
    enterprise(crm)
    permit(crm)
    made = lead(crm)
    with crm.session("rep_a") as session:
        talk = session.add(
            Activity(
                lead=made,
                kind=ActivityKind.CALL,
                summary="Li Na wants a pump soon",
                started_at=session.now - timedelta(hours=1),
            )
        )
    with crm.session(crm.system("privacy")) as session:
        evidence = session.erase(made, because="asked for it by telephone")
        assert evidence.subject == made.id
        assert session.get(talk.ref).summary == "[erased]"
        with pytest.raises(InvalidError, match="is no person"):
            session.erase(talk, because="asked for it by telephone")
    left = Hand(crm).everything(crm.metadata.tables)
    assert [one for one in ("Li Na", "13800138077", "Pump Works") if one in left] == []
    crm.seal()
    assert crm.verify().holds


def test_whom_the_night_will_take_can_be_asked_before(
    open_crm: Callable[..., CRM], clock: FixedClock, tmp_path: Path
) -> None:
    """The list for a day ahead names them, and nothing goes by asking."""
    crm = open_crm()
    enterprise(crm)
    made = lead(crm)
    kept_at_most(crm, Lead=24)
    # That a system actor looked is written, and nothing else.
    others = [name for name in crm.metadata.tables if name not in ("crm_elevation", "crm_unsealed")]
    before = Hand(crm).everything(others)
    (found,) = crm.expired(date(2030, 1, 1))
    assert (found.record, found.name, found.since, found.because) == (
        made.ref,
        "Li Na",
        date(2026, 6, 30),
        "nothing was written for 24 months: minimisation",
    )
    assert before == Hand(crm).everything(others)


def _alone(tx: Any, cls: Any, ids: Any) -> Any:
    return Graph({cls: {id: {id} for id in ids}})


def _links_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeping, "graph_of", _alone)


def _holds_forgotten(patch: pytest.MonkeyPatch) -> None:
    for place in (keeping, erasing):
        patch.setattr(place, "lasting_holds", lambda tx: sa.false())


def _other_kinds_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeping._Keeping, "_of_party", lambda self, key: iter(()))


def _laws_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeping._Keeping, "released", lambda *given: iter(()))


def _asked_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "still", lambda tx, one: one)


def _automatic_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeping, "_moment", lambda table: table.updated_at)


@pytest.mark.parametrize(
    ("fault", "story"),
    [
        (_links_forgotten, test_whatever_somebody_writes_of_a_person_begins_the_time_anew),
        (_automatic_counts, test_whatever_somebody_writes_of_a_person_begins_the_time_anew),
        (_holds_forgotten, test_a_legal_hold_comes_before_the_longest_time),
        (_other_kinds_forgotten, test_whoever_is_kept_as_something_without_a_period_stays),
        (_laws_forgotten, test_what_the_law_demanded_goes_when_it_does_not_any_more),
        (_asked_once, test_what_was_written_between_asking_and_doing_saves_the_person),
    ],
)
def test_each_rule_is_missed_where_it_is_missing(
    open_crm: Callable[..., CRM], clock: FixedClock, fault: Any, story: Any
) -> None:
    """Without links, holds, other kinds, laws or a second look somebody goes too early, or stays."""
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        more = (patch,) if story is test_what_was_written_between_asking_and_doing_saves_the_person else ()
        with pytest.raises((AssertionError, KeyError, ValueError)):
            story(open_crm, clock, *more)
