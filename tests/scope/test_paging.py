"""Pages of lists: no record twice, none lost, and a cursor that is good for one list only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import (
    CRM,
    ContactPoint,
    Customer,
    DeclarationError,
    Field,
    InvalidError,
    Opportunity,
    Organization,
    Party,
    Record,
    Source,
    field,
    owned,
)
from pycrm.entities.party import ContactPointKind, PartyKind
from pycrm.scope import paging

from .compare import walk


@pytest.fixture(autouse=True)
def cast(crm: CRM) -> Any:
    """The people of the catalogue."""
    return enterprise(crm)


def file(crm: CRM, login: str, names: list[str]) -> None:
    """Somebody files customers of these names."""
    phone = [ContactPoint(kind=ContactPointKind.PHONE, value="0574 8712 3456")]
    with crm.session(login) as session:
        source = session.named(Source, "exhibition")
        parties = [Party(kind=PartyKind.ORGANIZATION, name=name, contact_points=phone) for name in names]
        made = session.add_all(parties)
        session.add_all(Customer(party=party, source=source) for party in made)


def cursor_of(session: Any, *conditions: Any, cls: Any = Customer, **options: Any) -> str:
    """The cursor after the first record of a list."""
    found = session.page(cls, *conditions, **({"size": 1} | options)).next
    assert found is not None
    return str(found)


def refused(session: Any, cursor: Any, *conditions: Any, cls: Any = Customer, **options: Any) -> bool:
    """Whether the cursor is refused for this list, as belonging to another."""
    try:
        session.page(cls, *conditions, after=cursor, **({"size": 1} | options))
    except InvalidError as error:
        return [problem.path for problem in error.fields] == ["after"]
    return False


def test_a_cursor_that_was_touched_is_refused(crm: CRM) -> None:
    """Whoever changes, cuts or pads a cursor anywhere is refused, whatever its length."""
    file(crm, "rep_a", ["一家公司", "b", "c"])
    with crm.view("rep_a") as session:
        cursor = cursor_of(session, order=Customer.name)
        assert not refused(session, cursor, order=Customer.name)
        touched = [cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
                   for at in range(len(cursor))]  # fmt: skip
        touched += [cursor[:at] + cursor[at + 1 :] for at in range(len(cursor))]
        touched += [cursor[:at] + extra + cursor[at:] for at in (0, 9, len(cursor)) for extra in "!=\n \x00A"]
        for one in touched:
            assert refused(session, one, order=Customer.name), one


def test_naughty_cursors_are_refused(crm: CRM) -> None:
    """A cursor that is empty, huge, of another type or full of strange signs is refused in words."""
    file(crm, "rep_a", ["a", "b"])
    with crm.view("rep_a") as session:
        naughty: list[Any] = ["", "=", "A", "null", "[]", "{}", "' OR 1=1 --", "\x00", "\ud800", "游标", "🙂"]
        naughty += ["A" * 10_000_000, "-_-_", b"AAAA", 5, True, [], {}, object()]
        for one in naughty:
            assert refused(session, one), one
        assert len(session.page(Customer, after=None)) == 2


def test_a_cursor_is_good_for_its_list_only(crm: CRM) -> None:
    """Another person, filter, order, direction or class refuses a cursor; another size takes it."""
    for login in ("rep_a", "rep_b"):
        file(crm, login, ["a", "b", "c"])
    with crm.view("rep_b") as session:
        theirs = cursor_of(session, order=Customer.name)
    with crm.view("rep_a") as session:
        mine = cursor_of(session, order=Customer.name)
        assert not refused(session, mine, order=Customer.name, size=2)
        assert refused(session, theirs, order=Customer.name)
        assert refused(session, mine)
        assert refused(session, mine, order=Customer.name.desc())
        assert refused(session, mine, Customer.name != "z", order=Customer.name)
        assert refused(session, mine, cls=Opportunity)
        filtered = cursor_of(session, Customer.name != "z")
        assert not refused(session, filtered, Customer.name != "z")
        assert refused(session, filtered, Customer.name != "y")
        assert refused(session, filtered, Customer.name == "z")
        assert refused(session, filtered)
        among = cursor_of(session, Customer.name.in_(["a", "b"]))
        assert not refused(session, among, Customer.name.in_(["a", "b"]))
        assert refused(session, among, Customer.name.in_(["a", "c"]))


def test_a_filter_by_a_record_is_a_filter_of_its_own(crm: CRM) -> None:
    """A cursor of a list without one party is refused for the list without another that looks alike."""
    file(crm, "rep_a", ["twin"] * 4)
    with crm.session("rep_a") as session:
        one, other, *_ = session.find(Party)
        assert repr(one) == repr(other)
        cursor = cursor_of(session, Customer.party != one)
        assert not refused(session, cursor, Customer.party != one)
        assert not refused(session, cursor, Customer.party != one.ref)
        assert refused(session, cursor, Customer.party != other)


def test_a_page_has_a_size(crm: CRM) -> None:
    """A page holds 1 to 500 records, and what is no whole number is refused."""
    file(crm, "rep_a", [f"{at:03}" for at in range(501)])
    with crm.view("rep_a") as session:
        for size in (0, -1, 501, 10**9, True, "5", 2.5, None):
            with pytest.raises(InvalidError, match="1 to 500"):
                session.page(Customer, size=size)
        assert len(session.page(Customer, size=500)) == 500
        assert len(walk(session, Customer, order=Customer.name, size=500)) == 501


def test_equal_names_are_told_apart_by_id(crm: CRM) -> None:
    """Seven customers of one name come page by page, each once, in the order of their ids, both ways."""
    file(crm, "rep_a", ["same"] * 7)
    with crm.view("rep_a") as session:
        ids = sorted(customer.id for customer in session.find(Customer))
        for size in (1, 2, 3, 7, 8):
            rising = walk(session, Customer, order=Customer.name, size=size)
            falling = walk(session, Customer, order=Customer.name.desc(), size=size)
            assert [one.id for one in rising] == ids
            assert [one.id for one in falling] == ids[::-1]


def test_without_the_id_equal_names_would_be_lost(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the next page to begin after the name alone, the test above would miss six of seven."""

    def after_the_value(spec: Any, column: Any, id: Any, at: Any, falling: bool) -> Any:
        value = paging.sa.bindparam("at_value", None, type_=column.type, required=True)
        return column < value if falling else column > value

    monkeypatch.setattr(paging, "_beyond", after_the_value)
    file(crm, "rep_a", ["same"] * 7)
    with crm.view("rep_a") as session:
        cursor = cursor_of(session, order=Customer.name)
        assert session.page(Customer, order=Customer.name, after=cursor).items == []


