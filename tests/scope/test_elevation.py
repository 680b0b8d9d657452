"""Nobody acts as the system without a row that says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, FixedClock, ForbiddenError, InvalidError, Source, StoreError
from pycrm.revision import elevation
from pycrm.scope.actor import Actor
from pycrm.scope.actor import Source as CameFrom

START = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


def purposes(crm: CRM) -> list[str]:
    """What system actors were opened for, by name, as the administrator reads it."""
    with crm.view("admin") as session:
        return sorted(one.purpose for one in session.elevations())


@pytest.fixture
def crm(open_crm: Callable[..., CRM]) -> CRM:
    """The enterprise of the catalogue."""
    crm = open_crm()
    enterprise(crm)
    return crm


def test_each_session_of_the_system_is_written_down(crm: CRM, clock: FixedClock) -> None:
    """Writing, reading and retried work as the system leave a row each: when, what for, with what, from where."""
    assert purposes(crm) == ["set-up", "test organisation"]
    clock.advance(minutes=1)
    with crm.session(crm.system("nightly scoring", grants=["Customer.read", "Source"])) as session:
        session.add(Source(name="fair"))
    clock.advance(minutes=1)
    with crm.view(crm.system("report"), source=CameFrom.CLI) as session:
        session.count(Customer)
    clock.advance(minutes=1)
    crm.run(Actor.system("by hand"), lambda session: session.count(Customer))
    with crm.view("admin") as session:
        found = session.elevations()[:3]
        assert session.elevations(START + timedelta(minutes=2)) == found[:2]
        assert session.elevations(limit=1) == found[:1]
        with pytest.raises(InvalidError):
            session.elevations(datetime(2026, 6, 30))
    assert [(one.at, one.purpose, one.grants, one.source) for one in found] == [
        (START + timedelta(minutes=3), "by hand", ("*",), "job"),
        (START + timedelta(minutes=2), "report", ("*",), "cli"),
        (START + timedelta(minutes=1), "nightly scoring", ("Customer.read", "Source"), "job"),
    ]


def test_people_leave_no_row(crm: CRM) -> None:
    """Sessions of persons, the director among them, are no elevations."""
    before = purposes(crm)
    for login in ("dir", "rep_a", "admin"):
        with crm.session(login) as session:
            session.count(Customer)
    assert purposes(crm) == before


def test_a_session_that_is_undone_stays_on_record(crm: CRM) -> None:
    """Who reads as the system and then rolls back has still done so."""
    with pytest.raises(StoreError, match="enough"):
        look_and_leave(crm)
    assert purposes(crm)[0] == "a look"
    with crm.view("admin") as session:
        assert session.count(Source, Source.name == "fair") == 0


def look_and_leave(crm: CRM) -> None:
    """Read as the system, write something and undo it."""
    with crm.session(crm.system("a look")) as session:
        session.find(Customer)
        session.add(Source(name="fair"))
        raise StoreError("enough")


def nothing_kept(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """No session is written down."""
    patch.setattr(elevation, "keep", lambda tx: None)


def views_forgotten(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """Only writing sessions are written down."""
    real = elevation.keep
    patch.setattr(elevation, "keep", lambda tx: real(tx) if tx.write else None)


def undone_forgotten(crm: CRM, patch: pytest.MonkeyPatch) -> None:
    """What is rolled back is forgotten with the rest."""
    real = elevation.keep

    def forget(tx: Any) -> None:
        real(tx)
        tx.after_rollback.clear()

    patch.setattr(elevation, "keep", forget)


@pytest.mark.parametrize(
    "plant",
    [None, nothing_kept, views_forgotten, undone_forgotten],
    ids=lambda plant: getattr(plant, "__name__", "none"),
)
def test_a_planted_fault_is_seen(crm: CRM, plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were one kind of session left out, the book would have fewer than its three new rows."""
    before = len(purposes(crm))
    if plant is not None:
        plant(crm, monkeypatch)
    with crm.session(crm.system("one")):
        pass
    with crm.view(crm.system("two")) as session:
        session.count(Customer)
    with pytest.raises(StoreError, match="enough"):
        look_and_leave(crm)
    assert (len(purposes(crm)) - before == 3) is (plant is None)


def test_only_who_keeps_the_roles_reads_the_book(crm: CRM) -> None:
    """Staff, leaders and the director are refused, the administrator is not."""
    for login in ("rep_a", "lead_e", "dir"):
        with crm.view(login) as session, pytest.raises(ForbiddenError):
            session.elevations()
    with crm.view(crm.system("report", grants=["Customer"])) as session, pytest.raises(ForbiddenError):
        session.elevations()


@pytest.mark.parametrize("verb", ["view", "session"])
def test_without_its_row_no_session_begins(crm: CRM, verb: str) -> None:
    """Where the book cannot be written, nothing is read as the system; people work on."""
    with crm.store.connect() as connection:
        connection.execute(sa.text("DROP TABLE crm_elevation"))
    reached = False
    with pytest.raises(StoreError), getattr(crm, verb)(crm.system("report")) as session:
        reached = session.count(Customer) == 0
    assert not reached
    with crm.view("rep_a") as session:
        assert session.count(Customer) == 0
