"""What becomes of each row of an import, and why: imported, updated, unchanged or refused."""

from __future__ import annotations

import gc
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Customer, InvalidError, Money, Opportunity, OrgUnit, Product, ProductCategory
from pycrm.entities import Activity, Organization, Party
from pycrm.exchange import Limits, Mapping, read_table

from .bench import CUSTOMER_HEAD, DEAL_HEAD, Bench, Tables, counts, dump, only, refusals

CUSTOMERS = (
    CUSTOMER_HEAD
    + """\
email = "Email"
"""
)
DEALS = DEAL_HEAD + 'expected_close = "Close"\n'


def customers(*rows: tuple[int, str, str]) -> str:
    """A table of customers: number, name, email."""
    return "No,Name,Email\n" + "".join(f"{number},{name},{email}\n" for number, name, email in rows)


def plain(numbers: range) -> str:
    """As many customers with an email of their own."""
    return customers(*((n, f"Firm {n}", f"firm{n}@example.com") for n in numbers))


def names(crm: CRM, login: str) -> list[str]:
    """The names of the customers that a person sees."""
    with crm.view(login) as session:
        return sorted(customer.name for customer in session.find(Customer))


def kept(database: str) -> Tables:
    """Every table but the count of answers about hidden records: a dry run gives those answers too."""
    return {name: rows for name, rows in dump(database).items() if name != "crm_probe"}


def test_cor_s8_a_dry_run_tells_what_the_run_does(bench: Bench, database: str) -> None:
    """Of 100 rows a dry run counts 90 new, 6 duplicates, 2 held elsewhere, 2 unreachable (COR-S8)."""
    for login, numbers in (("rep_a", range(6)), ("rep_b", range(6, 8))):
        with bench.crm.session(login) as session:
            for n in numbers:
                session.add(
                    Customer.organization(f"Known {n}", email=f"FIRM{n * 9}@example.com", source="exhibition")
                )
    rows = [(n, f"Firm {n}", "" if n in (40, 99) else f"firm{n}@example.com") for n in range(100)]
    duplicates, hidden, unreachable = [2 + n * 9 for n in range(6)], [56, 65], [42, 101]
    expected = sorted(
        [(line, "duplicate") for line in duplicates]
        + [(line, "held_elsewhere") for line in hidden]
        + [(line, "invalid") for line in unreachable]
    )
    before = kept(database)
    dry = bench.load("rep_a", CUSTOMERS, customers(*rows), dry_run=True)
    assert counts(dry) == (90, 0, 0, 10)
    assert refusals(dry) == expected
    assert dry.summary().endswith("(dry run, nothing written)")
    assert kept(database) == before
    report = bench.load("rep_a", CUSTOMERS, customers(*rows))
    assert (counts(report), refusals(report)) == (counts(dry), expected)
    assert len(names(bench.crm, "rep_a")) == 6 + 90
    # Of a hidden customer nothing is told but that somebody has it.
    told = [one for one in report.refused() if one.code == "held_elsewhere"]
    assert {one.reason for one in told} == {"already held elsewhere"}
    assert "Known" not in repr(told)
    assert "rep_b" not in repr(told)


def test_cor_e8_an_unknown_column_stops_before_any_row(bench: Bench, database: str) -> None:
    """A column that nobody mapped is named, and neither a dry run nor a run takes a row (COR-E8)."""
    before = dump(database)
    for options in ({"dry_run": True}, {}):
        with pytest.raises(InvalidError) as refused:
            bench.load("rep_a", CUSTOMERS, "No,Name,Email,Colour\n1,A,a@example.com,red\n", **options)
        assert "'Colour' is neither mapped nor ignored" in refused.value.message
        assert [problem.path for problem in refused.value.fields] == ["header/4"]
    assert dump(database) == before


