"""An import that is run again changes what differs and nothing else; one that was killed goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, Customer, FieldRule, Money, Opportunity, Role, StoreError
from pycrm.entities import Organization, Party
from pycrm.entities.org import FieldReading
from pycrm.exchange import Verdict, book

from .bench import CUSTOMER_HEAD, DEAL_HEAD, LINES, Bench, canonical, counts, dump, only, refusals
from .killing import load

CUSTOMERS = (
    CUSTOMER_HEAD
    + """\
phone = "Phone"
tax_id = "Tax"
industry = "Industry"
channel = "Channel"

[[children]]
field = "addresses"
columns = { text = "Street", city = "City" }
"""
)
HEAD = "No,Name,Phone,Tax,Industry,Channel,Street,City\n"
DEALS = (
    DEAL_HEAD
    + """\
expected_close = { value = "2026-09-01" }
amount = { column = "Total", money = "EUR" }
"""
)


def table(numbers: range) -> str:
    """Customers with a telephone, an industry and an address; the tax id of the odd ones is known."""
    return HEAD + "".join(
        f"{n},Firm {n},+49 {n},{'' if n % 2 == 0 else f'TAX{n}'},Steel,mail,Street {n},Town {n % 7}\n"
        for n in numbers
    )


def test_a_second_run_finds_every_row_and_changes_no_table(bench: Bench, database: str) -> None:
    """Imported twice, a file leaves each table of the database as the first run left it."""
    first = table(range(60))
    assert counts(bench.load("rep_a", CUSTOMERS, first)) == (60, 0, 0, 0)
    deals = "No,Name,Customer,Total\n" + "".join(f"{n},Deal {n},{n},10.00\n" for n in range(60))
    assert counts(bench.load("rep_a", DEALS, deals, name="deals.csv")) == (60, 0, 0, 0)
    before = dump(database)
    assert counts(bench.load("rep_a", CUSTOMERS, first, batch=7)) == (0, 0, 60, 0)
    assert counts(bench.load("rep_a", DEALS, deals, name="deals.csv")) == (0, 0, 60, 0)
    assert dump(database) == before


def test_forgotten_keys_are_noticed(bench: Bench, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: were the keys of rows not kept, the second run would double them, and the dump shows it."""
    monkeypatch.setattr(book, "enter", lambda tx, entity, pairs: None)
    untaxed = "\n".join(line.replace("TAX", "") for line in table(range(0, 20, 2)).splitlines())
    bench.load("rep_a", CUSTOMERS, untaxed)
    before = dump(database)
    assert counts(bench.load("rep_a", CUSTOMERS, untaxed)) == (10, 0, 0, 0)
    assert dump(database) != before


def test_what_differs_is_written_and_kept_in_the_history(bench: Bench) -> None:
    """A new industry, channel and street are written; a new telephone comes beside the old one."""
    bench.load("rep_a", CUSTOMERS, table(range(3)))
    changed = table(range(3)).replace(
        "1,Firm 1,+49 1,TAX1,Steel,mail,Street 1", "1,Firm 1,+49 99,TAX1,Glass,,New Street"
    )
    assert counts(bench.load("rep_a", CUSTOMERS, changed)) == (0, 1, 2, 0)
    with bench.crm.view("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 1")
        party = session.get(customer.party)
        facet = session.facet(customer.party, Organization)
        assert facet is not None
        assert (customer.channel, facet.industry, facet.tax_id) == (None, "Glass", "TAX1")
        assert [point.value for point in party.contact_points] == ["+49 1", "+49 99"]
        assert [(one.text, one.city) for one in party.addresses] == [("New Street", "Town 1")]
        revisions = [one for one in session.history(customer) if one.reason == "imported"]
        assert {(one.source, one.actor) for one in revisions} == {("import", "rep_a")}
        fields = {change.path for one in revisions for change in one.changes}
    assert {"channel", "industry"} <= fields
    assert counts(bench.load("rep_a", CUSTOMERS, changed)) == (0, 0, 3, 0)


