"""What a reader may ask by, and that nothing else reaches the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from house import Cast, enterprise
from sqlalchemy import event

from pycrm import (
    CRM,
    Contact,
    Customer,
    Facet,
    Field,
    InvalidError,
    Lead,
    Link,
    Money,
    NotFoundError,
    Opportunity,
    Organization,
    Party,
    Plugin,
    Product,
    Record,
    Role,
    field,
    link,
    owned,
    through,
)
from pycrm.entities import Grant, UnitClosure
from pycrm.revision.model import ChangeRow, Claim, RevisionRow, Setting
from pycrm.scope import gateway, predicate
from pycrm.store import Transaction


class Stranger(Record, table="stranger_thing", scope=owned()):
    """A record of some other CRM's plugin."""

    name: Field[str] = field("Name", order=True)
    customer: Link[Customer] = link("Customer")


class Deal(Record, table="trade_deal", scope=through("buyer")):
    """A record that two links lead from to customers."""

    buyer: Link[Customer] = link("Buyer")
    seller: Link[Customer] = link("Seller")


class Rating(Facet, table="trade_rating", of=Customer):
    """What the plugin keeps of customers."""

    points: Field[int] = field("Points")
    note: Field[str | None] = field("Note", default=None)


class Trade(Plugin):
    """Trade"""

    name = "trade"
    records = (Deal,)
    facets = (Rating,)


@attrs.define
class Counter:
    """Counts the statements that go to the database."""

    statements: int = 0


@pytest.fixture
def sent(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """The statements that were sent since the test began, through SQLAlchemy or to the driver."""
    counter, run = Counter(), Transaction.run

    def counting(transaction: Transaction, *given: Any) -> Any:
        counter.statements += 1
        return run(transaction, *given)

    def executed(*given: Any) -> None:
        counter.statements += 1

    monkeypatch.setattr(Transaction, "run", counting)
    event.listen(crm.store.engine, "before_cursor_execute", executed)
    return counter


CUSTOMERS: dict[str, dict[str, Any]] = {
    "Ningbo Pump": {"channel": "fair", "mobile": "13800000001", "industry": "pumps"},
    "Hongda 100%": {"channel": None, "mobile": "13800000002", "strategic": True},
    "hongda_works": {"channel": "web", "mobile": "13800000003", "industry": "steel"},
}


@pytest.fixture
def cast(crm: CRM) -> Cast:
    """`rep_a` has three customers and two opportunities; one more is at a customer of `rep_b`."""
    people = enterprise(crm)
    with crm.session("rep_b") as session:
        hidden = session.add(Customer.organization("Secret Valve", mobile="13800000009", source="exhibition"))
    with crm.session("rep_a") as session:
        for name, details in CUSTOMERS.items():
            session.add(Customer.organization(name, source="exhibition", **details))
        pump = session.find(Customer, Customer.name == "Ningbo Pump")[0]
        for name, amount, close in (("small", "10.00", 1), ("large", "900.50", 20)):
            deal = Opportunity(
                customer=pump, name=name, amount=Money(amount, "CNY"), expected_close=date(2027, 1, close)
            )
            session.add(deal)
    with crm.session("rep_b") as session:
        elsewhere = Opportunity(customer=hidden, name="elsewhere", expected_close=date(2027, 2, 1))
        session.add(elsewhere)
    with crm.session("dir") as session:
        child = Opportunity(customer=hidden, name="child", expected_close=date(2027, 3, 1))
        session.add(child, owner=people.people["rep_a"])
    return people


def names(records: list[Any]) -> list[str]:
    """The names of records, sorted."""
    return sorted(record.name for record in records)


NINGBO, HONGDA, WORKS = CUSTOMERS
ACCEPTED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "equal": (lambda: Customer.name == NINGBO, [NINGBO]),
    "turned": (lambda: sa.literal(NINGBO) == Customer.name, [NINGBO]),
    "unequal": (lambda: Customer.name != NINGBO, [HONGDA, WORKS]),
    "above": (lambda: Customer.version > 1, []),
    "at most": (lambda: Customer.version <= 1, [HONGDA, NINGBO, WORKS]),
    "between": (lambda: Customer.version.between(1, 2), [HONGDA, NINGBO, WORKS]),
    "in": (lambda: Customer.name.in_([NINGBO, WORKS, "?"]), [NINGBO, WORKS]),
    "in nothing": (lambda: Customer.name.in_([]), []),
    "not in": (lambda: Customer.name.not_in([NINGBO]), [HONGDA, WORKS]),
    "empty": (lambda: Customer.channel.is_(None), [HONGDA]),
    "equal to nothing": (lambda: Customer.channel == None, [HONGDA]),  # noqa: E711
    "filled": (lambda: Customer.channel.is_not(None), [NINGBO, WORKS]),
    "distinct": (lambda: Customer.channel.is_distinct_from("web"), [HONGDA, NINGBO]),
    "begins": (lambda: Customer.name.startswith("Ning"), [NINGBO]),
    "contains": (lambda: Customer.name.contains("100%", autoescape=True), [HONGDA]),
    "ends": (lambda: Customer.name.endswith("works"), [WORKS]),
    "like": (lambda: Customer.name.like("%\\_works", escape="\\"), [WORKS]),
    "either case": (lambda: Customer.name.ilike("HONGDA%"), [HONGDA, WORKS]),
    "true": (lambda: Customer.strategic, [HONGDA]),
    "is true": (lambda: Customer.strategic == True, [HONGDA]),  # noqa: E712
    "not true": (lambda: ~Customer.strategic, [NINGBO, WORKS]),
    "and": (lambda: sa.and_(Customer.channel == "web", Customer.version == 1), [WORKS]),
    "or": (lambda: (Customer.channel == "web") | (Customer.channel == "fair"), [NINGBO, WORKS]),
    "not or": (lambda: ~((Customer.channel == "web") | (Customer.channel == "fair")), []),
    "two fields": (lambda: Customer.channel != Customer.name, [NINGBO, WORKS]),
    "anything": (lambda: sa.true(), [HONGDA, NINGBO, WORKS]),
    "nothing": (lambda: sa.false(), []),
    "enumeration": (lambda: Customer.kind == "organization", [HONGDA, NINGBO, WORKS]),
    "link": (lambda: Party.name == NINGBO, [NINGBO]),
}


