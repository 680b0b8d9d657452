"""Erasing a person: over the whole graph, in the files, and with a chain that still holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from house import enterprise

from pycrm import (
    CRM,
    Activity,
    Address,
    Amendment,
    ConflictError,
    Contact,
    ContactPoint,
    Customer,
    Erasure,
    Field,
    FixedClock,
    ForbiddenError,
    Grant,
    HeldError,
    InvalidError,
    LegalHold,
    Link,
    Note,
    NotFoundError,
    Opportunity,
    Party,
    Person,
    Plugin,
    Record,
    Retain,
    Role,
    Task,
    field,
    link,
    reference,
    through,
)
from pycrm.entities.activity import ActivityKind
from pycrm.entities.customer import Department
from pycrm.entities.org import Action, Reach
from pycrm.entities.party import ContactPointKind
from pycrm.exchange import export_csv
from pycrm.revision.erase import act as erasing
from pycrm.revision.erase import past
from pycrm.store.engine import file_of

from .amending import policy
from .sealing import Hand, permit

MARKS = [f"Mk{number:03d}Zq" for number in range(213)]


def mark(number: int) -> str:
    """One of the words that nobody else uses."""
    return MARKS[number]


def person(crm: CRM) -> Customer:
    """Wang, of whom marks are kept all over: texts, rows, past values, reasons, an export, amendments."""
    enterprise(crm)
    permit(crm)
    with crm.session(crm.system("rights")) as session:
        role = session.find(Role, Role.name == "administrator", children=True)[0]
        wanted = [
            *(
                Grant(entity=entity, action=action, reach=Reach.ALL)
                for entity, action in (
                    ("Customer", Action.READ),
                    ("Erasure", Action.CREATE),
                    ("Erasure", Action.READ),
                    ("LegalHold", Action.CREATE),
                    ("LegalHold", Action.READ),
                    ("LegalHold", Action.UPDATE),
                    ("LegalHold", Action.DELETE),
                )
            ),
        ]
        session.change(role, grants=[*role.grants, *wanted])
    with crm.session("rep_a") as session:
        points = [ContactPoint(kind=ContactPointKind.WECHAT, value=mark(number)) for number in range(20, 60)]
        wang = session.add(
            Customer.person(
                mark(0),
                email=f"{mark(1)}@example.com",
                source="exhibition",
                id_no=mark(2),
                gender=mark(3),
                occupation=mark(4),
                income_band=mark(5),
            )
        )
        party = session.get(wang.party)
        places = [Address(text=mark(number), city=mark(number + 20)) for number in range(60, 80)]
        session.change(party, contact_points=[*party.contact_points, *points], addresses=places)
        wang = session.change(
            session.get(wang.ref), channel=mark(6), needs=(mark(7), mark(8)), preferences=tuple(MARKS[13:20])
        )
        wang = session.change(wang, channel=mark(9), because=f"{mark(0)} asked for it")
        deal = session.add(Opportunity(customer=wang, name=mark(10), expected_close=date(2026, 12, 1)))
        for number in range(100, 150):
            session.add(Note(customer=wang, body=mark(number)))
        for number in range(150, 180):
            session.add(
                Activity(
                    customer=wang,
                    kind=ActivityKind.CALL,
                    summary=f"About {mark(number)}",
                    started_at=session.now - timedelta(hours=1),
                    location=mark(180),
                )
            )
        for number in range(181, 199):
            session.add(Task(customer=wang, title=mark(number), due_at=session.now))
        session.change(deal, next_step=mark(11))
        firm = session.add(Customer.organization("Pump Works", mobile="13900000001", source="exhibition"))
        contact = session.add(
            Contact(person=wang.party, customer=firm, department=Department.USER, hobbies=mark(12))
        )
        session.add(
            Activity(
                customer=firm,
                contact=contact,
                kind=ActivityKind.CALL,
                summary=f"Spoke with {mark(0)}, {mark(1)}@example.com",
                started_at=session.now - timedelta(hours=1),
            )
        )
        found = session.facet(wang.party, Person)
        assert found is not None
        session.amend(found, id_no=mark(199), because="misread before")
        session.reveal(found, "id_no", because=f"check-in of {mark(199)}")
        export_csv(session, Customer, BytesIO(), [Customer.channel == mark(20)])
    amended(crm, wang)
    return wang


def amended(crm: CRM, wang: Customer) -> None:
    """Four amendments of Wang, one applied, two rejected, one open, and an open one of a call at the firm."""
    for path in (
        "Person.occupation",
        "Person.gender",
        "Person.income_band",
        "Party.name",
        "Activity.summary",
    ):
        policy(crm, path)
    with crm.session("rep_a") as session:
        found = session.facet(wang.party, Person)
        assert found is not None
        applied = session.amend(
            found, occupation=mark(200), because=f"it is {mark(201)} now", evidence=[mark(202)]
        )
        rejected = session.amend(found, gender=mark(204), because=f"asked by {mark(205)}")
        session.amend(found, income_band=mark(207), because=f"see {mark(208)}", evidence=[mark(209)])
        named = session.amend(session.get(wang.party), name=mark(210), because=f"née {mark(211)}")
        (talk,) = session.find(Activity, Activity.summary.contains("Spoke"))
        session.amend(
            talk, summary=f"Met {mark(0)}, once {mark(210)}", because=f"{mark(0)} said so", evidence=[mark(0)]
        )
    with crm.session("lead_e") as session:
        assert session.approve(applied, because=f"seen {mark(203)}").state == "applied"
        session.reject(rejected, because=f"not {mark(206)}")
        session.reject(named, because=f"not {mark(212)}")


def erased(crm: CRM, wang: Customer) -> Erasure:
    """Wang asked for it, the administrator does it."""
    with crm.session("admin") as session:
        return session.erase(wang, because="asked for it in writing")


def everything(crm: CRM) -> str:
    """All that the tables hold."""
    return Hand(crm).everything(crm.metadata.tables)


def test_nothing_of_an_erased_person_is_left(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Of all the marks none is in a table, the file or its log; the chain holds, the firm is as it was."""
    crm = open_crm(heads=tmp_path / "heads")
    wang = person(crm)
    before = everything(crm)
    assert [one for one in MARKS if one not in before] == []
    crm.seal()
    evidence = erased(crm, wang)
    left = everything(crm)
    assert [one for one in MARKS if one in left or one.lower() in left] == []
    assert crm.verify().holds
    crm.seal()
    found = crm.verify()
    assert found.holds
    assert found.erased > 100
    crm.scrub()
    file = file_of(crm.store.url)
    if file is not None:
        held = b"".join(Path(f"{file}{end}").read_bytes() for end in ("", "-wal"))
        assert [one for one in MARKS if one.encode() in held or one.lower().encode() in held] == []
    parts = {one.entity: one for one in evidence.parts}
    assert {"Party", "Person", "Customer", "Contact", "Opportunity", "Note", "Activity", "Task"} <= set(parts)
    assert (parts["Note"].rows, parts["Activity"].rows) == (50, 30)
    with crm.view("rep_a") as session:
        assert sorted(one.name for one in session.find(Customer)) == [evidence.pseudonym, "Pump Works"]
        (firm,) = session.find(Customer, Customer.name == "Pump Works")
        (talk,) = session.find(Activity, Activity.customer == firm)
        assert talk.summary == "Spoke with [erased], [erased]"