def test_one_bad_row_spoils_no_other(bench: Bench) -> None:
    """Of 300 rows in one transaction the three that break a rule are refused, the others imported."""
    rows = [(n, f"Firm {n}", "no mailbox" if n in (0, 150, 299) else f"f{n}@example.com") for n in range(300)]
    report = bench.load("rep_a", CUSTOMERS, customers(*rows))
    assert counts(report) == (297, 0, 0, 3)
    assert refusals(report) == [(2, "invalid"), (152, "invalid"), (301, "invalid")]
    assert len(names(bench.crm, "rep_a")) == 297
    assert {one.reason for one in report.refused()} == {"expected an email address such as name@example.com"}


def test_the_owner_stands_in_the_file(bench: Bench) -> None:
    """A leader hands rows to the own people; a stranger, a leaver and a colleague are refused."""
    mapping = CUSTOMERS + 'owner = { column = "Owner", lookup = "User.login" }\n'
    table = "No,Name,Email,Owner\n"
    owners = ("rep_a", "rep_c", "rep_w", "", "nobody")
    table += "".join(f"{n},Firm {n},f{n}@example.com,{owner}\n" for n, owner in enumerate(owners))
    report = bench.load("lead_e", mapping, table)
    assert refusals(report) == [(4, "forbidden"), (6, "not_found")]
    assert [names(bench.crm, login) for login in ("rep_a", "rep_c", "rep_w")] == [["Firm 0"], ["Firm 1"], []]
    with bench.crm.view("lead_e") as session:
        (own,) = session.find(Customer, Customer.name == "Firm 3")
        (interval,) = session.owners(own)
        assert interval.user.id == session.actor.id
    # Staff may not hand records to others, even where the file says so.
    theirs = table.replace("Firm", "Company").replace("@", "@mail.")
    report = bench.load("rep_b", mapping.replace('"old"', '"other"'), theirs)
    assert refusals(report) == [(2, "forbidden"), (3, "forbidden"), (4, "forbidden"), (6, "not_found")]
    assert names(bench.crm, "rep_b") == ["Company 3"]


def test_dates_come_from_the_file(bench: Bench) -> None:
    """What happened years ago is imported with its day, which nobody could type in today."""
    bench.load("rep_a", CUSTOMERS, plain(range(1)))
    mapping = DEALS + 'closed_on = "Won"\nstage = { value = "won" }\n' + MONEY
    mapping = mapping.replace("[columns]", '[formats]\ndate = "%d.%m.%Y"\n[columns]')
    table = (
        "No,Name,Customer,Close,Won,Total\n1,Old deal,0,31.01.2019,29.02.2020,12.50\n2,B,0,30.02.2019,,1\n"
    )
    report = bench.load("rep_a", mapping, table)
    assert [(one.line, one.reason) for one in report.refused()] == [
        (3, "line 3, Close: '30.02.2019' does not have the format %d.%m.%Y")
    ]
    with bench.crm.view("rep_a") as session:
        (deal,) = session.find(Opportunity)
    assert (deal.expected_close, deal.closed_on) == (date(2019, 1, 31), date(2020, 2, 29))
    assert (deal.stage, deal.amount) == ("won", Money("12.50", "EUR"))


MONEY = 'amount = { column = "Total", money = "EUR" }\n'


def test_a_stage_is_reached_through_its_gate(bench: Bench) -> None:
    """A won deal without a day of closing is refused whole; one with it is moved there, and back on request."""
    bench.load("rep_a", CUSTOMERS, plain(range(1)))
    mapping = DEALS + 'closed_on = "Won"\nstage = "Stage"\n' + MONEY
    table = "No,Name,Customer,Close,Won,Total,Stage\n1,A,0,2026-07-01,,10,won\n2,B,0,2026-07-01,2026-07-01,10,{}\n"
    report = bench.load("rep_a", mapping, table.format("contacted"))
    assert refusals(report) == [(2, "gate")]
    with bench.crm.view("rep_a") as session:
        assert [(deal.name, deal.stage) for deal in session.find(Opportunity)] == [("B", "contacted")]
    assert counts(bench.load("rep_a", mapping, table.format("won"))) == (0, 1, 0, 1)
    report = bench.load("rep_a", mapping, table.format("contacted"))
    # Only leaders undo a win.
    assert refusals(report) == [(2, "gate"), (3, "forbidden")]


