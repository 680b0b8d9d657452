"""Making a database, bringing it up to date and examining it, at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM, Customer, FixedClock, Role, Source

from .conftest import Pycrm

COMPANY = ("--company", "宁波泵业", "--admin", "fang", "--admin-name", "方静", "--top", "zhou")


def test_init_makes_a_company_with_its_first_two_users(pycrm: Pycrm, open_crm: Any) -> None:
    """The top manager of a new database sees all customers, its administrator none."""
    said = pycrm("init", *COMPANY)
    assert (said.code, said.out.splitlines()[1]) == (
        0,
        "next: pycrm user add LOGIN --unit hq --role staff --as fang",
    )
    crm = open_crm()
    with crm.session(crm.system("test")) as session:
        session.add(Source(name="exhibition"))
        session.add(Customer.organization("Hongda", email="a@example.com", source="exhibition"))
    for login, number in (("zhou", 1), ("fang", 0)):
        assert len(pycrm("list", "customers", "--as", login, "--json").data["items"]) == number
    users = {one["login"]: one for one in pycrm("user", "list", "--as", "fang", "--json").data["items"]}
    assert {login: one["roles"][0]["role"] for login, one in users.items()} == {
        "fang": "administrator",
        "zhou": "top",
    }
    assert users["fang"]["name"] == "方静"
    assert pycrm("unit", "list", "--as", "fang", "--json").data["items"][0]["kind"] == "company"


def test_init_from_nothing_and_only_once(bare: Pycrm) -> None:
    """Whoever runs init in an empty folder gets a database; whoever runs it again is refused."""
    first = bare("init", *COMPANY, "--json")
    assert (first.code, first.data["database"]) == (0, "sqlite:///crm.db")
    assert Path("crm.db").exists()
    again = bare("init", *COMPANY, "--json")
    assert (again.code, again.refusal["code"]) == (5, "conflict")
    assert bare("migrate").out == "nothing to do: the database is up to date\n"


def test_init_asks_a_person_and_never_a_program(bare: Pycrm) -> None:
    """A person is asked for what is missing; a program is told which options to give."""
    asked = bare("init", "--admin", "fang", input="Hongda\nzhou\n")
    assert (asked.code, "Hongda, administrator fang, top zhou" in asked.out) == (0, True)
    for form, input in ((("--json",), None), ((), "")):
        refused = bare(
            "init", "--admin", "fang", "--database", f"sqlite:///{len(form)}.db", *form, input=input
        )
        assert refused.code == 2
    assert "give --company; give --top" in refused.err


def test_a_name_of_one_person_for_both_is_one_user(bare: Pycrm) -> None:
    """Somebody who is alone keeps the users and sees everything."""
    assert bare("init", "--company", "Solo", "--admin", "me", "--top", "me").code == 0
    (user,) = bare("user", "list", "--as", "me", "--json").data["items"]
    assert [held["role"] for held in user["roles"]] == ["administrator", "top"]


def test_migrate_says_what_it_did(bare: Pycrm, clock: FixedClock) -> None:
    """An operator sees the steps of a migration, and afterwards that none is left."""
    steps = bare("migrate", "--database", "sqlite:///new.db", "--json").data["steps"]
    assert steps
    assert bare("migrate", "--database", "sqlite:///new.db", "--json").data == {"steps": []}
    crm = CRM("sqlite:///new.db", clock=clock)
    with crm.view(crm.system("test")) as session:
        assert session.count(Role) == 4
    crm.close()


def verdicts(said: Any) -> dict[str, bool]:
    return {one["name"]: one["ok"] for one in said.data["checks"]}


def test_a_sound_installation_is_found_sound(pycrm: Pycrm, crm: CRM) -> None:
    """The doctor finds nothing wrong with a migrated database, and leaves nothing in it."""
    said = pycrm("doctor", "--json")
    assert (said.code, said.data["ok"]) == (0, True)
    assert verdicts(said) == dict.fromkeys(
        ("Python", "SQLite", "Plugins", "Database", "Migrations", "Writing"), True
    )
    with crm.view(crm.system("test")) as session:
        assert session.count(Source) == 0
    assert all(line.startswith("ok ") for line in pycrm("doctor").out.splitlines())


def test_the_doctor_names_what_is_wrong_and_the_remedy(bare: Pycrm) -> None:
    """An operator with no database, a foreign file, or a plugin too many is told what to do."""
    Path("foreign.db").write_text("not a database, and long enough to be looked at as one" * 20)
    for arguments, wrong in (
        ((), "Database"),
        (("--database", "sqlite:///foreign.db"), "Database"),
        (("--database", "mysql://somewhere/x"), "Plugins and address"),
        (("--plugin", "nowhere"), "Plugins and address"),
    ):
        said = bare("doctor", "--json", *arguments)
        assert (said.code, said.data["ok"], verdicts(said)[wrong]) == (1, False, False)
        assert said.data["checks"][-1]["remedy"]
    assert not Path("crm.db").exists()


def test_the_doctor_finds_a_write_that_stays(
    pycrm: Pycrm, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """Were a rolled-back row kept, the doctor would say so (the planted fault)."""
    from pycrm.store import Transaction

    monkeypatch.setattr(Transaction, "rollback", Transaction.commit)
    said = pycrm("doctor", "--json")
    assert (said.code, verdicts(said)["Writing"]) == (1, False)


def test_a_mistyped_database_is_neither_made_nor_a_traceback(bare: Pycrm) -> None:
    """Whoever mistypes a path is told so, and no empty database is left behind."""
    said = bare("list", "customers", "--as", "ana", "--database", "sqlite:///typo.db", "--json")
    assert (said.code, said.refusal["code"]) == (1, "store")
    assert not Path("typo.db").exists()
    Path("empty.db").touch()
    said = bare("list", "customers", "--as", "ana", "--database", "sqlite:///empty.db")
    assert (said.code, said.err) == (
        1,
        "Error: the database has not been set up: run `pycrm init`\n",
    )
    assert bare("init", *COMPANY, "--database", "sqlite:////nowhere/at/all.db").code == 1