@pytest.mark.parametrize("title", ACCEPTED)
def test_people_ask_by_fields_and_values(crm: CRM, cast: Cast, title: str) -> None:
    """A salesperson finds the own customers by their fields, in the words of SQLAlchemy."""
    make, expected = ACCEPTED[title]
    with crm.view("rep_a") as session:
        assert names(session.find(Customer, make())) == expected
        assert session.count(Customer, make()) == len(expected)
        assert names(session.page(Customer, make(), size=50).items) == expected


MONEY: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "more": (lambda: Opportunity.amount > Money("10.00", "CNY"), ["large"]),
    "as much": (lambda: Opportunity.amount == Money("900.50", "CNY"), ["large"]),
    "between": (lambda: Opportunity.amount.between(Money(1, "CNY"), Money(10, "CNY")), ["small"]),
    "none": (lambda: Opportunity.amount.is_(None), ["child"]),
    "other currency": (lambda: Opportunity.amount > Money(1, "USD"), []),
    "date": (lambda: Opportunity.expected_close < date(2027, 1, 20), ["small"]),
    "of the customer": (lambda: Customer.name == NINGBO, ["large", "small"]),
    "of what links twice removed": (lambda: Opportunity.stage == "new", []),
}


@pytest.mark.parametrize("title", MONEY)
def test_people_ask_by_amounts_dates_and_links(crm: CRM, cast: Cast, title: str) -> None:
    """A salesperson finds opportunities by money, dates and fields of their customers."""
    make, expected = MONEY[title]
    with crm.view("rep_a") as session:
        assert names(session.find(Opportunity, make())) == expected