def test_nothing_is_left_to_decide_on_an_erased_person(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Wang's open amendment is withdrawn with its tasks, the decided stay decided; the firm's stays open."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    with crm.view("lead_e") as session:
        assert len(session.inbox()) == 2
    evidence = erased(crm, wang)
    with crm.view("lead_e") as session:
        (left,) = session.inbox()
        assert (left.entity, left.reason, left.evidence) == ("Activity", "[erased] said so", ("[erased]",))
        (line,) = session.lines(left)
        assert (line.base, line.new) == ("Spoke with [erased], [erased]", "Met [erased], once [erased]")
        assert not line.is_conflicting
        mine = [one for one in session.find(Amendment, children=True) if one.entity != "Activity"]
        states = sorted(one.state.value for one in mine)
        # The number was amended before, at once.
        assert states == ["applied", "rejected", "rejected", "withdrawn"]
        assert {one.state.value for each in mine for one in each.tasks} == {"approved", "rejected", "lapsed"}
        assert {(one.reason, one.evidence, one.verdict) for one in mine} == {("[erased]", (), None)}
        lines = [one for each in mine for one in session.lines(each)]
        assert {(one.path, one.new) for one in lines} == {
            (name, "[erased]") for name in ("occupation", "gender", "income_band", "name")
        }
    with crm.session("rep_a") as session:
        found = session.facet(wang.party, Person)
        assert found is not None
        # Its path is free again.
        session.amend(found, income_band="none", because="entered by mistake")
    (part,) = [one for one in evidence.parts if one.entity == "Amendment"]
    assert part.rows == 4


def test_time_author_and_field_stay(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """History still says who changed which field when, and the record of then can be read (REV-11)."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    with crm.view("rep_a") as session:
        told = [(one.at, one.actor, one.version) for one in session.history(wang)]
    evidence = erased(crm, wang)
    with crm.view("rep_a") as session:
        now = session.get(wang.ref)
        revisions = session.history(now)
        assert [(one.at, one.actor, one.version) for one in revisions if one.act != "erase"] == told
        channel = [c for one in revisions for c in one.changes if c.path == "channel"]
        assert {(c.old, c.new) for c in channel} == {
            ("[erased]", None),
            ("[erased]", "[erased]"),
            (None, "[erased]"),
        }
        assert session.as_of(now, session.now) == now
        assert session.get(wang.party).name == evidence.pseudonym
        assert session.get(wang.party).contact_points == ()


def test_what_was_erased_is_taken_back_by_nobody(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """A value that was empty again before the erasure comes back from no revision, and lists can be read."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    with crm.session("rep_a") as session:
        then = session.now
        found = session.change(session.get(wang.ref), needs=())
    erased(crm, wang)
    with crm.session("rep_a") as session:
        emptied = next(one for one in session.history(found) if any(c.path == "needs" for c in one.changes))
        assert emptied.act == "change"
        with pytest.raises(ConflictError, match="does not come back"):
            session.revert(emptied, because="it was wrong")
        assert [one.needs for one in session.find(Customer, Customer.id == wang.id, as_of=then)] == [()]


def test_who_may_erase_and_when(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """It needs a grant of its own, a person, a reason, and no legal hold; a refusal changes nothing."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    for login in ("rep_a", "dir"):
        with crm.session(login) as session, pytest.raises(ForbiddenError):
            session.erase(wang, because="asked for it in writing")
    with crm.session("rep_w") as session, pytest.raises(NotFoundError):
        session.erase(wang, because="asked for it in writing")
    with crm.session("admin") as session:
        (firm,) = session.find(Customer, Customer.name == "Pump Works")
        with pytest.raises(InvalidError, match="only people"):
            session.erase(firm, because="asked for it in writing")
        with pytest.raises(InvalidError, match="reason"):
            session.erase(wang, because="gone")
        with pytest.raises(InvalidError, match="made by erase"):
            session.add(Erasure(subject=wang.id, pseudonym="x", reason="by hand"))
        hold = session.add(LegalHold(party=wang.party, reason="case 17/2026"))
    before = everything(crm)
    with crm.session("admin") as session, pytest.raises(HeldError, match="case 17/2026"):
        session.erase(wang, because="asked for it in writing")
    assert everything(crm) == before
    with crm.session("admin") as session:
        session.archive(hold)
    assert erased(crm, wang).subject == wang.party.id


def _history_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "erase_changes", lambda *given, **named: 0)


def _rows_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "_drop_rows", lambda *given: {})


def _books_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "erase_books", lambda *given: 0)


def _amendments_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasing, "erase_amendments", lambda *given: (0, 0))


@pytest.mark.parametrize("fault", [_history_kept, _rows_kept, _books_kept, _amendments_kept])
def test_the_search_for_marks_is_not_blind(
    open_crm: Callable[..., CRM], tmp_path: Path, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Were history, ways of contact, exports or amendments left as they are, the marks would show it."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        erased(crm, wang)
    left = everything(crm)
    assert any(one in left for one in MARKS)


def test_an_erasure_without_its_tombstones_breaks_the_chain(
    open_crm: Callable[..., CRM], tmp_path: Path
) -> None:
    """Values that go without the chain being told are a change like any other."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    crm.seal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "_bury", lambda *given: None)
        erased(crm, wang)
    assert not crm.verify().holds


def test_what_an_erasure_left_is_still_proven(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """A row that was erased is found when it is changed after, and so is a tombstone of somebody's own."""
    crm = open_crm(heads=tmp_path)
    wang = person(crm)
    crm.seal()
    erased(crm, wang)
    crm.seal()
    hand: Any = Hand(crm)
    row = next(one for one in hand.rows("crm_change") if one["entity"] == "Customer" and one["version"] == 2)
    with hand.undone():
        hand.set("crm_change", row, {"changes": row["changes"].replace("[erased]", "forged")})
        broken = crm.verify().broken
        assert broken is not None
        assert (broken.entity, broken.version) == ("Customer", 2)
    grave = hand.rows("crm_tombstone")[0]
    with hand.undone():
        hand.set("crm_tombstone", grave, {"after": "0" * 64})
        assert not crm.verify().holds
    assert crm.verify().holds


def test_party_is_named_by_its_pseudonym_only(crm: CRM) -> None:
    """A party itself may be named too."""
    wang = person(crm)
    with crm.session("admin") as session:
        party = session.get(wang.party)
        assert type(party) is Party
        assert session.erase(party, because="asked for it in writing").subject == party.id


class Receipt(Record, table="till_receipt", scope=through("customer"), retain=Retain(10, "tax law")):
    """A receipt, which the law demands for ten years."""

    customer: Link[Customer] = link("Customer")
    text: Field[str] = field("Text")


class Visit(Record, table="till_visit", scope=reference()):
    """A visit, whose plugin says what of it is personal."""

    guest: Link[Customer] = link("Guest")
    words: Field[str] = field("Words", personal=True)
    hall: Field[int] = field("Hall")


class Till(Plugin):
    """Till"""

    name = "till"
    records = (Receipt, Visit)


def test_what_the_law_demands_stays_and_a_plugin_takes_part(
    open_crm: Callable[..., CRM], clock: FixedClock
) -> None:
    """A receipt stays whole for ten years and the evidence says why; a visit goes by its declaration."""
    crm = open_crm(plugins=[Till()])
    crm.migrate()
    wang = person(crm)
    with crm.session(crm.system("till")) as session:
        receipt = session.add(Receipt(customer=wang, text="Examination, 860 yuan"))
        visit = session.add(Visit(guest=wang, words="was afraid", hall=3))
    evidence = erased(crm, wang)
    with crm.view(crm.system("test")) as session:
        assert session.get(receipt.ref) == receipt
        assert session.get(receipt.ref).text == "Examination, 860 yuan"
        left = session.get(visit.ref)
        assert (left.words, left.hall) == ("[erased]", 3)
    kept = {one.entity: one.kept for one in evidence.parts if one.kept}
    assert kept == {"Receipt": "tax law"}
    clock.advance(days=3660)
    assert {one.entity for one in erased(crm, wang).parts if one.kept} == set()
    with crm.view(crm.system("test")) as session:
        assert session.get(receipt.ref).text == "[erased]"
