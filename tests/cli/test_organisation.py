"""Users, roles and units at the command line."""

from __future__ import annotations

from typing import Any

from pycrm import CRM, User

from .conftest import Pycrm


def test_the_administrator_adds_people_and_units(pycrm: Pycrm, cast: Any) -> None:
    """The administrator adds a unit and a person with a role there, who then signs in."""
    assert pycrm("unit", "add", "east-3", "--parent", "east", "--name", "东三", "--as", "admin").code == 0
    said = pycrm(
        "user", "add", "new", "--unit", "east-3", "--name", "新人", "--role", "leader", "--as", "admin"
    )
    assert (said.code, said.out) == (0, "added new, leader at east-3\n")
    tree = [line.rstrip() for line in pycrm("unit", "list", "--as", "new").out.splitlines()]
    assert any(line.startswith("    东三") for line in tree)
    people = {one["login"]: one for one in pycrm("user", "list", "--as", "admin", "--json").data["items"]}
    assert [(held["role"], held["unit"]) for held in people["new"]["roles"]] == [("leader", "east-3")]


def test_nobody_else_adds_people(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """Neither staff nor top management add users, units or roles."""
    for login in ("rep_a", "lead_e", "dir"):
        for arguments in (
            ("user", "add", "new", "--unit", "east"),
            ("unit", "add", "new"),
            ("user", "role", "rep_a", "top"),
            ("user", "suspend", "rep_b"),
        ):
            said = pycrm(*arguments, "--as", login, "--json")
            assert (login, arguments, said.code) == (login, arguments, 4 if arguments[1] == "role" else 3)
    with crm.view(crm.system("test")) as session:
        assert session.count(User) == len(cast.people)


def test_a_person_half_added_is_not_added(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """A person whose role does not exist is not added without it; a login is given once."""
    assert pycrm("user", "add", "new", "--unit", "east", "--role", "emperor", "--as", "admin").code == 4
    assert pycrm("user", "add", "rep_a", "--unit", "east", "--as", "admin").code == 5
    assert pycrm("user", "add", "new", "--unit", "nowhere", "--as", "admin").code == 4
    with crm.view(crm.system("test")) as session:
        assert session.count(User) == len(cast.people)


def test_a_dated_role_holds_between_its_days(pycrm: Pycrm, cast: Any, clock: Any) -> None:
    """A role for July is listed in July, and neither before nor after (SCO-S7)."""
    arguments = ("user", "role", "rep_c", "leader", "--unit", "west")
    said = pycrm(*arguments, "--since", "2026-07-01", "--until", "2026-07-31", "--as", "admin")
    assert said.out == "rep_c is leader at west from 2026-07-01 until 2026-07-31\n"
    wrong = pycrm(*arguments, "--since", "2026-07-31", "--until", "2026-07-01", "--as", "admin")
    assert wrong.code == 2
    for day, number in (("2026-06-30", 1), ("2026-07-01", 2), ("2026-07-31", 2), ("2026-08-01", 1)):
        clock.set(f"{day}T12:00:00+08:00")
        people = {one["login"]: one for one in pycrm("user", "list", "--as", "admin", "--json").data["items"]}
        assert (day, len(people["rep_c"]["roles"])) == (day, number)


def test_whoever_is_suspended_is_refused_at_the_next_call(crm: CRM, pycrm: Pycrm, cast: Any) -> None:
    """A suspended person is refused until resumed, and the reason is kept (COR-26)."""
    assert pycrm("list", "customers", "--as", "rep_a").code == 0
    assert pycrm("user", "suspend", "rep_a", "--because", "left the keys", "--as", "admin").code == 0
    said = pycrm("list", "customers", "--as", "rep_a", "--json")
    assert (said.code, said.refusal["code"]) == (3, "forbidden")
    with crm.view("admin") as session:
        assert session.history(cast.people["rep_a"])[0].reason == "left the keys"
    assert pycrm("user", "resume", "rep_a", "--as", "admin").code == 0
    assert pycrm("list", "customers", "--as", "rep_a").code == 0


def test_people_without_a_look_at_roles_see_none(pycrm: Pycrm, cast: Any) -> None:
    """Staff list their colleagues, without the roles that only the administration may see."""
    people = pycrm("user", "list", "--as", "rep_a", "--json").data["items"]
    assert len(people) == len(cast.people)
    assert {tuple(one["roles"]) for one in people} == {()}