def test_links_take_records_references_and_ids(crm: CRM, cast: Cast) -> None:
    """An opportunity is found by its customer, given as a record, a reference or an id."""
    with crm.view("rep_a") as session:
        (pump,) = session.find(Customer, Customer.name == NINGBO)
        for given in (pump, pump.ref, pump.id):
            assert names(session.find(Opportunity, Opportunity.customer == given)) == ["large", "small"]
            assert names(session.find(Opportunity, Opportunity.customer.in_([given]))) == ["large", "small"]


def test_facets_of_the_class_are_asked_by(crm: CRM, cast: Cast) -> None:
    """A party is found by what its organisation holds; a link does not lead on to a facet."""
    with crm.view("rep_a") as session:
        assert names(session.find(Party, Organization.industry == "pumps")) == [NINGBO]
        with pytest.raises(InvalidError):
            session.find(Customer, Organization.industry == "pumps")


def _crafted() -> Any:
    column = sa.Column("name", sa.Text())
    column.table = Customer.__table__
    return column == "x"


REFUSED: dict[str, Callable[[], Any]] = {
    "exists": lambda: sa.select(Customer.id).where(Customer.name == "x").exists(),
    "in a select": lambda: Customer.id.in_(sa.select(Customer.id)),
    "equal to a select": lambda: Customer.id == sa.select(Customer.id).limit(1).scalar_subquery(),
    "a select below and": lambda: sa.and_(Customer.version == 1, sa.select(Customer.id).exists()),
    "text": lambda: sa.text("1 = 1"),
    "text below or": lambda: sa.or_(Customer.name == "x", sa.text("1 = 1")),
    "literal column": lambda: sa.literal_column("1") == 1,
    "bare column": lambda: sa.column("name") == "x",
    "crafted column": _crafted,
    "function": lambda: sa.func.lower(Customer.name) == "x",
    "alias": lambda: Customer.__table__.alias().c.name == "x",
    "class without a link": lambda: Product.name == "x",
    "class that links here": lambda: Opportunity.name == "x",
    "own books": lambda: ChangeRow.changes.contains("x"),
    "class not registered": lambda: Stranger.name == "x",
    "operator as text": lambda: Customer.name.op("||")("x"),
    "boolean operator as text": lambda: Customer.name.bool_op("=")("x"),
    "pattern of the database": lambda: Customer.name.regexp_match("(a+)+$"),
    "replacing": lambda: Customer.name.regexp_replace("(a+)+$", "") == "x",
    "full text": lambda: Customer.name.match("x"),
    "cast": lambda: sa.cast(Customer.version, sa.Text) == "1",
    "type": lambda: sa.type_coerce(Customer.version, sa.Text) == "1",
    "label": lambda: Customer.name.label("x") == "x",
    "collation": lambda: Customer.name.collate("C") == "x",
    "case": lambda: sa.case((Customer.version == 1, 1), else_=2) == 1,
    # What can fail on one row and not on another tells what that row holds.
    "division": lambda: 1 / (Customer.version - 1) == 1,
    "sum out of range": lambda: Customer.version + (2**63 - 1) > 0,
    "negation": lambda: -Customer.version < 0,
    "joined texts": lambda: Customer.name + "x" == "x",
    "modulo": lambda: Customer.version % 1 == 0,
    "escape at the end": lambda: Customer.name.like("Secret\\"),
    "own escape at the end": lambda: Customer.name.endswith("Secret/", escape="/"),
    "pattern out of a field": lambda: Customer.name.like(Customer.channel),
    "long escape": lambda: Customer.name.like("x", escape="//"),
    # Names of parameters could stand in for those of the scope.
    "named parameter": lambda: Customer.name == sa.bindparam("scope_0", "x"),
    "called parameter": lambda: Customer.name == sa.bindparam(None, callable_=lambda: "x", unique=True),
    "typed parameter": lambda: Customer.name == sa.literal("x", sa.LargeBinary()),
    "literal parameter": lambda: Customer.name == sa.bindparam(None, "x", unique=True, literal_execute=True),
    "tuple": lambda: sa.tuple_(Customer.name, Customer.channel) == ("x", "y"),
    "any of a select": lambda: Customer.id == sa.any_(sa.select(Customer.id).scalar_subquery()),
    "text field as a condition": lambda: Customer.name,
    "python's true": lambda: True,
    "python's text": lambda: "name = 'x'",
    "nothing at all": lambda: None,
    "a class": lambda: Customer,
    "a table": lambda: Customer.__table__,
}
ENTRANCES: dict[str, Callable[[Any, Any], Any]] = {
    "find": lambda session, condition: session.find(Customer, condition),
    "page": lambda session, condition: session.page(Customer, condition),
    "count": lambda session, condition: session.count(Customer, condition),
    "by stage": lambda session, condition: session.by_stage(Opportunity, condition),
    "sum": lambda session, condition: session.sum(Opportunity.amount, condition),
}