def test_without_the_seal_a_touched_cursor_would_pass(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the seal not compared, another person's cursor would be taken."""
    always = SimpleNamespace(compare_digest=lambda one, other: True)
    monkeypatch.setattr(paging, "hmac", always)
    file(crm, "rep_a", ["a", "b"])
    file(crm, "rep_b", ["a", "b"])
    with crm.view("rep_b") as session:
        theirs = cursor_of(session)
    with crm.view("rep_a") as session:
        assert not refused(session, theirs)


@pytest.mark.parametrize("name", ["一" * 300, "🙂" * 300, "\x01" * 300, "'\"\\" * 100])
def test_a_cursor_holds_the_longest_name(crm: CRM, name: str) -> None:
    """A name of 300 signs of any script, and of signs that JSON escapes, leads to the next page."""
    file(crm, "rep_a", [name] * 3)
    with crm.view("rep_a") as session:
        assert len(walk(session, Customer, order=Customer.name, size=1)) == 3


def test_lists_are_not_ordered_by_what_may_be_empty(crm: CRM) -> None:
    """A field that may be empty is refused as an order, where it is declared and where it is asked for."""
    with pytest.raises(DeclarationError, match="may be empty"):

        class _Loose(Record, table="test_loose", scope=owned()):
            """A record in no order."""

            rank: Field[int | None] = field("Rank", default=None, order=True)

    with crm.view("rep_a") as session:
        for order in (Customer.channel, Customer.channel.desc(), Customer.code, Opportunity.amount):
            with pytest.raises(InvalidError):
                session.page(Customer, order=order)


def test_facets_come_in_the_order_of_their_records(crm: CRM) -> None:
    """What is kept of others' records is paged by their keys."""
    file(crm, "rep_a", [])
    with crm.session("rep_a") as session:
        for number in range(3):
            draft = Customer.organization(
                f"Firm {number}", mobile=f"1380000000{number}", source="exhibition", industry="steel"
            )
            session.add(draft)
        hosts = sorted(party.id for party in session.find(Party))
        given = walk(session, Organization, order=None, size=2)
        assert [facet.id for facet in given] == hosts


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(st.sampled_from("abcde"), min_size=1, max_size=6),
    between=st.lists(st.lists(st.sampled_from("abcde"), max_size=2), max_size=4),
    size=st.integers(1, 3),
    falling=st.booleans(),
)
def test_new_records_between_pages_disturb_none(
    crm: CRM, first: list[str], between: list[list[str]], size: int, falling: bool
) -> None:
    """Whatever is filed between two pages: nothing comes twice, and nothing filed before is lost."""
    with crm.view("rep_a") as session:
        strangers = {customer.id for customer in session.find(Customer)}
    file(crm, "rep_a", first)
    order = Customer.name.desc() if falling else Customer.name
    with crm.view("rep_a") as session:
        there = {customer.id for customer in session.find(Customer)}
        page = session.page(Customer, order=order, size=size)
    seen = list(page.items)
    late = list(between)
    while page.next is not None:
        if late:
            file(crm, "rep_a", late.pop())
        with crm.view("rep_a") as session:
            page = session.page(Customer, order=order, size=size, after=page.next)
        seen += page.items
    ids = [customer.id for customer in seen]
    assert len(ids) == len(set(ids))
    assert there | strangers <= set(ids)
    names = [customer.name for customer in seen]
    assert names == sorted(names, reverse=falling)
