"""An import is taken back as a whole, except what was touched since, which is listed (COR-24)."""

from __future__ import annotations

from typing import Any

import pytest
from revision.amending import policy

from pycrm import Activity, ActivityKind, Customer, InvalidError, NotFoundError, Product, Role
from pycrm.entities import Organization
from pycrm.exchange import ImportRevert, Left, book, imports, revert_import, touched

from .bench import CUSTOMER_HEAD, DEAL_HEAD, LINES, Bench, counts, dump, refusals

MAPPING = (
    CUSTOMER_HEAD
    + """\
phone = "Phone"
tax_id = { column = "Tax", empty = "keep" }
industry = { column = "Industry", empty = "keep" }
channel = { column = "Channel", empty = "keep" }
"""
)
HEAD = "No,Name,Phone,Tax,Industry,Channel\n"
DEALS = DEAL_HEAD + 'expected_close = { value = "2026-09-01" }\n'
WHY = "the wrong file"


def rows(*numbers: int, channel: str = "mail", industry: str = "Steel") -> str:
    """Customers with a telephone, a tax id, an industry and a channel."""
    return HEAD + "".join(f"{n},Firm {n},+49 {n},TAX{n},{industry},{channel}\n" for n in numbers)


def revert(bench: Bench, who: Any, report: Any, **options: Any) -> ImportRevert:
    """Take the import of a report back."""
    return revert_import(bench.crm, who, report.id, because=WHY, **options)


def told(found: ImportRevert) -> tuple[int, int, int, int]:
    """How many were put away, changed back, withdrawn and left."""
    return found.archived, found.changed, found.withdrawn, len(found.left)


def names(bench: Bench, who: Any = "rep_a") -> list[str]:
    """The customers that are found."""
    with bench.crm.view(who) as session:
        return sorted(one.name for one in session.find(Customer))


def firm(session: Any, number: int) -> Customer:
    """The customer of that row."""
    (found,) = session.find(Customer, Customer.name == f"Firm {number}", archived=True)
    return found  # type: ignore[no-any-return]


def test_what_an_import_added_is_put_away(bench: Bench) -> None:
    """Five customers come in two batches, and are found no more when their importer takes them back."""
    report = bench.load("rep_a", MAPPING, rows(1, 2, 3, 4, 5), batch=3)
    before = names(bench)
    found = revert(bench, "rep_a", report)
    assert told(found) == (5, 0, 0, 0)
    assert found.summary() == "5 put away, 0 changed back, 0 withdrawn, 0 left"
    assert [one for one in before if one not in names(bench)] == [f"Firm {n}" for n in range(1, 6)]
    with bench.crm.view("rep_a") as session:
        last = session.history(firm(session, 1))[0]
    assert (last.act, last.reason, last.source) == ("archive", WHY, "import")


def test_what_it_changed_is_changed_back(bench: Bench) -> None:
    """A second file gave one customer another channel and industry: it has the former ones again, and stays."""
    bench.load("rep_a", MAPPING, rows(1, 2))
    report = bench.load("rep_a", MAPPING, HEAD + "1,Firm 1,+49 1,,Glass,shop\n3,Firm 3,+49 3,,,\n")
    found = revert(bench, "rep_a", report)
    # The customer and what is known of it as an organisation are two records; the third firm is put away.
    assert told(found) == (1, 2, 0, 0)
    with bench.crm.view("rep_a") as session:
        one = firm(session, 1)
        facet = session.facet(one.party, Organization)
        assert facet is not None
        assert (one.channel, facet.industry, facet.tax_id) == ("mail", "Steel", "TAX1")
    assert {"Firm 1", "Firm 2"} <= set(names(bench))
    assert "Firm 3" not in names(bench)


def test_versions_of_a_customer_and_its_organisation_are_told_apart(bench: Bench) -> None:
    """Changed by hand before, a customer is at another version than what is known of it: each goes back to its own."""
    bench.load("rep_a", MAPPING, rows(1))
    with bench.crm.session("rep_a") as session:
        one = session.change(firm(session, 1), channel="fair")
        facet = session.facet(one.party, Organization)
        session.change(session.change(facet, employees=5), employees=7)
    report = bench.load("rep_a", MAPPING, rows(1, channel="shop", industry="Glass"))
    assert told(revert(bench, "rep_a", report)) == (0, 2, 0, 0)
    with bench.crm.view("rep_a") as session:
        one = firm(session, 1)
        facet = session.facet(one.party, Organization)
        assert facet is not None
        assert (one.channel, facet.industry, facet.employees) == ("fair", "Steel", 7)