def test_a_facet_that_was_empty_is_begun(bench: Bench) -> None:
    """A customer of whom nothing was known gets an industry by the next file."""
    bare = HEAD + "1,Firm,+49 1,,,,,\n"
    bench.load("rep_a", CUSTOMERS, bare)
    assert counts(bench.load("rep_a", CUSTOMERS, bare.replace("+49 1,,", "+49 1,,Steel"))) == (0, 1, 0, 0)
    with bench.crm.view("rep_a") as session:
        (facet,) = session.find(Organization)
    assert facet.industry == "Steel"
    report = bench.load("rep_a", CUSTOMERS, bare.replace("+49 1,,", "+49 1,TAX,Steel"))
    assert refusals(report) == [(2, "amendment_required")]


def test_key_fields_are_left_to_an_amendment(bench: Bench, database: str) -> None:
    """A row with another name or tax id is refused whole, and says what an amendment has to change."""
    bench.load("rep_a", CUSTOMERS, table(range(4)))
    before = dump(database)
    changed = table(range(4)).replace("TAX1,Steel", "TAX9,Glass").replace("Firm 3", "Company 3")
    report = bench.load("rep_a", CUSTOMERS, changed)
    assert counts(report) == (0, 0, 2, 2)
    assert refusals(report) == [(3, "amendment_required"), (5, "amendment_required")]
    assert [one.reason for one in report.refused()] == [
        "tax_id: changes only by an amendment, which needs a reason",
        "name: changes only by an amendment, which needs a reason",
    ]
    assert dump(database) == before
    with bench.crm.session("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 3")
        session.amend(customer, name="Company 3", because="the register says so")
    assert counts(bench.load("rep_a", CUSTOMERS, changed)) == (0, 0, 3, 1)


def test_lines_are_compared_as_a_whole(bench: Bench) -> None:
    """A line that stays keeps its id, one that is gone goes, a new one comes; none differs, none is written."""
    bench.load("rep_a", CUSTOMERS, table(range(1)))
    mapping = DEALS.replace('amount = { column = "Total", money = "EUR" }', "") + LINES
    bench.stock("tea", "rice")
    deals, items = "No,Name,Customer\n1,Deal,0\n", "Deal,Product,Qty,Price\n1,tea,1,2.00\n1,rice,2,3.00\n"
    bench.load("rep_a", mapping, deals, name="deals.csv", files={"items": items})
    with bench.crm.view("rep_a") as session:
        (before,) = session.find(Opportunity, children=True)
    assert counts(bench.load("rep_a", mapping, deals, name="deals.csv", files={"items": items})) == (
        0,
        0,
        1,
        0,
    )
    items = "Deal,Product,Qty,Price\n1,rice,2,3.00\n1,tea,5,2.00\n"
    assert counts(bench.load("rep_a", mapping, deals, name="deals.csv", files={"items": items})) == (
        0,
        1,
        0,
        0,
    )
    with bench.crm.view("rep_a") as session:
        (after,) = session.find(Opportunity, children=True)
    assert after.amount == Money("16.00", "EUR")
    rice = before.lines[1]
    assert [line.id == rice.id for line in after.lines] == [True, False]
    assert {line.id for line in before.lines}.isdisjoint({after.lines[1].id})


@pytest.mark.parametrize("batch", [2, 1000])
def test_a_key_that_comes_again_is_a_duplicate(bench: Bench, batch: int) -> None:
    """Of two rows with one key the later is refused, wherever it stands: else each run would undo the other."""
    rows = HEAD + "1,A,+49 1,,,,,\n2,B,+49 2,,,,,\n3,C,+49 3,,,,,\n1,Z,+49 9,,,,,\n"
    for expected in ((3, 0, 0, 1), (0, 0, 3, 1)):
        report = bench.load("rep_a", CUSTOMERS, rows, batch=batch)
        assert counts(report) == expected
        assert (only(report).line, only(report).code) == (5, "duplicate")
        assert only(report).reason == "line 5: an earlier row has the same key, old:1"