@pytest.mark.parametrize("title", REFUSED)
def test_everything_else_is_refused_before_it_is_sent(
    crm: CRM, cast: Cast, sent: Counter, title: str
) -> None:
    """Whoever asks by anything but fields and values is refused by every verb, before SQL is sent."""
    with crm.view("rep_a") as session:
        before = sent.statements
        for ask in ENTRANCES.values():
            with pytest.raises(InvalidError):
                ask(session, REFUSED[title]())
        assert sent.statements == before
        session.find(Customer, Customer.name == "x")
        assert sent.statements == before + 1


class Lenient:
    """A grammar that takes whatever comes."""

    def __init__(self, admit: Any) -> None: ...

    def truth(self, part: Any) -> None: ...


def test_without_the_grammar_conditions_would_pass(
    crm: CRM, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were conditions not walked, not one of them would be refused as such."""
    monkeypatch.setattr(gateway, "Grammar", Lenient)
    for make in REFUSED.values():
        try:
            with crm.view("rep_a") as session:
                session.find(Customer, make())
        except InvalidError as error:
            raise AssertionError("refused all the same") from error
        except Exception:
            continue


WRONG: dict[str, Callable[[], Any]] = {
    "id": lambda: Customer.id == "nonsense",
    "customer": lambda: Opportunity.customer == 5,
    "expected_close": lambda: Opportunity.expected_close > "2026-01-01",
    "stage_at": lambda: Opportunity.stage_at > date(2026, 1, 1),
    "version": lambda: Customer.version == 2**63,
    "name": lambda: Customer.name == "a\x00b",
    "channel": lambda: Customer.channel == "\ud800",
    "code": lambda: Customer.code == 5,
    "kind": lambda: Customer.kind.in_(["organization", 5]),
    "strategic": lambda: Customer.strategic == 1,
    "needs": lambda: Customer.needs.contains("x"),
    "source": lambda: Customer.source == Customer.name,
    "amount": lambda: Opportunity.__table__.c.amount > Decimal("1.5"),
    "updated_by": lambda: Customer.updated_by.like("x%"),
    "lifecycle": lambda: Customer.lifecycle == Customer.version,
}


@pytest.mark.parametrize("path", WRONG)
def test_values_fit_their_fields(crm: CRM, cast: Cast, sent: Counter, path: str) -> None:
    """A value of another type than the field's is refused with the field's name, before SQL is sent."""
    cls = Customer if path in Customer.__specs__ else Opportunity
    with crm.view("rep_a") as session:
        before = sent.statements
        with pytest.raises(InvalidError) as refused:
            session.find(cls, WRONG[path]())
        assert sent.statements == before
    assert [(problem.path, problem.code) for problem in refused.value.fields] == [(path, "type")]


def test_conditions_have_a_size(crm: CRM, cast: Cast) -> None:
    """Hundreds of comparisons and thousands of values are answered, more are refused on both databases."""
    with crm.view("rep_a") as session:
        assert session.count(Customer, sa.or_(*(Customer.name == f"{at}" for at in range(500)))) == 0
        assert session.count(Customer, Customer.name.in_([f"{at}" for at in range(10_000)])) == 0
        with pytest.raises(InvalidError, match="more than 500 comparisons"):
            session.count(Customer, *(Customer.name == f"{at}" for at in range(501)))
        with pytest.raises(InvalidError, match="more than 10000 values"):
            session.count(Customer, Customer.name.in_([f"{at}" for at in range(10_001)]))
        nested = Customer.name == "x"
        for _ in range(30):
            nested = sa.or_(sa.and_(nested, Customer.version == 1), Customer.version == 2)
        with pytest.raises(InvalidError, match="too deeply"):
            session.count(Customer, nested)


def test_unreachable_and_unknown_are_one_refusal(crm: CRM, cast: Cast) -> None:
    """Fields of a class without a link and of one that is not registered are refused in the same words."""
    refusals = []
    with crm.view("rep_a") as session:
        for cls in (Product, Lead, Stranger):
            with pytest.raises(InvalidError) as refused:
                session.find(Customer, cls.name == "x")
            refusals.append(str(refused.value.as_dict()).replace(cls.__name__, "Thing"))
    assert len(set(refusals)) == 1


def test_two_links_are_no_path(open_crm: Callable[..., CRM]) -> None:
    """Where two links lead to a class, its fields cannot be named, since it is not said which is meant."""
    crm = open_crm(plugins=[Trade])
    with crm.view(crm.system("test")) as session, pytest.raises(InvalidError, match="unknown field"):
        session.find(Deal, Customer.name == "x")


def test_another_crm_does_not_know_the_facet(crm: CRM, open_crm: Callable[..., CRM]) -> None:
    """A facet of a plugin that this CRM has not loaded is unknown here, and known where it is loaded."""
    with crm.view(crm.system("test")) as session:
        for ask in (
            lambda: session.find(Customer, Rating.points == 1),
            lambda: session.find(Rating),
            lambda: session.get(Stranger, Stranger.id),
            lambda: session.count(Stranger),
            lambda: session.page(Customer, order=Stranger.name),
        ):
            with pytest.raises((InvalidError, NotFoundError)):
                ask()


def test_a_condition_on_a_hidden_customer_is_never_met(crm: CRM, cast: Cast) -> None:
    """Who owns an opportunity at somebody else's customer cannot spell out the customer's name."""
    with crm.view("rep_a") as session:
        assert "child" in names(session.find(Opportunity))
        for guess in (
            Customer.name == "Secret Valve",
            Customer.name.startswith("S"),
            Customer.name.is_not(None) & (Opportunity.name == "child"),
            Customer.version >= 0,
        ):
            assert "child" not in names(session.find(Opportunity, guess))
            assert "child" not in names(session.page(Opportunity, guess).items)
        assert session.count(Opportunity, distinct=Customer.name) == 1
        assert session.count(Opportunity, Opportunity.name == "child", Customer.name > "A") == 0
    with crm.view("rep_b") as session:
        assert names(session.find(Opportunity, Customer.name == "Secret Valve")) == ["child", "elsewhere"]


def test_without_the_scope_of_the_customer_the_name_would_show(
    crm: CRM, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a linked record joined without its scope, the guess would be answered."""
    scope_of = gateway.scope_of
    monkeypatch.setattr(
        gateway, "scope_of", lambda tx, cls: predicate.ALL if cls is Customer else scope_of(tx, cls)
    )
    with crm.view("rep_a") as session:
        assert names(session.find(Opportunity, Customer.name == "Secret Valve")) == ["child"]


BOOKS = (Setting, Claim, RevisionRow, ChangeRow, UnitClosure, Grant)


@pytest.mark.parametrize("who", ["rep_a", "dir", "system"])
def test_nobody_reads_the_books(crm: CRM, cast: Cast, sent: Counter, who: str) -> None:
    """Neither top management nor a system actor counts settings, claims or revisions (P3)."""
    with crm.view(crm.system("test") if who == "system" else who) as session:
        before = sent.statements
        for cls in BOOKS:
            for ask in (session.find, session.count, session.page, lambda one: session.get(one, cast)):
                with pytest.raises((InvalidError, NotFoundError)):
                    ask(cls)
        with pytest.raises(InvalidError):
            session.count(Setting, Setting.value.like("a%"))
        assert sent.statements == before


def test_without_the_check_the_key_could_be_spelt_out(
    crm: CRM, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the books not refused, top management could ask for the key of cursors letter by letter."""
    monkeypatch.setattr(predicate, "require_record", lambda tx, cls: None)
    with crm.view("dir") as session:
        assert session.count(Setting, Setting.name == "secret", Setting.value.like("%")) == 1


def test_nobody_writes_the_books(crm: CRM, cast: Cast) -> None:
    """What is no record of this CRM is not added by anybody."""
    with crm.session(crm.system("test")) as session:
        for thing in (Setting(name="x", value="y"), Rating(of=cast.people["dir"], points=1), 5, "x"):
            with pytest.raises(InvalidError):
                session.add(thing)


def test_lists_are_ordered_by_fields_only(crm: CRM, cast: Cast, sent: Counter) -> None:
    """An order by a function, by text, or by a field out of reach is refused as an unknown field."""
    orders: tuple[Any, ...] = (
        *(sa.func.random(), sa.text("name"), sa.literal_column("name"), Product.name, "name", 5),
        *(-Customer.version, Customer.name.desc().nulls_first(), Stranger.name, ~Customer.strategic),
    )
    for who in ("rep_a", "admin"):
        with crm.view(who) as session:
            before = sent.statements
            for order in orders:
                with pytest.raises(InvalidError):
                    session.find(Customer, order=order)
                with pytest.raises(InvalidError):
                    session.page(Customer, order=order)
            assert sent.statements == before


def test_what_is_empty_comes_last(crm: CRM, cast: Cast) -> None:
    """A list by a field that may be empty is the same on both databases, in either direction."""
    with crm.view("rep_a") as session:
        rising = [customer.channel for customer in session.find(Customer, order=Customer.channel)]
        falling = [customer.channel for customer in session.find(Customer, order=Customer.channel.desc())]
    assert (rising, falling) == (["fair", "web", None], ["web", "fair", None])


@pytest.mark.parametrize("limit", [-1, True, "5", 2.5, 2**40])
def test_a_limit_is_a_number_of_records(crm: CRM, cast: Cast, limit: Any) -> None:
    """A limit that is negative or no whole number is refused, where SQLite would take it for none."""
    with crm.view("rep_a") as session:
        for ask in (session.find, session.count):
            with pytest.raises(InvalidError):
                ask(Customer, limit=limit)
        assert len(session.find(Customer, limit=2)) == session.count(Customer, limit=2) == 2


@pytest.fixture
def tables(crm: CRM, cast: Cast) -> Iterator[sa.Table]:
    """The table of customers."""
    yield Customer.__table__


def around(crm: CRM, table: sa.Table) -> dict[str, Callable[[], Any]]:
    """Ways around the session, each of which would read or write."""
    engine = crm.store.engine
    marked = engine.execution_options(pycrm=object())

    def executed(some: Any, statement: Any) -> Any:
        with some.connect() as connection:
            return connection.execute(statement)

    def plainly() -> Any:
        with engine.connect() as connection:
            return connection.exec_driver_sql("DELETE FROM crm_customer")

    return {
        "text": lambda: executed(engine, sa.text("SELECT 1")),
        "select": lambda: executed(engine, sa.select(table.c.name)),
        "insert": lambda: executed(engine, sa.insert(UnitClosure.__table__).values(depth=1)),
        "update": lambda: executed(engine, sa.update(table).values(name="x")),
        "plain": plainly,
        "other mark": lambda: executed(marked, sa.select(table.c.name)),
        "mark on the statement": lambda: executed(
            engine, sa.select(table.c.name).execution_options(pycrm=object())
        ),
        "looking around": lambda: sa.inspect(engine).get_table_names(),
        "creating": lambda: sa.MetaData().create_all(engine) or table.create(engine, checkfirst=True),
    }


def passed(ways: dict[str, Callable[[], Any]]) -> list[str]:
    """The ways that were not refused as statements that no room of pycrm built."""
    from pycrm import StoreError

    found: list[str] = []
    for name, way in ways.items():
        try:
            way()
        except StoreError:
            continue
        except Exception as error:
            found.append(f"{name}: {type(error).__name__}")
        else:
            found.append(name)
    return found


def test_statements_from_elsewhere_are_refused(crm: CRM, tables: sa.Table) -> None:
    """Whoever takes the engine past the session neither reads nor writes with it."""
    assert passed(around(crm, tables)) == []
    with crm.view("rep_a") as session:
        assert names(session.find(Customer)) == sorted(CUSTOMERS)


def test_without_the_guard_they_would_run(
    crm: CRM, tables: sa.Table, open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the guard gone, statements from anywhere would run, and the test above would say so."""
    monkeypatch.setattr(type(crm.store), "_guard", lambda *given: None)
    open_ = open_crm(random=None)
    assert {"text", "select", "plain"} <= set(passed(around(open_, tables)))


def test_sums_are_exact_beyond_64_bits(crm: CRM, cast: Cast) -> None:
    """Amounts whose sum no column can hold are refused in words; up to there sums are exact to the fen."""
    most = 2**63 - 1
    with crm.session("rep_c") as session:
        customer = session.add(Customer.organization("Big", mobile="13800000010", source="exhibition"))
        for fen in (most - 7, 5):
            deal = Opportunity(customer=customer, name="x", amount=Money.minor(fen, "CNY"),
                               expected_close=date(2027, 1, 1))  # fmt: skip
            session.add(deal)
        assert session.sum(Opportunity.amount) == Money.minor(most - 2, "CNY")
        session.add(attrs_like(customer, most))
        with pytest.raises(InvalidError, match="too large"):
            session.sum(Opportunity.amount)


def attrs_like(customer: Customer, fen: int) -> Opportunity:
    """An opportunity of that amount."""
    amount = Money.minor(fen, "CNY")
    return Opportunity(customer=customer, name="y", amount=amount, expected_close=date(2027, 1, 1))


def test_amounts_of_two_currencies_are_two(crm: CRM, cast: Cast) -> None:
    """Ten yuan and ten dollars count as two amounts, and their sum is refused with one for each."""
    with crm.session("rep_c") as session:
        customer = session.add(Customer.organization("Two", mobile="13800000010", source="exhibition"))
        for currency in ("CNY", "USD", "USD"):
            deal = Opportunity(customer=customer, name="x", amount=Money(10, currency),
                               expected_close=date(2027, 1, 1))  # fmt: skip
            session.add(deal)
        assert session.count(Opportunity, distinct=Opportunity.amount) == 2
        with pytest.raises(InvalidError) as refused:
            session.sum(Opportunity.amount)
    assert refused.value.data["sums"] == {"CNY": "10.00", "USD": "20.00"}


def test_sums_are_of_money(crm: CRM, cast: Cast) -> None:
    """Who sums something else than a money field of a record is refused."""
    with crm.view("dir") as session:
        for amount in (Customer.version, Opportunity.__table__.c.amount, 5, None, Contact.level):
            with pytest.raises(InvalidError):
                session.sum(amount)
    with crm.view("rep_a") as session:
        assert session.sum(Opportunity.amount) == Money("910.50", "CNY")
        assert session.find(Role) == []