def test_references_by_natural_key_and_by_external_id(bench: Bench) -> None:
    """A product finds its category by name or by the other system's key; two of one name are ambiguous."""
    setup = bench.crm.system("set-up")
    head = 'entity = "{}"\nsource = "old"\nkey = "No"\n[columns]\nname = "Name"\n'
    bench.load(setup, head.format("ProductCategory"), "No,Name\n1,Food\n2,Drink\n")
    products = head.format("Product") + 'code = { text = "P{No}" }\nunit = { value = "box" }\n'
    by_name = products + 'category = { column = "Category", lookup = "ProductCategory.name" }\n'
    report = bench.load(setup, by_name, "No,Name,Category\n1,Rice,Food\n2,Ale, Drink \n3,Saw,Tools\n")
    assert refusals(report) == [(4, "not_found")]
    assert only(report).reason == "no ProductCategory with the name Tools"
    by_key = products + 'category = { column = "Category", lookup = "external", source = "old" }\n'
    report = bench.load(
        setup, by_key.replace('"old"\nkey', '"new"\nkey'), "No,Name,Category\n4,Tea,2\n5,Nail,7\n"
    )
    assert only(report).reason == "no ProductCategory with the key old:7"
    with bench.crm.view("rep_a") as session:
        categories = {one.id: one.name for one in session.find(ProductCategory)}
        found = {one.name: categories[one.category.id] for one in session.find(Product)}
    assert found == {"Rice": "Food", "Ale": "Drink", "Tea": "Drink"}
    bench.load("rep_a", CUSTOMERS, customers((1, "Twin", "a@example.com"), (2, "Twin", "b@example.com")))
    by_customer = DEALS.replace('lookup = "external"', 'lookup = "Customer.name"')
    report = bench.load("rep_a", by_customer, "No,Name,Customer,Close\n1,Deal,Twin,2026-07-01\n")
    assert only(report).reason == "more than one Customer with the name Twin"


@pytest.mark.parametrize("lookup", ["external", "Customer.name"])
def test_hidden_and_missing_references_are_one_answer(bench: Bench, lookup: str) -> None:
    """Who names a colleague's customer learns no more than who names one that does not exist (SCO-S2)."""
    bench.load("rep_b", CUSTOMERS, customers((7, "7", "seven@example.com")))
    mapping = DEALS.replace('lookup = "external"', f'lookup = "{lookup}"')
    table = "No,Name,Customer,Close\n1,Deal,7,2026-07-01\n2,Deal,8,2026-07-01\n"
    report = bench.load("rep_a", mapping, table)
    hidden, missing = report.refused()
    assert hidden.code == missing.code == "not_found"
    assert hidden.reason == missing.reason.replace("8", "7")
    assert repr(hidden.problems) == repr(missing.problems).replace("8", "7")
    # The same file in the hands of somebody who sees the customer: the reference leads somewhere.
    assert counts(bench.load("lead_e", mapping, table)) == (1, 0, 0, 1)


def test_a_row_may_name_one_before_it(bench: Bench) -> None:
    """A unit finds its parent in an earlier row; one that comes too early is taken by the next run."""
    mapping = (
        'entity = "OrgUnit"\nsource = "old"\nkey = "No"\n[columns]\nname = "Name"\ncode = "No"\n'
        'parent = { column = "Parent", lookup = "external" }\n'
    )
    table = "No,Name,Parent\nu3,Early,u4\nu1,Top,\nu2,Below,u1\nu4,Deep,u2\nu5,Self,u5\n"
    setup = bench.crm.system("set-up")
    dry = bench.load(setup, mapping, table, dry_run=True)
    assert refusals(dry) == [(2, "not_found"), (6, "not_found")]
    assert refusals(bench.load(setup, mapping, table)) == refusals(dry)
    again = bench.load(setup, mapping, table)
    assert (counts(again), refusals(again)) == ((1, 0, 3, 1), [(6, "not_found")])
    with bench.crm.view(setup) as session:
        units = {one.id: one for one in session.find(OrgUnit, OrgUnit.code.in_(["u1", "u2", "u3", "u4"]))}
        parents = {one.name: units[one.parent.id].name if one.parent else "" for one in units.values()}
    assert parents == {"Top": "", "Below": "Top", "Deep": "Below", "Early": "Deep"}


