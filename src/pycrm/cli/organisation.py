"""Commands about the enterprise itself: its people with their roles, and its units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Table
from pycrm.cli.call import Call, command, group

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["unit", "user"]

user = group("People who sign in, and their roles.")
unit = group("Units of the enterprise.")

Login = Annotated[str, typer.Argument(help="The person's login.")]
Because = Annotated[str | None, typer.Option("--because", help="The reason, kept in the history.")]
_ROLE = "staff, leader, top, administrator, or a role of your own."


def add_user(
    call: Call,
    login: Login,
    home: Annotated[str, typer.Option("--unit", help="The code of the home unit.")],
    name: Annotated[str | None, typer.Option("--name", help="The full name; else the login.")] = None,
    role: Annotated[str | None, typer.Option("--role", help=f"A role at the home unit: {_ROLE}")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The mailbox.")] = None,
    mobile: Annotated[str | None, typer.Option("--mobile", help="The mobile number.")] = None,
    number: Annotated[str | None, typer.Option("--employee-no", help="The employee number.")] = None,
) -> None:
    """Add a person, with a role at the home unit if one is named."""

    def act(session: Session) -> dict[str, Any]:
        from pycrm.cli.entity import record_of
        from pycrm.cli.listing import json_of
        from pycrm.entities import OrgUnit, User

        place = record_of(session, OrgUnit, home)
        person = User(
            login=login, name=name or login, home_unit=place, email=email, mobile=mobile, employee_no=number
        )
        made = session.add(person)
        if role is not None:
            _assign(session, made, role, place)
        return {"entity": "User", "record": json_of(made), "role": role}

    data = call.run(act)
    call.answer(data, f"added {login}" + (f", {role} at {home}" if role else ", without any role"))


def _assign(
    session: Session, person: Any, role: str, place: Any, since: Any = None, until: Any = None
) -> Any:
    from pycrm.cli.entity import record_of
    from pycrm.entities import Role, RoleAssignment

    held = record_of(session, Role, role)
    begin = since or session.crm.calendar_day(session.now)
    return session.add(RoleAssignment(user=person, role=held, unit=place, since=begin, until=until))


def list_users(call: Call) -> None:
    """List the people with their units, and their roles where you may see those."""
    with call.view() as session:
        from pycrm.cli.listing import json_of
        from pycrm.entities import User

        people = session.find(User, order=User.login)
        units, roles = _units(session), _roles(session)
        items = [json_of(one) | {"roles": roles.get(one.id, [])} for one in people]
        rows = [
            [
                one.login,
                one.name,
                units[one.home_unit.id].code,
                one.state.value,
                ", ".join(f"{held['role']} at {held['unit']}" for held in roles.get(one.id, [])),
            ]
            for one in people
        ]
    call.answer({"entity": "User", "items": items}, Table(["Login", "Name", "Unit", "State", "Roles"], rows))


def _units(session: Session) -> dict[Any, Any]:
    from pycrm.entities import OrgUnit

    return {one.id: one for one in session.find(OrgUnit, archived=True)}


def _roles(session: Session) -> dict[Any, list[dict[str, Any]]]:
    """The roles of today by user, as far as the actor may see them."""
    from pycrm.entities import Role, RoleAssignment

    names = {one.id: one.name for one in session.find(Role, archived=True)}
    units, today = _units(session), session.crm.calendar_day(session.now)
    found: dict[Any, list[dict[str, Any]]] = {}
    for one in session.find(RoleAssignment, RoleAssignment.since <= today, order=RoleAssignment.since):
        if one.until is not None and one.until < today:
            continue
        held = {"role": names.get(one.role.id, "?"), "unit": units[one.unit.id].code}
        held |= {"since": one.since.isoformat(), "until": one.until.isoformat() if one.until else None}
        found.setdefault(one.user.id, []).append(held)
    return {user: sorted(held, key=lambda one: (one["since"], one["role"])) for user, held in found.items()}


def give_role(
    call: Call,
    login: Login,
    role: Annotated[str, typer.Argument(help=_ROLE)],
    place: Annotated[
        str | None, typer.Option("--unit", help="The code of the unit where it holds; else the home unit.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="The first day; else today.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last day, if there is one.")] = None,
) -> None:
    """Give a person a role at a unit, from a day and perhaps to one."""

    def act(session: Session) -> tuple[dict[str, Any], str]:
        from pycrm.cli.entity import record_of
        from pycrm.cli.listing import json_of
        from pycrm.cli.value import parsed
        from pycrm.entities import OrgUnit, RoleAssignment, User

        specs = RoleAssignment.__specs__
        person = record_of(session, User, login)
        where = record_of(session, OrgUnit, place) if place else session.get(person.home_unit)
        days = [
            parsed(session, specs[name], text or "") for name, text in (("since", since), ("until", until))
        ]
        made = _assign(session, person, role, where, *days)
        return {"entity": "RoleAssignment", "record": json_of(made)}, where.code

    data, where = call.run(act)
    ends = f" until {until}" if until else ""
    call.answer(data, f"{login} is {role} at {where} from {data['record']['since']}{ends}")


def suspend(call: Call, login: Login, because: Because = None) -> None:
    """Refuse a person from the next request on; what they own stays theirs."""
    _set_state(call, login, "suspended", because)


def resume(call: Call, login: Login, because: Because = None) -> None:
    """Let a suspended person in again."""
    _set_state(call, login, "active", because)


def _set_state(call: Call, login: str, state: str, because: str | None) -> None:
    def act(session: Session) -> dict[str, Any]:
        from pycrm.cli.entity import record_of
        from pycrm.cli.listing import json_of
        from pycrm.entities import User
        from pycrm.entities.org import UserState

        person = record_of(session, User, login)
        made = session.change(person, state=UserState(state), because=because)
        return {"entity": "User", "record": json_of(made)}

    data = call.run(act)
    call.answer(data, f"{login} is {state}")


def add_unit(
    call: Call,
    code: Annotated[str, typer.Argument(help="A short code, by which commands name the unit.")],
    name: Annotated[str | None, typer.Option("--name", help="The name; else the code.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The code of the unit above.")] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="company, region, branch, department, team or overseas_office.")
    ] = "department",
) -> None:
    """Add a unit to the tree."""

    def act(session: Session) -> dict[str, Any]:
        from pycrm.cli.entity import record_of
        from pycrm.cli.listing import json_of
        from pycrm.cli.value import parsed
        from pycrm.entities import OrgUnit

        above = record_of(session, OrgUnit, parent) if parent else None
        sort = parsed(session, OrgUnit.__specs__["kind"], kind)
        made = session.add(OrgUnit(code=code, name=name or code, parent=above, kind=sort))
        return {"entity": "OrgUnit", "record": json_of(made)}

    data = call.run(act)
    call.answer(data, f"added the unit {code}" + (f" below {parent}" if parent else ""))


def list_units(call: Call) -> None:
    """List the units as a tree."""
    with call.view() as session:
        from pycrm.cli.listing import json_of
        from pycrm.entities import OrgUnit

        units = session.find(OrgUnit, order=OrgUnit.name)
        items = [json_of(one) for one in units]
        rows = [[f"{'  ' * depth}{one.name}", one.code, one.kind.value] for depth, one in _tree(units)]
    call.answer({"entity": "OrgUnit", "items": items}, Table(["Name", "Code", "Kind"], rows))


def _tree(units: list[Any]) -> list[tuple[int, Any]]:
    present = {one.id for one in units}
    below: dict[Any, list[Any]] = {}
    for one in units:
        above = one.parent.id if one.parent is not None and one.parent.id in present else None
        below.setdefault(above, []).append(one)
    found: list[tuple[int, Any]] = []
    waiting = [(0, one) for one in reversed(below.get(None, []))]
    while waiting:
        depth, one = waiting.pop()
        found.append((depth, one))
        waiting += [(depth + 1, each) for each in reversed(below.get(one.id, []))]
    return found


command(user, "add")(add_user)
command(user, "list")(list_users)
command(user, "role")(give_role)
command(user, "suspend")(suspend)
command(user, "resume")(resume)
command(unit, "add")(add_unit)
command(unit, "list")(list_units)
