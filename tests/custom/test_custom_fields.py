"""Fields that administrators add while the product runs: entered, filled in, found, sorted, protected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from exchange.bench import CUSTOMER_HEAD, Bench, counts, refusals
from house import Cast, enterprise

from pycrm import (
    CRM,
    AmendmentRequiredError,
    ConflictError,
    Customer,
    CustomField,
    CustomKind,
    FieldReading,
    FieldRule,
    ForbiddenError,
    InvalidError,
    Money,
    NotReadError,
    Role,
)
from pycrm.exchange import export_csv

Open = Callable[..., CRM]


def added(crm: CRM, *fields: dict[str, Any], entity: str = "Customer") -> list[CustomField]:
    """Enter fields as the administrator of the product."""
    with crm.session(crm.system("administration")) as session:
        filled = [{"entity": entity, "label": one["name"].title(), "kind": "text"} | one for one in fields]
        for one in filled:
            one["kind"] = next((kind for kind in CustomKind if kind == one["kind"]), one["kind"])
        return [session.add(CustomField(**one)) for one in filled]


def customers(crm: CRM, *names: str, owner: str = "rep_a") -> list[Customer]:
    with crm.session(owner) as session:
        return [
            session.add(Customer.organization(name, source="exhibition", email=f"{name.lower()}@example.com"))
            for name in names
        ]


EVERY = {
    "nick": ("text", "Lily 莉莉"),
    "beds": ("whole", 2**62),
    "rate": ("decimal", Decimal("12.50")),
    "fee": ("money", Money("99.90", "CNY")),
    "seen_on": ("date", date(2026, 7, 1)),
    "seen_at": ("instant", datetime(2026, 7, 1, 1, 2, 3, tzinfo=UTC)),
    "is_vip": ("flag", True),
    "blood": ("choice", "AB"),
    "pets": ("choices", ("cat", "dog")),
}


@pytest.fixture
def kinds(crm: CRM, cast: Cast) -> list[CustomField]:
    """A field of every kind."""
    options = {"blood": ("A", "AB"), "pets": ("cat", "dog", "fish")}
    return added(
        crm,
        *(
            {"name": name, "kind": kind, "options": options.get(name, ())}
            for name, (kind, _) in EVERY.items()
        ),
    )


def test_a_field_of_every_kind_is_filled_in_found_and_changed(crm: CRM, kinds: Any, open_crm: Open) -> None:
    """Whoever works with a customer fills the new fields in, finds by them, and sees what was there before."""
    (hongda,) = customers(crm, "Hongda")
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        session.add(fields(of=hongda, **{name: value for name, (_, value) in EVERY.items()}))
    # Another process knows them as well.
    with open_crm().session("rep_a") as session:
        fields = session.custom(Customer)
        held = session.facet(hongda, fields)
        assert {name: getattr(held, name) for name in EVERY} == {name: it for name, (_, it) in EVERY.items()}
        for name, (kind, value) in EVERY.items():
            if kind != "choices":
                assert session.find(Customer, getattr(fields, name) == value) == [hongda], name
        assert session.find(Customer, fields.beds > 2**62) == []
        held = session.change(held, nick="Rose", pets=())
        assert (held.nick, held.pets) == ("Rose", ())
        (change,) = [one for one in session.history(held)[0].changes if one.path == "nick"]
        assert (change.old, change.new) == ("Lily 莉莉", "Rose")
        with pytest.raises(InvalidError) as refused:
            session.change(held, blood="C", pets=("cat", "lion"), beds="many")
        assert {one.path for one in refused.value.fields} == {"blood", "pets", "beds"}


def test_lists_are_paged_in_the_order_of_a_field(crm: CRM, cast: Cast) -> None:
    """A list in the order of a new field holds whoever has a value of it, page by page, both ways."""
    added(crm, {"name": "beds", "kind": "whole", "is_sorted": True})
    found = customers(crm, "Ant", "Bee", "Cat", "Dog", "Elk")
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        for record, beds in zip(found, (30, 10, 20, 10, None), strict=True):
            session.add(fields(of=record, beds=beds))
    with crm.view("lead_e") as session:
        fields = session.custom(Customer)

        def walk(order: Any, *conditions: Any) -> list[str]:
            names: list[str] = []
            page = session.page(Customer, *conditions, order=order, size=2)
            while True:
                names += [one.name for one in page]
                if page.next is None:
                    return names
                page = session.page(Customer, *conditions, order=order, size=2, after=page.next)

        # Ten beds have two of them, entered at one moment: their ids tell which comes first.
        first, second = [one.name for one in sorted((found[1], found[3]), key=lambda record: record.id)]
        assert walk(fields.beds) == [first, second, "Cat", "Ant"]
        assert walk(fields.beds.desc()) == ["Ant", "Cat", second, first]
        assert walk(fields.beds, Customer.name != "Dog") == ["Bee", "Cat", "Ant"]
        assert [one.name for one in session.find(Customer, order=fields.beds)] == [
            *(first, second, "Cat", "Ant", "Elk")
        ]
    with crm.view("rep_w") as session:
        assert session.page(Customer, order=session.custom(Customer).beds).items == []


def test_key_fields_change_by_amendments_alone(crm: CRM, cast: Cast) -> None:
    """A new field that was declared a key field changes with a reason, as declared ones do."""
    added(crm, {"name": "licence", "is_key": True})
    (hongda,) = customers(crm, "Hongda")
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        # The customer was there before: what its licence is, is its key data already.
        with pytest.raises(AmendmentRequiredError):
            session.add(fields(of=hongda, licence="L-1"))
        session.amend(hongda, licence="L-1", because="licence was shown")
    with crm.session("rep_a") as session:
        held = session.facet(hongda, session.custom(Customer))
        with pytest.raises(AmendmentRequiredError):
            session.change(held, licence="L-2")
    with crm.session("rep_a") as session:
        session.amend(hongda, licence="L-2", because="licence renewed")
    with crm.view("rep_a") as session:
        held = session.facet(hongda, session.custom(Customer))
        assert held.licence == "L-2"
        assert session.history(held)[0].reason == "licence renewed"


def ruled(crm: CRM, name: str, read: FieldReading) -> None:
    """Staff read a new field of customers so."""
    with crm.session(crm.system("administration")) as session:
        (staff,) = session.find(Role, Role.name == "staff", children=True)
        rule = FieldRule(entity="CustomerFields", field_name=name, read=read)
        session.change(staff, rules=(*staff.rules, rule))


def test_a_hidden_field_is_unknown_to_those_from_whom_it_is_hidden(crm: CRM, cast: Cast) -> None:
    """What roles hide of new fields is neither shown, nor filtered, sorted or written; restricted ones are closed."""
    added(
        crm, {"name": "limit", "kind": "whole", "is_sorted": True}, {"name": "floor", "is_restricted": True}
    )
    (hongda,) = customers(crm, "Hongda")
    with crm.session(crm.system("test")) as session:
        session.add(session.custom(Customer)(of=hongda, limit=5, floor="low"))
    ruled(crm, "limit", FieldReading.HIDDEN)
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        held = session.facet(hongda, fields)
        for name in ("limit", "floor"):
            with pytest.raises(NotReadError):
                getattr(held, name)
            with pytest.raises(InvalidError, match="unknown field"):
                session.find(Customer, getattr(fields, name).is_not(None))
        with pytest.raises(InvalidError, match="unknown field"):
            session.page(Customer, order=fields.limit)
        with pytest.raises(InvalidError, match="unknown field"):
            session.change(held, limit=6)


def test_what_administrators_may_not_add_is_refused_with_a_reason(crm: CRM, cast: Cast) -> None:
    """A field that could not be, or that would stand in the way of another, is refused by its place."""
    added(crm, {"name": "nick"})
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"name": "Nick Name"}, InvalidError, "name is lower-case"),
        ({"name": "owner_id"}, InvalidError, "does not end in _id"),
        ({"name": "name"}, InvalidError, "has a field name of its own"),
        ({"name": "version"}, InvalidError, "has a field version of its own"),
        ({"name": "because"}, InvalidError, "belongs to the verbs"),
        ({"name": "nick"}, ConflictError, "there is a field of that name"),
        ({"name": "a", "entity": "Nothing"}, InvalidError, "no fields are added to Nothing"),
        ({"name": "a", "entity": "Role"}, InvalidError, "no fields are added to Role"),
        ({"name": "a", "kind": "picture"}, InvalidError, "kind"),
        ({"name": "a", "kind": "choice"}, InvalidError, "a choice has options"),
        ({"name": "a", "options": ("x",)}, InvalidError, "text has no options"),
        ({"name": "a", "kind": "choice", "options": ("x", "x")}, InvalidError, "stands there twice"),
        ({"name": "a", "kind": "choices", "options": ("x",), "is_sorted": True}, InvalidError, "not sorted"),
    ]
    for given, kind, said in wrong:
        with pytest.raises(kind, match=said):
            added(crm, given)
    with crm.session("admin") as session:
        session.add(CustomField(entity="Customer", name="floors", label="Floors", kind=CustomKind.WHOLE))
    with pytest.raises(ForbiddenError), crm.session("rep_a") as session:
        session.add(CustomField(entity="Customer", name="mine", label="Mine", kind=CustomKind.TEXT))
    with crm.session(crm.system("administration")) as session:
        (nick,) = session.find(CustomField, CustomField.name == "nick")
        with pytest.raises(ForbiddenError, match="kind of a field does not change"):
            session.change(nick, kind=CustomKind.WHOLE)
        with pytest.raises(InvalidError, match="no fields were added to Role"):
            session.custom(Role)


def test_a_field_that_was_archived_comes_back_with_its_values(crm: CRM, cast: Cast) -> None:
    """An administrator puts a field away and restores it; labels and options change as often as one likes."""
    (nick,) = added(crm, {"name": "nick", "kind": "choice", "options": ("Lily",)})
    added(crm, {"name": "beds", "kind": "whole"})
    (hongda,) = customers(crm, "Hongda")
    with crm.session("rep_a") as session:
        session.add(session.custom(Customer)(of=hongda, nick="Lily", beds=3))
    with crm.session(crm.system("administration")) as session:
        nick = session.archive(nick)
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        assert not hasattr(fields, "nick")
        session.change(session.facet(hongda, fields), beds=4)
    with crm.session(crm.system("administration")) as session:
        nick = session.restore(nick)
        session.change(nick, label="Nickname", options=("Lily", "Rose"))
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        assert fields.__specs__["nick"].label == "Nickname"
        held = session.facet(hongda, fields)
        assert (held.nick, held.beds) == ("Lily", 4)
        assert session.change(held, nick="Rose").nick == "Rose"


def test_a_field_is_entered_whole_or_not_at_all(crm: CRM, cast: Cast) -> None:
    """Nothing is left of a field whose session fails, and it cannot be used before that has ended."""
    with suppress(RuntimeError), crm.session(crm.system("administration")) as session:
        session.add(CustomField(entity="Customer", name="nick", label="Nick", kind=CustomKind.TEXT))
        with pytest.raises(InvalidError, match="when the session that adds it has ended"):
            session.custom(Customer)
        raise RuntimeError
    with crm.session("rep_a") as session, pytest.raises(InvalidError, match="no fields were added"):
        session.custom(Customer)
    added(crm, {"name": "nick"})
    with crm.view("rep_a") as session:
        assert "nick" in session.custom(Customer).__specs__


def test_two_hundred_fields_of_one_class(sqlite_database: str, clock: Any) -> None:
    """An enterprise adds two hundred fields to its customers, twenty of which it sorts by."""
    crm = CRM(sqlite_database, clock=clock)
    enterprise(crm)
    added(crm, *({"name": f"f{at}", "kind": "whole", "is_sorted": at < 20} for at in range(200)))
    (hongda,) = customers(crm, "Hongda")
    with crm.session("rep_a") as session:
        fields = session.custom(Customer)
        session.add(fields(of=hongda, **{f"f{at}": at for at in range(200)}))
    with crm.view("rep_a") as session:
        fields = session.custom(Customer)
        held = session.facet(hongda, fields)
        assert [getattr(held, f"f{at}") for at in range(200)] == list(range(200))
        assert session.find(Customer, fields.f199 == 199, fields.f0 == 0) == [hongda]
        assert session.page(Customer, order=fields.f19).items == [hongda]
    with pytest.raises(ConflictError, match="sorted by 20 such fields already"):
        added(crm, {"name": "one_more", "kind": "whole", "is_sorted": True})
    assert crm.pending() == []
    crm.close()


def test_new_fields_are_read_as_they_were_and_erased_with_their_person(crm: CRM, cast: Cast) -> None:
    """A list of the past has the former values of new fields; personal ones go when their person goes."""
    added(crm, {"name": "nick", "is_personal": True})
    (hongda,) = customers(crm, "Hongda")
    with crm.session("rep_a") as session:
        held = session.add(session.custom(Customer)(of=hongda, nick="Lily"))
    crm.clock.advance(days=1)  # type: ignore[attr-defined]
    between = crm.clock.now()
    crm.clock.advance(days=1)  # type: ignore[attr-defined]
    with crm.session("rep_a") as session:
        held = session.change(held, nick="Rose")
    with crm.view("rep_a") as session:
        fields = session.custom(Customer)
        assert session.find(Customer, fields.nick == "Lily") == []
        assert session.find(Customer, fields.nick == "Lily", as_of=between) == [hongda]
        assert session.as_of(held, between).nick == "Lily"


def test_rules_name_the_shape_of_a_field() -> None:
    """Two fields that would make another class differ in their shape (what the cache of classes goes by)."""
    given: dict[str, Any] = {"entity": "Customer", "name": "nick", "label": "Nick", "kind": CustomKind.TEXT}
    one = CustomField(**given)
    for change in ({"label": "Other"}, {"is_key": True}, {"is_sorted": True}, {"label_zh": "别名"}):
        other = CustomField(**given | change)
        assert other.shape != one.shape


FIELDS = """
entity = "CustomerFields"
source = "old"
key = "No"

