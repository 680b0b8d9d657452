"""An import that differs in key data asks for the change, by one batch with an amendment for each record (REV-15)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from house import enterprise
from revision.amending import flow, policy, step, waiting

from pycrm import (
    CRM,
    Amendment,
    Approver,
    Batch,
    Customer,
    FieldRule,
    FixedClock,
    OnEmpty,
    Organization,
    Party,
    Role,
    User,
)
from pycrm.entities.org import FieldReading
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, RefusedError
from pycrm.exchange import ImportReport, KeyChange, book, merge
from pycrm.revision.amendment import decide, judge, opening, together
from pycrm.revision.amendment.apply import Reading
from pycrm.scope.actor import Actor

from .bench import CUSTOMER_HEAD, Bench, canonical, dump, only, refusals
from .test_importing_again import kill, stop_after, uninterrupted

MAPPING = (
    CUSTOMER_HEAD
    + """\
phone = "Phone"
tax_id = "Tax"
industry = "Industry"
"""
)
HEAD = "No,Name,Phone,Tax,Industry\n"
WHY = "the register of 2026"


def table(numbers: range, tax: str = "T", industry: str = "Steel") -> str:
    """Customers with a tax id each, and an industry."""
    return HEAD + "".join(f"{n},Firm {n},+49 {n},{tax}{n},{industry}\n" for n in numbers)


def tally(report: ImportReport) -> dict[str, int]:
    """How many rows had each verdict that some row had."""
    return {verdict.value: number for verdict, number in report.counts.items() if number}


def companies(crm: CRM, who: str = "lead_e") -> list[tuple[str, str | None, str | None]]:
    """Name, tax id and industry of every company in sight, by name."""
    with crm.view(who) as session:
        facets = {one.of.id: one for one in session.find(Organization)}
        found = [(one.name, facets[one.party.id]) for one in session.find(Customer, order=Customer.name)]
    return [(name, facet.tax_id, facet.industry) for name, facet in found]


def batch_of(crm: CRM, who: str) -> Batch:
    """The one item in somebody's inbox."""
    (found,) = waiting(crm, who)
    assert isinstance(found, Batch)
    return found


def by_tax_id(crm: CRM, batch: Batch) -> dict[str, Amendment]:
    """The amendments of a batch by the tax id that was there before."""
    with crm.view("dir") as session:
        bases = {line.amendment.id: line.base for line in session.lines(batch)}
    return {bases[one.id]: one for one in batch.amendments}


def states(crm: CRM, id: UUID | None) -> dict[str, str]:
    """How far each of a batch has come, by the tax id that was there before."""
    assert id is not None
    with crm.view("dir") as session:
        batch = session.batch(id)
    return {base: one.state.value for base, one in sorted(by_tax_id(crm, batch).items())}


def prepared(bench: Bench) -> Bench:
    """Tax ids and names are approved by the unit's leader; rep_a has imported ten firms."""
    policy(bench.crm, "Organization.tax_id")
    policy(bench.crm, "Party.name")
    bench.load("rep_a", MAPPING, table(range(10)))
    return bench


@pytest.fixture
def guarded(bench: Bench) -> Bench:
    """The bench, prepared."""
    return prepared(bench)


@pytest.fixture
def guarded_file(sqlite_database: str, clock: FixedClock, tmp_path: Path) -> Iterator[Bench]:
    """A prepared bench on SQLite alone."""
    with CRM(sqlite_database, clock=clock, random=random.Random(7)) as crm:
        enterprise(crm)
        yield prepared(Bench(crm, tmp_path))


def test_an_import_row_gives_a_batch_with_one_line(guarded: Bench) -> None:
    """Rep_a's row with tax id T2 in the place of T1 changes nothing, and gives a batch with one line (REV-S1)."""
    rows = table(range(10)).replace("T1,", "T2-new,")
    report = guarded.load("rep_a", MAPPING, rows, because=WHY)
    assert tally(report) == {"proposed": 1, "unchanged": 9}
    (row,) = report.proposed()
    assert (row.line, row.key, row.changes) == (3, "old:1", (KeyChange("tax_id", "T1", "T2-new"),))
    assert companies(guarded.crm)[1] == ("Firm 1", "T1", "Steel")
    found = batch_of(guarded.crm, "lead_e")
    assert (found.id, found.reason, [str(one.id) for one in found.amendments]) == (
        report.batch,
        WHY,
        [row.amendment],
    )
    with guarded.crm.session("lead_e") as session:
        (line,) = session.lines(found)
        assert (line.path, line.base, line.new, line.current) == ("tax_id", "T1", "T2-new", "T1")
        assert line.amendment == found.amendments[0].ref
        assert session.approve(found).amendments[0].state == "applied"
    assert companies(guarded.crm)[1] == ("Firm 1", "T2-new", "Steel")
    assert waiting(guarded.crm, "lead_e") == []


