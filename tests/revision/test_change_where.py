"""Changing all records that meet conditions: the same as changing each of them, in a few statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycrm import (
    CRM,
    AmendmentRequiredError,
    ConflictError,
    Customer,
    Field,
    FieldRule,
    ForbiddenError,
    InvalidError,
    Opportunity,
    Plugin,
    Record,
    RefusedError,
    Role,
    field,
    owned,
)
from pycrm.entities.customer import SigningGrade
from pycrm.entities.org import FieldReading
from pycrm.revision import rows as sets
from pycrm.revision import where
from pycrm.scope import predicate
from revision.world import CLOSE, differing, tables

TEXTS = ("fair", 'say "so"\\', "展会 \x01\n", "")
Way = Callable[..., int]


class Visit(Record, table="till_visit", scope=owned()):
    """A visit to the till."""

    note: Field[str | None] = field("Note", default=None)
    paid: Field[bool] = field("Paid", default=False)
    count: Field[int | None] = field("Count", default=None)
    on: Field[date | None] = field("On", default=None)


class Till(Plugin):
    """The till of a shop."""

    name = "till"
    records = (Visit,)


VALUES: dict[Any, dict[str, Any]] = {
    Visit: {
        "note": st.sampled_from((None, *TEXTS)),
        "paid": st.booleans(),
        "count": st.sampled_from((None, 0, 1, -(2**40))),
        "on": st.sampled_from((None, date(2026, 1, 2), date(1999, 12, 31))),
    },
    Customer: {
        "channel": st.sampled_from((None, *TEXTS)),
        "signing_grade": st.sampled_from((None, *SigningGrade)),
        "needs": st.sampled_from(((), ("pumps",))),
    },
    Opportunity: {"next_step": st.sampled_from((None, *TEXTS)), "need": st.sampled_from((None, *TEXTS))},
}
CONDITIONS: dict[Any, list[Any]] = {
    Visit: [Visit.paid == True, Visit.note.is_(None), Visit.count > 0],  # noqa: E712
    Customer: [
        Customer.channel == "fair",
        Customer.signing_grade.is_(None),
        Customer.channel.in_(TEXTS),
        Customer.name == "b",
    ],
    Opportunity: [Opportunity.next_step.is_(None), Customer.channel == "fair", Opportunity.name == "b"],
}


@pytest.fixture
def shop(open_crm: Callable[..., CRM], tmp_path: Path) -> CRM:
    """Records of three people in sight of each other or not, one of each put away."""
    crm = open_crm(plugins=[Till()], heads=tmp_path / "heads")
    crm.migrate()
    enterprise(crm)
    for at, login in enumerate(("rep_a", "rep_w", "lead_e")):
        with crm.session(login) as session:
            for name, text, number in (("a", "fair", 1), ("b", None, 0), ("c", TEXTS[2], None)):
                customer = session.add(
                    Customer.organization(
                        name, mobile=f"1390000{at}{ord(name):03}", source="exhibition", channel=text
                    )
                )
                session.add(Opportunity(customer=customer, name=name, expected_close=CLOSE, next_step=text))
                session.add(Visit(note=text, paid=number == 1, count=number))
            session.archive(customer)
    return crm


class _UndoneError(Exception):
    """Ends a session whose work is only looked at."""


@contextmanager
def undone(crm: CRM, who: Any) -> Iterator[Any]:
    """A session that leaves nothing."""
    try:
        with crm.session(who) as session:
            yield session
            raise _UndoneError
    except _UndoneError:
        pass


def one_by_one(session: Any, cls: Any, *conditions: Any, because: str, **values: Any) -> int:
    """The same by `find` and `change`, for each record that the actor may change."""
    changed = 0
    for record in session.find(cls, *conditions):
        try:
            changed += session.change(record, because=because, **values).version > record.version
        except ForbiddenError:
            continue
    return changed


def at_once(session: Any, cls: Any, *conditions: Any, because: str, **values: Any) -> int:
    """The verb."""
    return int(session.change_where(cls, *conditions, because=because, **values))


def _paths(revision: Any) -> dict[str, Any]:
    return {change.path: (change.old, change.new) for change in revision.changes}


def outcome(crm: CRM, who: str, way: Way, cls: Any, conditions: Any, values: Any) -> Any:
    """What came of it: the number, every record and its history; nothing of it is kept."""
    with undone(crm, who) as session:
        number = way(session, cls, *conditions, because="cleaned up", **values)
        found = {}
        revisions = set()
        for record in session.find(cls, archived=True):
            kept = session.history(record)
            revisions |= {one.id for one in kept if one.act == "change"}
            noted = [(one.version, one.act, one.reason, one.actor, _paths(one)) for one in kept]
            fields = [getattr(record, name) for name in (*VALUES[cls], "version", "updated_by")]
            assert session.as_of(record, session.now) == record
            found[record.id] = (fields, noted)
        return number, len(revisions), found
    raise AssertionError


def compared(crm: CRM, who: str, cls: Any, conditions: Any, values: Any) -> bool:
    """Whether a set and its records one by one come to the same."""
    one, other = (outcome(crm, who, way, cls, conditions, values) for way in (at_once, one_by_one))
    return bool(one == other)


@st.composite
def changes(draw: Any) -> tuple[str, Any, list[Any], dict[str, Any]]:
    """Who changes what, where and to what."""
    cls = draw(st.sampled_from(list(VALUES)))
    conditions = draw(st.lists(st.sampled_from(CONDITIONS[cls]), max_size=2))
    names = draw(st.lists(st.sampled_from(list(VALUES[cls])), min_size=1, max_size=3, unique=True))
    who = draw(st.sampled_from(("rep_a", "rep_w", "lead_e", "dir")))
    return who, cls, conditions, {name: draw(VALUES[cls][name]) for name in names}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(change=changes())
def test_a_set_is_changed_as_its_records_are(shop: CRM, change: Any) -> None:
    """Whoever changes records by a condition gets what changing each of them would have given."""
    assert compared(shop, *change)


def test_one_revision_holds_what_differs(shop: CRM) -> None:
    """A leader sets the channel of three customers in sight, of which two differ: two changes, one revision."""
    with shop.session("rep_a") as session:
        session.restore(next(one for one in session.find(Customer, archived=True) if one.archived_at))
    with shop.session("rep_a") as session:
        assert session.change_where(Customer, channel="fair", because="the fair's list") == 2
    with shop.view("rep_a") as session:
        assert [one.channel for one in session.find(Customer)] == ["fair"] * 3
        last = [session.history(one)[0] for one in session.find(Customer)]
        made = [one for one in last if one.reason == "the fair's list"]
        assert len(made) == 2
        assert len({one.id for one in made}) == 1
        old = {change.old for one in made for change in one.changes}
        assert old == {None, TEXTS[2]}
    with shop.view("rep_w") as session:
        assert {one.channel for one in session.find(Customer)} == {"fair", None}
    shop.seal()
    assert shop.verify().holds
    before = tables(shop)
    with shop.session("rep_a") as session:
        assert session.change_where(Customer, channel="fair") == 0
    assert differing(before, tables(shop)) == []


REFUSED: list[tuple[Any, dict[str, Any], type[RefusedError]]] = [
    (Customer, {"colour": "red"}, InvalidError),
    (Customer, {"version": 7}, InvalidError),
    (Customer, {"channel": 7}, InvalidError),
    (Customer, {"strategic": True}, AmendmentRequiredError),
    (Opportunity, {"lines": []}, InvalidError),
    (Opportunity, {"need": "flow"}, InvalidError),
    (Opportunity, {"next_step": "call"}, ForbiddenError),
    (Opportunity, {"lost_reason": "price"}, InvalidError),
]


@pytest.mark.parametrize(("cls", "values", "error"), REFUSED)
def test_what_changes_alone_is_refused(shop: CRM, cls: Any, values: Any, error: Any) -> None:
    """Unknown, computed, key, hidden, masked and locked fields and lists change in no set, and nothing stays."""
    rules = [
        FieldRule(entity="Opportunity", field_name=name, read=FieldReading(read), write=write)
        for name, read, write in (
            *(("need", "hidden", True), ("next_step", "plain", False)),
            ("lost_reason", "masked", True),
        )
    ]
    with shop.session(shop.system("rules")) as session:
        staff = next(role for role in session.find(Role, children=True) if role.name == "staff")
        session.change(staff, rules=[*staff.rules, *rules])
    before = tables(shop)
    with pytest.raises(error), shop.session("rep_a") as session:
        session.change_where(cls, **values)
    assert differing(before, tables(shop)) == []


def version_kept(patch: pytest.MonkeyPatch) -> None:
    """The version is not raised."""
    plain = sets.stamps

    def kept(tx: Any, cls: Any) -> Any:
        return plain(tx, cls) | {"version": cls.__table__.c.version}

    patch.setattr(where, "stamps", kept)


def all_noted(patch: pytest.MonkeyPatch) -> None:
    """Records that hold the value already are noted too."""
    patch.setattr(where, "_differing", lambda cls, columns, wanted: sa.true())


def scope_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Records of others are changed too."""
    init = where.Query.__init__

    def wide(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        if named.get("action"):
            self.scope, self.where = predicate.Scope(None, (), {}), list(given[2])

    patch.setattr(where.Query, "__init__", wide)


@pytest.mark.parametrize("plant", [version_kept, all_noted, scope_forgotten])
def test_a_planted_fault_is_seen(shop: CRM, plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a set changed otherwise than its records, the comparison would say so."""
    assert compared(shop, "rep_a", Customer, [], {"channel": "fair"})
    plant(monkeypatch)
    # A version that is not raised is noted twice, which the database refuses.
    with pytest.raises((AssertionError, ConflictError)):
        assert compared(shop, "rep_a", Customer, [], {"channel": "fair"})


@pytest.mark.parametrize("asked", [True, False])
def test_the_rules_of_each_record_are_asked(shop: CRM, monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    """A day of closing that lies in the past is refused for a set too; were the rules passed by, it would not be."""
    if not asked:
        monkeypatch.setattr(where, "_is_simple", lambda tx, cls, wanted: True)
    refused = pytest.raises(InvalidError) if asked else nullcontext()
    with undone(shop, "rep_a") as session, refused:
        session.change_where(Opportunity, expected_close=date(2020, 1, 1))
