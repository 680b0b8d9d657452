"""What a plugin keeps of customers is imported by itself, and found again by its key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, Facet, Field, FieldReading, FieldRule, InvalidError, Plugin, Role, field
from pycrm.exchange import book, merge

from .bench import CUSTOMER_HEAD, Bench, counts, dump, refusals


class Build(Facet, table="gym_build", of=Customer):
    """How tall somebody is, and what the doctor found."""

    height: Field[int | None] = field("Height", default=None)
    pulse: Field[int | None] = field("Pulse", default=None, special=True)


class Gym(Plugin):
    """Gym

    Measures of members.
    """

    name = "gym"
    facets = (Build,)


BUILDS = """
entity = "Build"
source = "old"
key = "No"

[columns]
of = { column = "Of", lookup = "external" }
height = "Height"
pulse = "Pulse"
"""
ROWS = "No,Of,Height,Pulse\n1,1,180,60\n2,2,170,\n"


@pytest.fixture
def gym(open_crm: Callable[..., CRM], tmp_path: Path) -> Bench:
    """Three members of rep_a and one of rep_b."""
    return opened(open_crm(plugins=(Gym,)), tmp_path)


def opened(crm: CRM, folder: Path) -> Bench:
    """The same on any CRM."""
    crm.migrate()
    enterprise(crm)
    with crm.session(crm.system("rights")) as session:
        (role,) = session.find(Role, Role.name == "staff", children=True)
        rule = FieldRule(entity="Build", field_name="pulse", read=FieldReading.PLAIN, write=True)
        session.change(role, rules=[*role.rules, rule])
    bench = Bench(crm, folder)
    for who, numbers in (("rep_a", "123"), ("rep_b", "4")):
        table = "No,Name,Phone\n" + "".join(f"{n},Member {n},+49 {n}\n" for n in numbers)
        assert not refusals(bench.load(who, CUSTOMER_HEAD + 'phone = "Phone"\n', table))
    return bench


def test_facets_are_imported_and_found_again(gym: Bench, database: str) -> None:
    """Two members get their measures, a second run changes no table, and a third writes what differs."""
    assert counts(gym.load("rep_a", BUILDS, ROWS)) == (2, 0, 0, 0)
    before = dump(database)
    assert counts(gym.load("rep_a", BUILDS, ROWS, batch=1)) == (0, 0, 2, 0)
    assert dump(database) == before
    assert counts(gym.load("rep_a", BUILDS, ROWS.replace("170", "171"))) == (0, 1, 1, 0)
    with gym.crm.view("rep_a") as session:
        heights = {session.get(Customer, one.id).name: one.height for one in session.find(Build)}
    assert heights == {"Member 1": 180, "Member 2": 171}


def test_a_facet_of_whom_one_does_not_see(gym: Bench) -> None:
    """Somebody else's customer is no member that is known; one who is never named is asked for."""
    report = gym.load("rep_a", BUILDS, ROWS.replace("2,2", "2,4"))
    assert refusals(report) == [(3, "not_found")]
    with pytest.raises(InvalidError, match="gives no of, which a build needs"):
        gym.load("rep_a", BUILDS.replace("of =", "# of ="), ROWS)


def test_a_facet_stays_with_its_record(gym: Bench, database: str) -> None:
    """A row that names another member than before is refused, and so is a second row for one member."""
    gym.load("rep_a", BUILDS, ROWS)
    before = dump(database)
    assert refusals(gym.load("rep_a", BUILDS, ROWS.replace("2,2", "2,3"))) == [(3, "invalid")]
    assert refusals(gym.load("rep_a", BUILDS, ROWS + "3,2,1,1\n"))[0][0] == 4
    assert dump(database) == before


@pytest.mark.parametrize("fault", ["of another record", "forgotten keys"])
def test_each_planted_fault_is_seen(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Were it not looked at what a facet extends, or its key not kept, one of these tests would fail."""
    if fault == "forgotten keys":
        monkeypatch.setattr(book, "enter", _forget_facets(book.enter))
        test: Callable[[Bench, str], None] = test_facets_are_imported_and_found_again
    else:
        real = merge._differing
        monkeypatch.setattr(merge, "_differing", lambda target, values: real(target, _unnamed(values)))
        test = test_a_facet_stays_with_its_record
    with CRM(sqlite_database, plugins=(Gym,)) as crm:
        bench = opened(crm, tmp_path)
        with pytest.raises(AssertionError):
            test(bench, sqlite_database)


def _forget_facets(real: Callable[..., None]) -> Callable[..., None]:
    return lambda tx, entity, pairs: None if entity == "Build" else real(tx, entity, pairs)


def _unnamed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "of"}


class Licence(Facet, table="guild_licence", of=Customer):
    """By which licence somebody works."""

    number: Field[str | None] = field("Number", default=None, key=True)


class Guild(Plugin):
    """Guild

    Licences of its members.
    """

    name = "guild"
    facets = (Licence,)


LICENCES = """
entity = "Licence"
source = "old"
key = "No"

[columns]
of = { column = "Of", lookup = "external" }
number = "Number"
"""


def test_key_fields_of_whom_is_there_are_not_imported_past_an_amendment(
    open_crm: Callable[..., CRM], tmp_path: Path
) -> None:
    """A row that gives somebody who is there a licence is refused and says why; the next one is taken."""
    guild = opened(open_crm(plugins=(Gym, Guild)), tmp_path)
    report = guild.load("rep_a", LICENCES, "No,Of,Number\n1,1,L-1\n2,2,\n")
    assert refusals(report) == [(2, "amendment_required")]
    assert counts(report)[0] == 1