def test_what_it_began_to_tell_of_a_customer_is_emptied(bench: Bench) -> None:
    """Of a customer nothing but a telephone was known; its industry and tax id go again, and come by the file again."""
    bare = HEAD + "1,Firm 1,+49 1,,,\n"
    more = bare.replace("+49 1,,,", "+49 1,TAX1,Steel,")
    bench.load("rep_a", MAPPING, bare)
    report = bench.load("rep_a", MAPPING, more, because="the register")
    assert told(revert(bench, "rep_a", report)) == (0, 1, 0, 0)
    seen = []
    for again in (False, True):
        if again:
            assert counts(bench.load("rep_a", MAPPING, more, because="the right file")) == (0, 1, 0, 0)
        with bench.crm.view("rep_a") as session:
            facet = session.facet(firm(session, 1).party, Organization)
            assert facet is not None
            seen.append((facet.tax_id, facet.industry))
    assert seen == [(None, None), ("TAX1", "Steel")]
    assert told(revert(bench, "rep_a", report)) == (0, 0, 0, 0)


def test_what_was_changed_since_is_listed_and_stays(bench: Bench) -> None:
    """Of three customers a colleague's leader renamed nothing, but the importer gave one a grade: it stays."""
    report = bench.load("rep_a", MAPPING, rows(1, 2, 3))
    with bench.crm.session("rep_a") as session:
        kept = session.change(firm(session, 2), channel="fair")
    found = revert(bench, "rep_a", report)
    assert told(found) == (2, 0, 0, 1)
    assert found.left == (Left("Customer", kept.id, "conflict", "it was changed since"),)
    assert "Firm 2" in names(bench)


def test_what_others_hang_on_is_listed_until_that_is_gone(bench: Bench) -> None:
    """A customer with a call stays; once its deals, imported later, are taken back it goes too."""
    report = bench.load("rep_a", MAPPING, rows(1, 2))
    deals = bench.load("rep_a", DEALS, "No,Name,Customer\n1,Steel,1\n", name="deals.csv")
    with bench.crm.session("rep_a") as session:
        two = firm(session, 2)
        talk = Activity(
            customer=two, kind=ActivityKind.CALL, summary="Asked for a price", started_at=session.now
        )
        session.add(talk)
    found = revert(bench, "rep_a", report)
    told_of = {one.reason for one in found.left}
    assert told_of == {"others hang on it since: Activity", "others hang on it since: Opportunity"}
    assert told(found) == (0, 0, 0, 2)
    assert told(revert(bench, "rep_a", deals)) == (1, 0, 0, 0)
    assert told(revert(bench, "rep_a", report)) == (1, 0, 0, 1)
    assert [one for one in names(bench) if one.startswith("Firm")] == ["Firm 2"]


def test_a_product_stays_that_stands_in_the_line_of_a_deal(bench: Bench) -> None:
    """Of two imported products one was offered since: links from lists hold a record as others do."""
    report = bench.stock("tea", "rice")
    bench.load("rep_a", MAPPING, rows(1))
    lines = "Deal,Product,Qty,Price\n1,tea,1,2.00\n"
    bench.load(
        "rep_a", DEALS + LINES, "No,Name,Customer\n1,Deal,1\n", name="deals.csv", files={"items": lines}
    )
    found = revert(bench, bench.crm.system("set-up"), report)
    assert told(found) == (1, 0, 0, 1)
    (left,) = found.left
    assert (left.entity, left.reason) == ("Product", "others hang on it since: Opportunity")
    with bench.crm.view("rep_a") as session:
        assert [one.code for one in session.find(Product)] == ["tea"]


def test_taken_back_twice_it_is_gone_once(bench: Bench) -> None:
    """A second time there is nothing to take back, neither of what was added nor of what was changed."""
    bench.load("rep_a", MAPPING, rows(1))
    report = bench.load("rep_a", MAPPING, rows(1, 2, channel="shop"))
    assert told(revert(bench, "rep_a", report)) == (1, 1, 0, 0)
    assert told(revert(bench, "rep_a", report)) == (0, 0, 0, 0)


def test_the_corrected_file_brings_the_records_back(bench: Bench) -> None:
    """What was taken back comes again by its key, with its tax id, as the corrected file says; and goes again."""
    report = bench.load("rep_a", MAPPING, rows(1, 2))
    revert(bench, "rep_a", report)
    again = bench.load("rep_a", MAPPING, rows(1, 2, channel="shop"))
    assert (counts(again), refusals(again)) == ((0, 2, 0, 0), [])
    with bench.crm.view("rep_a") as session:
        assert firm(session, 1).channel == "shop"
    assert told(revert(bench, "rep_a", again)) == (2, 0, 0, 0)
    assert "Firm 1" not in names(bench)