def test_children_from_the_row_from_the_next_rows_and_from_another_file(bench: Bench) -> None:
    """Telephone and fax, the lines that follow, and lines in a file of their own become children."""
    setup = bench.crm.system("set-up")
    with bench.crm.session(setup) as session:
        food = session.add(ProductCategory(name="Food"))
        session.add_all(
            [Product(code=code, name=code, category=food, unit="box") for code in ("tea", "rice")]
        )
    mapping = CUSTOMERS + "".join(
        f'[[children]]\nfield = "contacts"\ncolumns = {{ kind = {{ value = "{kind}" }}, value = "{column}" }}\n'
        for kind, column in (("phone", "Tel"), ("fax", "Fax"))
    )
    report = bench.load(
        "rep_a", mapping, "No,Name,Email,Tel,Fax\n1,A,a@example.com,+49 1,+49 2\n2,B,,+49 3,\n3,C,,,\n"
    )
    assert (refusals(report), only(report).reason) == (
        [(4, "invalid")],
        "a customer needs at least one way of contact",
    )
    with bench.crm.view("rep_a") as session:
        parties = {
            one.name: [p.value for p in one.contact_points] for one in session.find(Party, children=True)
        }
    assert parties == {"A": ["a@example.com", "+49 1", "+49 2"], "B": ["+49 3"]}
    lines = (
        'product = { column = "Product", lookup = "Product.code" }\nqty = "Qty"\n'
        'unit_price = { column = "Price", money = "EUR" }\n'
    )
    rows = DEALS + f'[[children]]\nfield = "lines"\nrows = true\n[children.columns]\n{lines}'
    table = (
        "No,Name,Customer,Close,Product,Qty,Price\n1,Rows,1,2026-07-01,tea,2,1.50\n1,Rows,1,2026-07-01,rice,0.5,4\n"
        "2,Bad,1,2026-07-01,tea,1,1\n2,Bad,1,2026-07-01,salt,1,1\n"
    )
    report = bench.load("rep_a", rows, table)
    assert [(p.path, p.message) for p in only(report).problems] == [
        ("lines/1/product", "no Product with the code salt")
    ]
    other = (
        DEALS + f'[[children]]\nfield = "lines"\nfile = "items"\nparent = "Deal"\n[children.columns]\n{lines}'
    )
    items = "Deal,Product,Qty,Price\n9,tea,1,1\n3,rice,1,0.01\n8,tea,1,1\n3,tea,3,2\n"
    table = "No,Name,Customer,Close\n3,File,1,2026-07-01\n"
    report = bench.load("rep_a", other, table, files={"items": items})
    assert counts(report) == (1, 0, 0, 2)
    assert [one.reason for one in report.refused()] == [
        "items, line 2: no row of the table has the key old:9",
        "items, line 4: no row of the table has the key old:8",
    ]
    with bench.crm.view("rep_a") as session:
        deals = {one.name: one for one in session.find(Opportunity, children=True)}
    assert {name: str(one.amount) for name, one in deals.items()} == {"Rows": "5.00 EUR", "File": "6.01 EUR"}
    assert [line.qty for line in deals["File"].lines] == [Decimal(1), Decimal(3)]