def test_one_batch_over_all_transactions_of_a_run(guarded: Bench) -> None:
    """Ten rows in four transactions make one batch of ten; the free field of each is written at once."""
    report = guarded.load("rep_a", MAPPING, table(range(10), "X", "Glass"), because=WHY, batch=3)
    assert tally(report) == {"proposed": 10}
    assert companies(guarded.crm) == [(f"Firm {n}", f"T{n}", "Glass") for n in range(10)]
    found = batch_of(guarded.crm, "lead_e")
    assert len(found.amendments) == 10
    with guarded.crm.session("lead_e") as session:
        told = session.decide(found, "approve")
    assert [(one.amendment.state, one.refusal) for one in told] == [("applied", None)] * 10
    assert companies(guarded.crm) == [(f"Firm {n}", f"X{n}", "Glass") for n in range(10)]
    with guarded.crm.view("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 4")
        (last,) = [one for one in session.history(customer) if one.amendment is not None]
        assert (last.reason, last.entity) == (WHY, "Organization")
        assert [one.state for one in session.batch(found.id).amendments] == ["applied"] * 10


def test_some_of_a_batch_are_decided_on_by_themselves(guarded: Bench) -> None:
    """Of four the leader agrees to one and refuses two; the fourth waits until its submitter takes it back."""
    guarded.load("rep_a", MAPPING, table(range(4), "X"), because=WHY)
    found = by_tax_id(guarded.crm, batch_of(guarded.crm, "lead_e"))
    with guarded.crm.session("lead_e") as session:
        session.approve(found["T0"])
        told = session.decide([found["T1"], found["T2"]], "reject", because="not the register's")
    assert [one.amendment.state for one in told] == ["rejected", "rejected"]
    left = batch_of(guarded.crm, "lead_e")
    assert left.amendments == (found["T3"],)
    assert [tax for _, tax, _ in companies(guarded.crm)[:4]] == ["X0", "T1", "T2", "T3"]
    with guarded.crm.session("rep_a") as session:
        session.withdraw(session.batch(left.id))
    assert states(guarded.crm, left.id) == {
        "T0": "applied",
        "T1": "rejected",
        "T2": "rejected",
        "T3": "withdrawn",
    }
    assert waiting(guarded.crm, "lead_e") == []


def test_each_of_a_batch_is_compared_when_it_is_decided(guarded: Bench) -> None:
    """A tax id that top management has written meanwhile sets that amendment apart, and no other (REV-7)."""
    guarded.load("rep_a", MAPPING, table(range(3), "X"), because=WHY)
    with guarded.crm.session("dir") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 1")
        session.override(customer, tax_id="T1-register", because="the register says so")
    found = batch_of(guarded.crm, "lead_e")
    with guarded.crm.session("lead_e") as session:
        session.decide(found, "approve")
    assert states(guarded.crm, found.id) == {"T0": "applied", "T1": "conflicted", "T2": "applied"}
    assert [tax for _, tax, _ in companies(guarded.crm)[:3]] == ["X0", "T1-register", "X2"]


def test_a_refused_one_stops_no_other_unless_all_are_wanted(guarded: Bench) -> None:
    """A tax id that another firm has taken since is refused; to approve the batch as a whole changes nothing."""
    guarded.load("rep_a", MAPPING, table(range(3), "X"), because=WHY)
    guarded.load("rep_a", MAPPING, HEAD + "99,Other,+49 99,X1,Steel\n", name="other.csv")
    found = batch_of(guarded.crm, "lead_e")
    with guarded.crm.session("lead_e") as session:
        with pytest.raises(ConflictError):
            session.approve(found)
        assert {one.state.value for one in session.batch(found.id).amendments} == {"submitted"}
        told = session.decide(session.inbox(), "approve")
        assert sorted(type(one.refusal) is ConflictError for one in told) == [False, False, True]
    assert states(guarded.crm, found.id) == {"T0": "applied", "T1": "submitted", "T2": "applied"}
    assert [tax for _, tax, _ in companies(guarded.crm)[:3]] == ["X0", "T1", "X2"]