def test_a_row_of_somebody_else_is_held_elsewhere(bench: Bench) -> None:
    """The keys of a colleague's customers are taken, which tells nothing of them; their leader updates them."""
    bench.load("rep_b", CUSTOMERS, table(range(2)))
    changed = table(range(2)).replace("Steel", "Glass")
    report = bench.load("rep_a", CUSTOMERS, changed)
    assert refusals(report) == [(2, "held_elsewhere"), (3, "held_elsewhere")]
    assert {one.reason for one in report.refused()} == {"already held elsewhere"}
    assert counts(bench.load("lead_e", CUSTOMERS, changed)) == (0, 2, 0, 0)


@pytest.mark.parametrize(
    ("policy", "imported", "pairs"), [("silent", 2, 0), ("arbiter", 2, 2), ("ask", 0, 0), ("disclose", 0, 0)]
)
def test_a_key_used_out_of_sight_is_told_of_by_its_policy(
    open_crm: Callable[..., CRM], tmp_path: Path, policy: str, imported: int, pairs: int
) -> None:
    """Quiet policies let the rows of a second importer in; the arbiter gets the pairs, others are refused."""
    crm = open_crm(claims={"Customer.key": policy})
    enterprise(crm)
    bench = Bench(crm, tmp_path)
    bench.load("rep_b", CUSTOMERS, table(range(2)))
    others = table(range(2)).replace("TAX", "VAT").replace("+49", "+47")
    report = bench.load("rep_a", CUSTOMERS, others)
    assert (report.counts[Verdict.IMPORTED], len(list(report.refused()))) == (imported, 2 - imported)
    with crm.view("rep_a") as session:
        assert session.count(Customer) == imported
    with crm.store.connect() as connection:
        assert len(connection.exec_driver_sql("SELECT path FROM crm_duplicate").all()) == pairs
    # Whoever sees one of the two finds it again, and who sees both is asked to merge them.
    again = bench.load("rep_a", CUSTOMERS, others)
    assert again.counts[Verdict.UNCHANGED] == imported
    if imported:
        assert refusals(bench.load("lead_e", CUSTOMERS, table(range(2)))) == [
            (2, "conflict"),
            (3, "conflict"),
        ]


def test_a_record_that_was_put_away_stays_there(bench: Bench) -> None:
    """A customer that was archived meanwhile is not brought back, nor changed unseen, by an import."""
    bench.load("rep_a", CUSTOMERS, table(range(2)))
    with bench.crm.session("rep_a") as session:
        (customer,) = session.find(Customer, Customer.name == "Firm 1")
        session.archive(customer, because="gone")
    report = bench.load("rep_a", CUSTOMERS, table(range(2)))
    assert (counts(report), refusals(report)) == ((0, 0, 1, 1), [(3, "conflict")])


def test_an_owner_who_was_given_the_record_keeps_it(bench: Bench) -> None:
    """The owner of the file counts when a record is made; a later run leaves whose it is."""
    mapping = CUSTOMERS + "\n"
    mapping = mapping.replace(
        'channel = "Channel"', 'channel = "Channel"\nowner = { column = "Who", lookup = "User.login" }'
    )
    rows = HEAD.replace("City", "City,Who") + "1,A,+49 1,,,,,,{}\n"
    bench.load("lead_e", mapping, rows.format("rep_a"))
    assert counts(bench.load("lead_e", mapping, rows.format("rep_b"))) == (0, 0, 1, 0)
    with bench.crm.view("rep_a") as session:
        assert session.count(Customer) == 1