def test_every_kind_of_field(bench: Bench) -> None:
    """Enumerations, numbers, money, dates, truth values, lists, instants: each arrives as what it is."""
    mapping = CUSTOMERS + (
        'tax_id = "Tax"\nindustry = "Industry"\nemployees = { column = "Staff", thousands = "," }\n'
        'registered_capital = { column = "Capital", currency = "Cur", decimal = ",", thousands = "." }\n'
        'founded_on = "Founded"\nlisted = { column = "Listed", map = { j = "true", n = "false" } }\n'
        'signing_grade = "Grade"\nneeds = { column = "Needs", split = "|" }\nstrategic = "Strategic"\n'
    )
    head = "No,Name,Email,Tax,Industry,Staff,Capital,Cur,Founded,Listed,Grade,Needs,Strategic\n"
    table = head + (
        '1,Acme,a@example.com,91440300MA5F,Steel,"1,250","1.000.000,50",EUR,1907-03-01,j,B,Audit | Report,true\n'
        "2,Bare,b@example.com,,,,,,,,,,\n"
        "3,Bad,c@example.com,,,many,,,,x,E,,\n"
    )
    report = bench.load("rep_a", mapping, table)
    assert [problem.path for problem in only(report).problems] == [
        "line/4/Staff",
        "line/4/Listed",
        "line/4/Grade",
    ]
    with bench.crm.view("rep_a") as session:
        acme, bare = session.find(Customer, order=Customer.name)
        detail = session.facet(acme.party, Organization)
        # Of the other nothing is known that an organisation has.
        assert session.facet(bare.party, Organization) is None
    assert (acme.signing_grade, acme.needs, acme.strategic) == ("B", ("Audit", "Report"), True)
    assert (bare.signing_grade, bare.needs, bare.strategic) == (None, (), False)
    assert detail is not None
    assert (detail.tax_id, detail.industry, detail.employees) == ("91440300MA5F", "Steel", 1250)
    assert (detail.registered_capital, detail.founded_on) == (Money("1000000.50", "EUR"), date(1907, 3, 1))
    assert detail.listed
    activities = (
        'entity = "Activity"\nsource = "old"\nkey = "No"\n[columns]\nkind = "Kind"\nsummary = "What"\n'
        'customer = { column = "Customer", lookup = "external" }\n'
        'started_at = { column = "When", timezone = "Asia/Shanghai" }\n'
    )
    report = bench.load(
        "rep_a", activities, "No,Kind,What,Customer,When\n1,call,Asked for an offer,1,2026-06-29 09:30\n"
    )
    assert refusals(report) == []
    with bench.crm.view("rep_a") as session:
        (call,) = session.find(Activity)
    assert call.started_at.isoformat() == "2026-06-29T01:30:00+00:00"


