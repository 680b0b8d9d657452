"""What a reader may ask by, and that nothing else reaches the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import attrs
import pytest
import sqlalchemy as sa
from house import Cast, enterprise
from sqlalchemy import event

from pycrm import (
    CRM,
    Customer,
    InvalidError,
    Lead,
    Money,
    NotFoundError,
    Opportunity,
    Organization,
    Party,
    Product,
)
from pycrm.entities import Grant, UnitClosure
from pycrm.revision.model import ChangeRow, Claim, RevisionRow, Setting
from pycrm.scope import gateway, predicate
from pycrm.store import Transaction

from .conditions import (
    ACCEPTED,
    CUSTOMERS,
    MONEY,
    NINGBO,
    REFUSED,
    WRONG,
    Deal,
    Rating,
    Stranger,
    Trade,
)


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


def test_people_ask_by_fields_and_values(crm: CRM, cast: Cast) -> None:
    """A salesperson finds the own customers by their fields, in the words of SQLAlchemy."""
    with crm.view("rep_a") as session:
        for title, (make, expected) in ACCEPTED.items():
            assert (title, names(session.find(Customer, make()))) == (title, expected)
            assert (title, session.count(Customer, make())) == (title, len(expected))
            assert (title, names(session.page(Customer, make()).items)) == (title, expected)


def test_people_ask_by_amounts_dates_and_links(crm: CRM, cast: Cast) -> None:
    """A salesperson finds opportunities by money, dates and fields of their customers."""
    with crm.view("rep_a") as session:
        for title, (make, expected) in MONEY.items():
            assert (title, names(session.find(Opportunity, make()))) == (title, expected)


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


ENTRANCES: dict[str, Callable[[Any, Any], Any]] = {
    "find": lambda session, condition: session.find(Customer, condition),
    "page": lambda session, condition: session.page(Customer, condition),
    "count": lambda session, condition: session.count(Customer, condition),
    "by stage": lambda session, condition: session.by_stage(Opportunity, condition),
    "sum": lambda session, condition: session.sum(Opportunity.amount, condition),
}


def is_refused(ask: Callable[..., Any], *given: Any) -> bool:
    """Whether the answer is that the input is wrong."""
    try:
        ask(*given)
    except InvalidError:
        return True
    return False


def test_everything_else_is_refused_before_it_is_sent(crm: CRM, cast: Cast, sent: Counter) -> None:
    """Whoever asks by anything but fields and values is refused by every verb, before SQL is sent."""
    with crm.view("rep_a") as session:
        before = sent.statements
        for title, make in REFUSED.items():
            for verb, ask in ENTRANCES.items():
                assert (title, verb, is_refused(ask, session, make())) == (title, verb, True)
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


def test_values_fit_their_fields(crm: CRM, cast: Cast, sent: Counter) -> None:
    """A value of another type than the field's is refused with the field's name, before SQL is sent."""
    with crm.view("rep_a") as session:
        before = sent.statements
        for path, make in WRONG.items():
            # A customer has a stage of its own.
            is_its_own = path in Customer.__specs__ and path != "stage_at"
            with pytest.raises(InvalidError) as refused:
                session.find(Customer if is_its_own else Opportunity, make())
            assert [(problem.path, problem.code) for problem in refused.value.fields] == [(path, "type")]
        assert sent.statements == before


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
    crm.migrate()
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
        gateway,
        "scope_of",
        lambda tx, cls, *action: (
            predicate.Scope(None, (), {}) if cls is Customer else scope_of(tx, cls, *action)
        ),
    )
    with crm.view("rep_a") as session:
        assert names(session.find(Opportunity, Customer.name == "Secret Valve")) == ["child"]


BOOKS = (Setting, Claim, RevisionRow, ChangeRow, UnitClosure, Grant)


def test_nobody_reads_the_books(crm: CRM, cast: Cast, sent: Counter) -> None:
    """Neither top management nor a system actor counts settings, claims or revisions (P3)."""
    for who in ("rep_a", "dir", crm.system("test")):
        with crm.view(who) as session:
            before = sent.statements
            for cls in BOOKS:
                for ask in (session.find, session.count, session.page):
                    assert (cls, is_refused(ask, cls)) == (cls, True)
                assert is_refused(session.get, cls, uuid4())
            assert is_refused(session.count, Setting, Setting.value.like("a%"))
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


def test_a_limit_is_a_number_of_records(crm: CRM, cast: Cast) -> None:
    """A limit that is negative or no whole number is refused, where SQLite would take it for none."""
    with crm.view("rep_a") as session:
        for limit in (-1, True, "5", 2.5, 2**40):
            assert is_refused(partial(session.find, limit=limit), Customer)
            assert is_refused(partial(session.count, limit=limit), Customer)
        assert len(session.find(Customer, limit=2)) == session.count(Customer, limit=2) == 2