def test_a_dry_run_says_what_would_wait(guarded: Bench, database: str) -> None:
    """A dry run counts the records of the batch and shows their differences, and opens nothing."""
    before = dump(database)
    path = guarded.folder / "report.csv"
    report = guarded.load(
        "rep_a", MAPPING, table(range(5), "X"), because=WHY, dry_run=True, batch=2, report_path=path
    )
    assert (tally(report), report.batch) == ({"proposed": 5}, None)
    assert report.summary() == (
        "5 rows: 0 imported, 0 updated, 5 proposed, 0 unchanged, 0 refused (dry run, nothing written)"
    )
    assert [(one.line, one.amendment, one.changes) for one in report.proposed()] == [
        (n + 2, "", (KeyChange("tax_id", f"T{n}", f"X{n}"),)) for n in range(5)
    ]
    assert dump(database) == before


def test_a_second_run_asks_for_nothing_more(guarded: Bench, database: str) -> None:
    """What an open amendment asks for already is not asked for again, with or without a reason (INT-2)."""
    rows = table(range(6), "X", "Glass")
    first = guarded.load("rep_a", MAPPING, rows, because=WHY)
    before = dump(database)
    for because in (WHY, None, "another reason"):
        report = guarded.load("rep_a", MAPPING, rows, because=because)
        assert (tally(report), report.batch) == ({"unchanged": 6}, None)
        assert dump(database) == before
    assert first.batch == batch_of(guarded.crm, "lead_e").id


def test_a_path_with_an_open_amendment_is_a_conflict(guarded: Bench) -> None:
    """A row that asks for another tax id than an open amendment is refused whole, the others go on (REV-8)."""
    first = guarded.load("rep_a", MAPPING, HEAD + "1,Firm 1,+49 1,X1,Steel\n", because=WHY)
    (open_,) = first.proposed()
    report = guarded.load("rep_a", MAPPING, table(range(3), "Y", "Glass"), because=WHY)
    assert tally(report) == {"proposed": 2, "refused": 1}
    row = only(report)
    assert (row.line, row.code, row.reason) == (3, "conflict", "an amendment of tax_id is open already")
    assert companies(guarded.crm)[:3] == [
        ("Firm 0", "T0", "Glass"),
        ("Firm 1", "T1", "Steel"),
        ("Firm 2", "T2", "Glass"),
    ]
    assert len(waiting(guarded.crm, "lead_e")) == 2
    with guarded.crm.view("rep_a") as session:
        assert session.get(Amendment, UUID(open_.amendment)).state == "submitted"


def test_what_a_policy_leaves_free_is_written(bench: Bench) -> None:
    """Where the policy of a key field says free, an import writes it like any other, without a reason."""
    policy(bench.crm, "Organization.tax_id", "free")
    bench.load("rep_a", MAPPING, table(range(3)))
    assert tally(bench.load("rep_a", MAPPING, table(range(3), "X"))) == {"updated": 3}
    assert [tax for _, tax, _ in companies(bench.crm)] == ["X0", "X1", "X2"]
    with bench.crm.view("lead_e") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 0")
        assert [one.act for one in session.history(customer) if one.version > 1] == ["change"]


def test_what_is_only_recorded_is_written_with_its_reason(bench: Bench) -> None:
    """Without a policy a key field is changed at once, and the history keeps the import's reason."""
    bench.load("rep_a", MAPPING, table(range(3)))
    assert refusals(bench.load("rep_a", MAPPING, table(range(3), "X"))) == [
        (n, "amendment_required") for n in (2, 3, 4)
    ]
    report = bench.load("rep_a", MAPPING, table(range(3), "X", "Glass"), because=WHY)
    assert (tally(report), report.batch) == ({"updated": 3}, None)
    assert companies(bench.crm)[0] == ("Firm 0", "X0", "Glass")
    with bench.crm.view("lead_e") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 0")
        (last,) = [one for one in session.history(customer) if one.version > 1]
    assert (last.act, last.reason, last.source, last.actor) == ("amend", WHY, "import", "rep_a")
    assert waiting(bench.crm, "lead_e") == []