def test_a_chinese_file_in_its_own_encoding(bench: Bench) -> None:
    """A file that was saved on a Chinese Windows is imported when the mapping names GB18030."""
    mapping = CUSTOMERS.replace("\n[columns]", '\nencoding = "gb18030"\n[columns]').replace(
        '"Name"', '"名称"'
    )
    table = "No,名称,Email\n1,深圳市宏达物流有限公司,a@example.com\n2,𠮷野家,b@example.com\n"
    assert counts(bench.load("rep_a", mapping, table.encode("gb18030"))) == (2, 0, 0, 0)
    assert names(bench.crm, "rep_a") == ["深圳市宏达物流有限公司", "𠮷野家"]
    with pytest.raises(InvalidError, match="is not UTF-8"):
        bench.load("rep_a", CUSTOMERS.replace('"Name"', '"名称"'), table.encode("gb18030"))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (('"Customer"', '"Costumer"'), "entity"),
        (('"Customer"', '"ContactPoint"'), "entity"),
        (('"organization"', '"organisation"'), "make"),
        (('name = "Name"', 'nme = "Name"'), "columns/name"),
        (('email = "Email"', 'mail = "Email"'), "columns/mail"),
        (("Source.name", "Source.nme"), "columns/source/lookup"),
        (("Source.name", "Place.name"), "columns/source/lookup"),
        (("Source.name", "Region.name"), "columns/source"),
        (('key = "No"', 'key = "Number"'), "header"),
        (("[columns]", "[colums]"), "columns"),
        (('email = "Email"', 'email = { column = "Email", money = "EUR" }'), "columns/email"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_before_any_row(
    bench: Bench, database: str, change: tuple[str, str], path: str
) -> None:
    """The author of a mapping is told the place of the mistake, and nothing is written, no report either."""
    before = dump(database)
    mapping = CUSTOMERS.replace(*change)
    assert mapping != CUSTOMERS
    with pytest.raises(InvalidError) as refused:
        bench.load("rep_a", mapping, plain(range(3)), report_path=bench.folder / "report.csv")
    assert path in [problem.path for problem in refused.value.fields]
    assert dump(database) == before
    assert not (bench.folder / "report.csv").exists()


def test_who_may_not_add_records_imports_none(bench: Bench, database: str) -> None:
    """Staff who import products have each row refused, since the catalogue is not theirs to keep."""
    bench.load(bench.crm.system("set-up"), CATEGORIES, "No,Name\n1,Food\n")
    before = dump(database)
    report = bench.load("rep_a", CATEGORIES.replace('"old"', '"mine"'), "No,Name\n1,Drink\n2,Tools\n")
    assert refusals(report) == [(2, "forbidden"), (3, "forbidden")]
    assert dump(database) == before


CATEGORIES = 'entity = "ProductCategory"\nsource = "old"\nkey = "No"\n[columns]\nname = "Name"\n'


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_report_file_holds_what_was_refused(bench: Bench, suffix: str) -> None:
    """Line, key, code and reason of each refused row stand in the file, for a spreadsheet or a program."""
    path = bench.folder / f"report.{suffix}"
    table = customers((1, "A", "a@example.com"), (2, "=cmd()", "nowhere"), (3, "", "c@example.com"))
    report = bench.load("rep_a", CUSTOMERS, table, report_path=path, batch=1)
    if suffix == "csv":
        with read_table(path) as found:
            lines = [(int(row.values[0]), *row.values[1:4]) for row in found]
    else:
        loaded = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines = [(one["line"], one["verdict"], one["key"], one["code"]) for one in loaded]
    assert lines == [(3, "refused", "old:2", "invalid"), (4, "refused", "old:3", "invalid")]
    assert [one.reason for one in report.refused()][1] == "Party: name: a value is required"


def test_progress_is_told_after_each_batch(bench: Bench) -> None:
    """A progress bar is told bytes that only grow, and ends at the size of the file."""
    told: list[tuple[int, Any]] = []
    table = plain(range(25))
    bench.load("rep_a", CUSTOMERS, table, batch=10, progress=lambda done, total: told.append((done, total)))
    assert len(told) == 3
    assert [total for _, total in told] == [len(table)] * 3
    assert told == sorted(told)
    assert told[-1][0] == len(table)


def test_a_table_that_breaks_off_keeps_what_stands_before(bench: Bench) -> None:
    """A quote that is never closed stops the import there; mended, the rest follows."""
    broken = plain(range(30)) + '30,"Open,x@example.com\n'
    with pytest.raises(InvalidError):
        bench.load("rep_a", CUSTOMERS, broken, batch=10, limits=Limits(row_bytes=1000))
    kept = len(names(bench.crm, "rep_a"))
    assert kept % 10 == 0
    report = bench.load("rep_a", CUSTOMERS, broken.replace('"Open', "Closed"), batch=10)
    assert counts(report) == (31 - kept, 0, kept, 0)
    with pytest.raises(InvalidError, match="at least one record"):
        bench.load("rep_a", CUSTOMERS, broken, batch=0)


def test_the_page_shows_the_mappings_that_it_runs() -> None:
    """Whoever copies a mapping from the how-to page has the one that the page was tried with."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "import-a-table.md").read_text("utf-8")
    shown = [Mapping.parse(text) for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    written = re.findall(r"\.toml\"\)\.write_text\('''(.*?)'''", page, re.DOTALL)
    assert len(shown) == 2
    assert shown == [Mapping.parse(text) for text in written]


def test_the_collector_of_cycles_is_left_as_it_was(bench: Bench) -> None:
    """Whoever imports finds the garbage collector on or off as before, even after a refused file."""
    was_enabled = gc.isenabled()
    try:
        for switch, expected in ((gc.enable, True), (gc.disable, False)):
            switch()
            bench.load("rep_a", CUSTOMERS, plain(range(3)), dry_run=True)
            assert gc.isenabled() is expected
            bench.load("rep_a", CUSTOMERS, plain(range(3)))
            assert gc.isenabled() is expected
            with pytest.raises(InvalidError, match="quote"):
                bench.load("rep_a", CUSTOMERS, plain(range(3)) + '9,"never closed\n')
            assert gc.isenabled() is expected
    finally:
        (gc.enable if was_enabled else gc.disable)()