[columns]
of = { column = "Of", lookup = "external" }
beds = "Beds"
blood = "Blood"
"""


def test_new_fields_are_imported_and_exported(open_crm: Open, tmp_path: Path) -> None:
    """A table fills new fields in, refuses what they do not take row by row, and gives them back."""
    crm = open_crm()
    enterprise(crm)
    added(crm, {"name": "beds", "kind": "whole"}, {"name": "blood", "kind": "choice", "options": ("A", "B")})
    # A process that has not looked at any of them yet.
    bench = Bench(open_crm(), tmp_path)
    members = "No,Name,Phone\n" + "".join(f"{at},Member {at},+49 {at}\n" for at in "123")
    bench.load("rep_a", CUSTOMER_HEAD + 'phone = "Phone"\n', members)
    rows = "No,Of,Beds,Blood\n1,1,18,A\n2,2,,B\n3,3,7,C\n"
    told = bench.load("rep_a", FIELDS, rows)
    assert (counts(told), refusals(told)) == ((2, 0, 0, 1), [(4, "invalid")])
    assert counts(bench.load("rep_a", FIELDS, rows.replace("7,C", "7,B"))) == (1, 0, 2, 0)
    with bench.crm.session("dir") as session:
        stream = BytesIO()
        assert export_csv(session, session.custom(Customer), stream, columns=("beds", "blood")) == 3
    assert sorted(stream.getvalue().decode("utf-8-sig").splitlines()) == [
        *(",B", "18,A", "7,B", "beds,blood"),
    ]