def test_the_reason_and_the_evidence_are_held_against_the_policy(guarded: Bench) -> None:
    """A reason that is too short stops the import; evidence that a policy asks for is missed row by row."""
    with pytest.raises(InvalidError, match="needs a reason"):
        guarded.load("rep_a", MAPPING, table(range(2), "X"), because="so")
    policy(guarded.crm, "Organization.industry", evidence_required=True, reason_min=10)
    rows = table(range(2), "X", "Glass")
    refused = guarded.load("rep_a", MAPPING, rows, because=WHY)
    assert {(one.code, one.reason) for one in refused.refused()} == {("invalid", "evidence is required")}
    report = guarded.load("rep_a", MAPPING, rows, because=WHY, evidence=["file 7"])
    assert tally(report) == {"proposed": 2}
    found = batch_of(guarded.crm, "lead_e")
    assert {(one.reason, one.evidence) for one in found.amendments} == {(WHY, ("file 7",))}


def test_conditions_and_steps_hold_for_each_record(guarded: Bench) -> None:
    """The chief decides second on what goes that far; the leader's agreement alone applies the others."""
    crm = guarded.crm
    flow(crm, "two", step(), step(Approver.TOP, condition="new = 'Gold'"))
    policy(crm, "Organization.industry", flow="two")
    rows = HEAD + "0,Firm 0,+49 0,T0,Gold\n1,Firm 1,+49 1,T1,Tin\n2,Firm 2,+49 2,T2,Gold\n"
    assert tally(guarded.load("rep_a", MAPPING, rows, because=WHY)) == {"proposed": 3}
    with crm.session("lead_e") as session:
        (found,) = session.inbox()
        assert sorted(one.amendment.state for one in session.decide([found], "approve")) == [
            "applied",
            "submitted",
            "submitted",
        ]
    assert [industry for _, _, industry in companies(crm)[:3]] == ["Steel", "Tin", "Steel"]
    second = batch_of(crm, "dir")
    assert (second.id, len(second.amendments)) == (found.id, 2)
    with crm.session("dir") as session:
        session.approve(second)
    assert [industry for _, _, industry in companies(crm)[:3]] == ["Gold", "Tin", "Gold"]


def test_a_batch_tells_only_of_records_in_sight(guarded: Bench) -> None:
    """A batch over two units shows each leader the own records; others learn neither of it nor that it is there."""
    crm = guarded.crm
    guarded.load("rep_w", MAPPING, HEAD + "w,West,+49 100,TW,Steel\n", name="west.csv")
    rows = table(range(2), "X") + "w,West,+49 100,XW,Steel\n"
    report = guarded.load("dir", MAPPING, rows, because=WHY)
    assert tally(report) == {"proposed": 3}
    east, west = batch_of(crm, "lead_e"), batch_of(crm, "lead_w")
    assert (east.id, west.id) == (report.batch, report.batch)
    assert (len(east.amendments), len(west.amendments)) == (2, 1)
    with crm.session("lead_w") as session:
        told = session.decide(east, "approve")
        assert {type(one.refusal) for one in told} == {NotFoundError}
        assert session.lines(east) == []
        assert len(session.batch(east.id).amendments) == 1
    with crm.session("rep_a") as session:
        told = session.decide(session.batch(east.id), "approve")
    assert {type(one.refusal) for one in told} == {ForbiddenError}
    for login in ("tech_1", "rep_c"):
        with crm.view(login) as session, pytest.raises(NotFoundError) as missing:
            session.batch(east.id)
        with crm.view(login) as session, pytest.raises(NotFoundError) as never:
            session.batch(UUID(int=7))
        assert missing.value.as_dict() == never.value.as_dict()


def test_who_only_reads_asks_for_nothing(guarded: Bench) -> None:
    """A colleague with whom a customer is shared for reading is refused, and no amendment is opened."""
    crm = guarded.crm
    with crm.session("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 1")
        session.share(customer, user=session.find(User, User.login == "rep_b")[0])
    report = guarded.load("rep_b", MAPPING, HEAD + "1,Firm 1,+49 1,X1,Steel\n", because=WHY)
    assert refusals(report) == [(2, "forbidden")]
    assert waiting(crm, "lead_e") == []


def test_whoever_stands_in_imports_on_behalf(guarded: Bench) -> None:
    """What a stand-in imports into the absent colleague's customers says on whose behalf."""
    crm = guarded.crm
    with crm.session("rep_a") as session:
        (stand_in,) = session.find(User, User.login == "rep_b")
        day = crm.calendar_day(session.now)
        session.delegate(stand_in, actions=("read", "update"), since=day, until=day, because="absent")
    report = guarded.load("rep_b", MAPPING, table(range(1), "X", "Glass"), because=WHY)
    assert tally(report) == {"proposed": 1}
    with crm.view("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 0")
        (last,) = [one for one in session.history(customer) if one.version > 1]
        assert (last.actor, last.on_behalf) == ("rep_b", session.actor.ref)