def test_a_batch_that_is_tried_again_is_told_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database asks for a transaction again, rows and report are as if it had gone well at once."""
    store, calls = book.store_run, []

    def flaky(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) in (1, 3):
            raise StoreError("the database refused: OperationalError: database is locked")
        store(*arguments)

    monkeypatch.setattr(book, "store_run", flaky)
    for path, first in ((bench.folder / "report.csv", 0), (None, 10)):
        calls.clear()
        rows = table(range(first, first + 10)) + "99,Nobody,,,,,,\n"
        report = bench.load("rep_a", CUSTOMERS, rows, batch=6, report_path=path)
        assert counts(report) == (10, 0, 0, 1)
        assert refusals(report) == [(12, "invalid")]
    with bench.crm.view("rep_a") as session:
        assert session.count(Party) == 20


def kill(address: str, bench: Bench, *, batch: int, kills: int, seed: int, fault: str = "") -> dict[str, Any]:
    """Let `killing.py` import the bench's table, and give what it prints."""
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), address, "rep_a"]
    program += [str(bench.folder / name) for name in ("table.csv", "mapping.toml")]
    program += [str(batch), str(kills), str(seed), *([fault] if fault else [])]
    done = subprocess.run(program, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def uninterrupted(address: str, bench: Bench, batch: int) -> dict[str, Any]:
    """The same import in peace, and what its report says."""
    paths = [str(bench.folder / name) for name in ("table.csv", "mapping.toml")]
    return load([address, "rep_a", *paths, str(batch)])


def prepared(bench: Bench, rows: int) -> None:
    """Put the table and the mapping into the folder: a few of the rows are refused."""
    content = table(range(rows)).replace("+49 17,", ",").replace("+49 58,", ",")
    bench.write("table.csv", content + "3,Again,+49 3,,,,,\n")
    bench.write("mapping.toml", CUSTOMERS)


def test_a_killed_import_ends_where_an_undisturbed_one_does(
    bench: Bench, database: str, twin: Callable[[], str]
) -> None:
    """Killed six times at random moments and run again, an import leaves the tables of one in peace."""
    prepared(bench, 300)
    bench.crm.close()
    other = twin()
    expected = uninterrupted(other, bench, 10)
    assert expected == {"imported": 298, "updated": 0, "proposed": 0, "unchanged": 0, "refused": 3}
    found = kill(database, bench, batch=10, kills=6, seed=1)
    assert found["met"] >= 4
    assert found["counts"] == expected
    assert canonical(dump(database)) == canonical(dump(other))


def test_a_lost_batch_is_noticed(bench: Bench, database: str, twin: Callable[[], str]) -> None:
    """Planted: were the place in the file kept before its rows, a kill would lose rows, and the tables show it."""
    prepared(bench, 300)
    bench.crm.close()
    other = twin()
    uninterrupted(other, bench, 10)
    found = kill(database, bench, batch=10, kills=6, seed=3, fault="early")
    assert found["met"] >= 4
    assert canonical(dump(database)) != canonical(dump(other))
    customers = len(dump(database)["crm_customer"])
    assert customers < 298


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_two_hundred_kills(bench: Bench, database: str, twin: Callable[[], str]) -> None:
    """Killed two hundred times, an import leaves the tables of one in peace, and a lost batch shows (T18)."""
    kind, began, rows = evidence.of_database(database), time.monotonic(), 6_000
    seed, kills = evidence.next_seed("T18", kind), evidence.asked_for(200)
    prepared(bench, rows)
    bench.crm.close()
    other, planted = twin(), twin()
    expected = uninterrupted(other, bench, 10)
    wanted = canonical(dump(other))
    found = kill(database, bench, batch=10, kills=kills, seed=seed)
    is_same = found["counts"] == expected and canonical(dump(database)) == wanted
    kill(planted, bench, batch=10, kills=20, seed=seed, fault="early")
    is_caught = canonical(dump(planted)) != wanted
    evidence.keep(
        *("T18", "a kill of a running import, which is then begun again and ends as one in peace", 200),
        {
            "database": kind,
            "seed": seed,
            "examples": kills,
            "met_a_running_import": found["met"],
            "rows": rows,
            "failures": int(not is_same),
            "planted": 1,
            "caught": int(is_caught),
            "seconds": round(time.monotonic() - began),
        },
    )
    assert found["met"] >= kills * 0.75
    assert is_same
    assert is_caught


def stop_after(batches: int) -> Callable[[int, int | None], None]:
    """A progress that breaks the import off after so many batches, as Ctrl-C does."""
    told: list[int] = []

    def progress(done: int, total: int | None) -> None:
        told.append(done)
        if len(told) == batches:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("way", ["rows", "file"])
def test_children_are_complete_after_a_break(bench: Bench, way: str) -> None:
    """Broken off and run again, lines find their deals, and what belongs to none is told as without a break."""
    bench.load("rep_a", CUSTOMERS, table(range(1)))
    bench.stock("tea")
    where = "rows = true" if way == "rows" else 'file = "items"\nparent = "No"'
    mapping = DEALS.replace('amount = { column = "Total", money = "EUR" }', "") + (
        f'[[children]]\nfield = "lines"\n{where}\n[children.columns]\n'
        'product = { value = "tea", lookup = "Product.code" }\nqty = "Qty"\n'
        'unit_price = { column = "Price", money = "EUR" }\n'
    )
    numbers, files = [*range(10), 0], {}
    if way == "rows":
        deals = "No,Name,Customer,Qty,Price\n" + "".join(f"{n},D{n},0,1,2\n{n},D{n},0,3,1\n" for n in numbers)
    else:
        deals = "No,Name,Customer\n" + "".join(f"{n},D{n},0\n" for n in numbers)
        files = {"items": "No,Qty,Price\n" + "".join(f"{n},1,2\n{n},3,1\n" for n in range(11))}
    expected = bench.load("rep_a", mapping, deals, name="deals.csv", files=files, dry_run=True)
    with pytest.raises(KeyboardInterrupt):
        bench.load("rep_a", mapping, deals, name="deals.csv", files=files, batch=3, progress=stop_after(2))
    with bench.crm.view("rep_a") as session:
        assert session.count(Opportunity) == 6
    path = bench.folder / "report.csv"
    report = bench.load("rep_a", mapping, deals, name="deals.csv", files=files, batch=3, report_path=path)
    # The key 0 comes again; and in the other file stand two lines of a deal that is not there.
    assert counts(report) == counts(expected) == (10, 0, 0, 1 if way == "rows" else 3)
    assert refusals(report) == refusals(expected)
    with bench.crm.view("rep_a") as session:
        found = session.find(Opportunity, children=True)
    assert [[line.qty for line in one.lines] for one in found] == [[1, 3]] * 10


def test_an_import_of_another_file_does_not_go_on_with_the_first(bench: Bench) -> None:
    """A file that was changed after the kill, to the same size, is read from its beginning."""
    first = table(range(30))
    with pytest.raises(KeyboardInterrupt):
        bench.load("rep_a", CUSTOMERS, first, batch=10, progress=stop_after(2))
    with bench.crm.view("rep_a") as session:
        assert session.count(Customer) == 20
    second = first.replace("Firm 19", "Firm XY")
    assert counts(bench.load("rep_a", CUSTOMERS, second, batch=10)) == (10, 0, 19, 1)


def test_the_place_of_a_run_goes_with_its_last_batch(bench: Bench, database: str) -> None:
    """What is kept of a run that may be killed is gone when it has ended; a dry run keeps nothing."""
    bench.load("rep_a", CUSTOMERS, table(range(5)), dry_run=True)
    assert dump(database)["crm_external_id"] == []
    bench.load("rep_a", CUSTOMERS, table(range(5)))
    found = dump(database)
    assert len(found["crm_external_id"]) == 5
    assert found["crm_import_run"] == []


def test_an_import_confirms_no_guess_at_a_hidden_name(bench: Bench) -> None:
    """Whether the file has the hidden name or another, what is there stays and the report is the same."""
    bench.load("rep_a", CUSTOMERS, table(range(2)))
    with bench.crm.session(bench.crm.system("rules")) as session:
        staff = next(role for role in session.find(Role, children=True) if role.name == "staff")
        rule = FieldRule(entity="Party", field_name="name", read=FieldReading.HIDDEN, write=True)
        session.change(staff, rules=[*staff.rules, rule])
    right = counts(bench.load("rep_a", CUSTOMERS, table(range(2))))
    wrong = counts(bench.load("rep_a", CUSTOMERS, table(range(2)).replace("Firm", "Works"), name="other.csv"))
    assert right == wrong == (0, 0, 2, 0)
    with bench.crm.view("lead_e") as session:
        assert sorted(one.name for one in session.find(Customer)) == ["Firm 0", "Firm 1"]