def test_what_people_put_away_does_not_come_back_by_a_file(bench: Bench) -> None:
    """A customer that somebody archived by hand is refused, as before."""
    bench.load("rep_a", MAPPING, rows(1))
    with bench.crm.session("lead_e") as session:
        session.archive(firm(session, 1))
    assert refusals(bench.load("rep_a", MAPPING, rows(1, channel="shop"))) == [(2, "conflict")]


def test_a_dry_run_tells_and_writes_nothing(bench: Bench, database: str) -> None:
    """It says what would be put away, changed back and left, and each table stays as it was."""
    bench.load("rep_a", MAPPING, rows(1))
    report = bench.load("rep_a", MAPPING, rows(1, 2, 3, channel="shop"))
    with bench.crm.session("rep_a") as session:
        session.change(firm(session, 3), channel="fair")
    before = dump(database)
    found = revert(bench, "rep_a", report, dry_run=True)
    assert told(found) == (1, 1, 0, 1)
    assert found.summary().endswith("(dry run, nothing written)")
    assert dump(database) == before


def test_importers_and_their_leaders_take_back_and_colleagues_do_not(bench: Bench) -> None:
    """To a colleague there is no such import; a leader sees it and takes it back."""
    report = bench.load("rep_a", MAPPING, rows(1))
    for stranger in ("rep_b", "rep_c", "lead_w"):
        assert imports(bench.crm, stranger) == []
        with pytest.raises(NotFoundError, match="no such import"):
            revert(bench, stranger, report)
    (listed,) = imports(bench.crm, "lead_e")
    assert (listed.id, listed.entity, listed.file, listed.is_reverted) == (
        report.id,
        "Customer",
        "table.csv",
        False,
    )
    assert told(revert(bench, "lead_e", report)) == (1, 0, 0, 0)
    assert [one.is_reverted for one in imports(bench.crm, "rep_a")] == [True]


def test_an_import_that_wrote_nothing_has_no_name(bench: Bench) -> None:
    """The same file again is no import to take back; a dry run is none either."""
    first = bench.load("rep_a", MAPPING, rows(1))
    assert bench.load("rep_a", MAPPING, rows(1)).id is None
    tried = bench.load("rep_a", MAPPING, rows(2), dry_run=True)
    assert tried.id is None
    with pytest.raises(NotFoundError, match="no such import"):
        revert(bench, "rep_a", tried)
    assert [one.id for one in imports(bench.crm, "rep_a")] == [first.id]


def test_who_may_not_put_records_away_takes_back_none(bench: Bench) -> None:
    """Staff who enter customers and may archive none are told so of each; their leader takes them back."""
    report = bench.load("rep_a", MAPPING, rows(1, 2))
    with bench.crm.session(bench.crm.system("policies")) as session:
        (role,) = session.find(Role, Role.name == "staff", children=True)
        session.change(role, grants=[one for one in role.grants if one.action != "delete"])
    found = revert(bench, "rep_a", report)
    assert (told(found), {one.code for one in found.left}) == ((0, 0, 0, 2), {"forbidden"})
    assert told(revert(bench, "lead_e", report)) == (2, 0, 0, 0)


def test_it_wants_a_reason(bench: Bench) -> None:
    """Without one nothing is taken back."""
    report = bench.load("rep_a", MAPPING, rows(1))
    with pytest.raises(InvalidError, match="say why"):
        revert_import(bench.crm, "rep_a", report.id, because="oh")
    assert "Firm 1" in names(bench)


def test_what_waits_for_agreement_is_withdrawn(bench: Bench) -> None:
    """An import asked for another tax id, on which nobody has decided: the amendment is withdrawn."""
    policy(bench.crm, "Organization.tax_id")
    bench.load("rep_a", MAPPING, rows(1))
    asked = bench.load(
        "rep_a", MAPPING, HEAD + "1,Firm 1,+49 1,TAX9,,\n", because="as the register has it", evidence=["r"]
    )
    assert asked.batch == asked.id
    assert told(revert(bench, "rep_a", asked)) == (0, 0, 1, 0)


def test_parts_that_nobody_keeps_are_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: were it not kept which revisions an import wrote, there would be nothing to take back."""
    monkeypatch.setattr(book, "keep_part", lambda *args, **more: None)
    report = bench.load("rep_a", MAPPING, rows(1))
    with pytest.raises(NotFoundError):
        revert(bench, "rep_a", report)


def test_changes_since_that_nobody_asks_for_are_noticed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: were it not asked what came after, the customer that was changed since would be put away."""

    def never(taking: Any) -> dict[Any, Any]:
        return {(one.entity, one.record): touched._Since() for one in taking._some}

    monkeypatch.setattr(touched._Taking, "_read_since", never)
    report = bench.load("rep_a", MAPPING, rows(1))
    with bench.crm.session("rep_a") as session:
        session.change(firm(session, 1), channel="fair")
    assert told(revert(bench, "rep_a", report)) == (1, 0, 0, 0)