def test_a_hidden_value_is_neither_asked_for_nor_told(guarded: Bench) -> None:
    """An importer who is not shown tax ids leaves them, whatever the file says, and the report is the same."""
    with guarded.crm.session(guarded.crm.system("rules")) as session:
        staff = next(role for role in session.find(Role, children=True) if role.name == "staff")
        rule = FieldRule(entity="Organization", field_name="tax_id", read=FieldReading.HIDDEN, write=True)
        session.change(staff, rules=[*staff.rules, rule])
    right = guarded.load("rep_a", MAPPING, table(range(3)), because=WHY)
    wrong = guarded.load("rep_a", MAPPING, table(range(3), "X"), name="other.csv", because=WHY)
    assert tally(right) == tally(wrong) == {"unchanged": 3}
    assert waiting(guarded.crm, "lead_e") == []


def test_rows_added_to_a_list_are_asked_for_once(bench: Bench) -> None:
    """Addresses under a policy wait for the leader with the rows that go, and a second run adds none."""
    crm = bench.crm
    policy(crm, "Party.addresses")
    mapping = MAPPING + '\n[[children]]\nfield = "addresses"\ncolumns = { text = "Street" }\n'
    rows = "No,Name,Phone,Tax,Industry,Street\n1,Firm,+49 1,T1,Steel,{}\n"
    bench.load("rep_a", mapping, rows.format("Old road"))
    report = bench.load("rep_a", mapping, rows.format("New road"), because=WHY)
    (row,) = report.proposed()
    assert sorted((one.path.split("/")[0], one.base is None) for one in row.changes) == [
        ("addresses", False),
        ("addresses", True),
    ]
    assert tally(bench.load("rep_a", mapping, rows.format("New road"), because=WHY)) == {"unchanged": 1}
    other = bench.load("rep_a", mapping, rows.format("Third road"), because=WHY)
    assert refusals(other) == [(2, "conflict")]
    with crm.session("lead_e") as session:
        session.decide(session.inbox(), "approve")
        (party,) = session.find(Party, children=True)
    assert [one.text for one in party.addresses] == ["New road"]


def test_what_nobody_has_to_agree_to_is_done(bench: Bench) -> None:
    """Where a step passes by itself for want of people, the change is made at once and the row is updated."""
    crm = bench.crm
    with crm.session(crm.system("roles")) as session:
        session.add(Role(name="notary"))
    flow(crm, "nobody", step(Approver.ROLE, who="notary", on_empty=OnEmpty.AUTO_PASS))
    policy(crm, "Organization.tax_id", flow="nobody")
    bench.load("rep_a", MAPPING, table(range(2)))
    assert tally(bench.load("rep_a", MAPPING, table(range(2), "X"), because=WHY)) == {"updated": 2}
    assert [tax for _, tax, _ in companies(crm)] == ["X0", "X1"]


@pytest.mark.parametrize("name", ["report.csv", "report.jsonl"])
def test_the_report_keeps_what_was_proposed(guarded: Bench, name: str) -> None:
    """Either form of report holds line, amendment and differences of each proposed row, and gives them back."""
    path = guarded.folder / name
    report = guarded.load("rep_a", MAPPING, table(range(3), "X"), because=WHY, report_path=path)
    told = list(report.proposed())
    assert [(one.line, one.changes) for one in told] == [
        (n + 2, (KeyChange("tax_id", f"T{n}", f"X{n}"),)) for n in range(3)
    ]
    waiting_now = {str(one.id) for one in batch_of(guarded.crm, "lead_e").amendments}
    assert {one.amendment for one in told} == waiting_now
    assert list(report.refused()) == []


def test_two_of_one_record_are_decided_on_together(guarded: Bench) -> None:
    """Two batches over different fields of the same firms are agreed to at once: neither undoes the other."""
    policy(guarded.crm, "Organization.industry")
    guarded.load("rep_a", MAPPING, table(range(2), "X"), because=WHY)
    guarded.load("rep_a", MAPPING, table(range(2), "X", "Glass"), name="later.csv", because=WHY)
    assert len(waiting(guarded.crm, "lead_e")) == 2
    with guarded.crm.session("lead_e") as session:
        told = session.decide(session.inbox(), "approve")
    assert [one.amendment.state for one in told] == ["applied"] * 4
    assert companies(guarded.crm)[:2] == [("Firm 0", "X0", "Glass"), ("Firm 1", "X1", "Glass")]


def test_a_broken_run_goes_on_with_its_batch(guarded: Bench) -> None:
    """Broken off after six of ten rows and run again, an import has one batch with a line for each record."""
    rows = table(range(10), "X")
    with pytest.raises(KeyboardInterrupt):
        guarded.load("rep_a", MAPPING, rows, because=WHY, batch=3, progress=stop_after(2))
    first = batch_of(guarded.crm, "lead_e")
    assert len(first.amendments) == 6
    report = guarded.load("rep_a", MAPPING, rows, because=WHY, batch=3)
    assert (tally(report), report.batch) == ({"proposed": 10}, first.id)
    with guarded.crm.view("lead_e") as session:
        (found,) = session.inbox()
        lines = session.lines(found)
    assert sorted((line.base, line.new) for line in lines) == [(f"T{n}", f"X{n}") for n in range(10)]


@pytest.mark.torture
def test_a_killed_run_ends_where_an_undisturbed_one_does(
    guarded: Bench, database: str, twin: Callable[[], str]
) -> None:
    """Killed three times at random moments and run again, an import leaves the batch of one in peace."""
    guarded.load("rep_a", MAPPING, table(range(60)))
    guarded.write("table.csv", table(range(60), "X", "Glass"))
    guarded.crm.close()
    other = twin()
    expected = uninterrupted(other, guarded, 5)
    assert expected == {"imported": 0, "updated": 0, "proposed": 60, "unchanged": 0, "refused": 0}
    found = kill(database, guarded, batch=5, kills=3, seed=15)
    assert found["met"] >= 2
    assert found["counts"] == expected
    assert canonical(dump(database)) == canonical(dump(other))


def forget_batch(patch: pytest.MonkeyPatch) -> None:
    """Keep the place of a run without its batch."""
    store = book.store_run

    def forgetful(tx: Any, fingerprint: str, state: str | None) -> None:
        kept = None if state is None else json.loads(state)
        store(tx, fingerprint, None if kept is None else json.dumps({**kept, "batch": str(uuid4())}))

    patch.setattr(book, "store_run", forgetful)


# What is planted, and the test that has to notice it.
FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Bench], None]]] = {
    "a resumed run begins another batch": (forget_batch, test_a_broken_run_goes_on_with_its_batch),
    "what others have written since is written over": (
        lambda patch: patch.setattr(Reading, "is_conflicting", property(lambda read: False)),
        test_each_of_a_batch_is_compared_when_it_is_decided,
    ),
    "records are not read again after an earlier one": (
        lambda patch: patch.setattr(together, "read_lines", Once(together.read_lines)),
        test_two_of_one_record_are_decided_on_together,
    ),
    "open paths are not looked for": (
        lambda patch: patch.setattr(opening.Opening, "_not_asked_yet", lambda self, later: (later, None)),
        test_a_path_with_an_open_amendment_is_a_conflict,
    ),
    "whoever is asked about one decides on all": (
        lambda patch: patch.setattr(judge, "fetch_some", Unscoped(judge.fetch_some)),
        test_a_batch_tells_only_of_records_in_sight,
    ),
    "hidden values are compared": (
        lambda patch: patch.setattr(merge, "is_shown", lambda tx, cls, name: True),
        test_a_hidden_value_is_neither_asked_for_nor_told,
    ),
    "a refused one is left half-written": (
        lambda patch: patch.setattr(decide, "attempted", lambda tx: nullcontext()),
        test_a_refused_one_stops_no_other_unless_all_are_wanted,
    ),
}


class Once:
    """Lines that are read a first time, and then told again as they were."""

    def __init__(self, read: Any) -> None:
        self._read, self._told = read, dict[Any, Any]()

    def __call__(self, tx: Any, amendments: Sequence[Amendment]) -> Any:
        fresh = [one for one in amendments if one.id not in self._told]
        self._told |= self._read(tx, fresh)
        return {one.id: self._told[one.id] for one in amendments}


class Unscoped:
    """Records that are read as the system reads them."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __call__(self, tx: Any, *given: Any, **named: Any) -> Any:
        actor, tx.actor = tx.actor, Actor.system("fault")
        try:
            return self._read(tx, *given, **named)
        finally:
            tx.actor = actor


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_seen(guarded_file: Bench, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Were one of the rules broken, the test that holds it would fail."""
    plant, test = FAULTS[name]
    plant(monkeypatch)
    with pytest.raises((AssertionError, RefusedError, ValueError)):
        test(guarded_file)
