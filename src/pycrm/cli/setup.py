"""Commands that make a database and look it over: init, sample, doctor, demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.call import UNNAMED, Call, address, command
from pycrm.errors import ConflictError, InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["add_to"]


def init(
    call: Call,
    company: Annotated[str | None, typer.Option("--company", help="The name of the company.")] = None,
    code: Annotated[str, typer.Option("--code", help="The code of its first unit.")] = "hq",
    admin: Annotated[
        str | None, typer.Option("--admin", help="The login of the administrator, who keeps users and roles.")
    ] = None,
    admin_name: Annotated[str | None, typer.Option("--admin-name", help="The administrator's name.")] = None,
    top: Annotated[
        str | None, typer.Option("--top", help="The login of the first manager who sees everything.")
    ] = None,
    top_name: Annotated[str | None, typer.Option("--top-name", help="The manager's name.")] = None,
) -> None:
    """Create a database with a company and its first two users.

    The administrator keeps users and roles, the top manager sees everything. What is not given by options is asked for.
    """
    with call.crm(new=True) as crm:
        crm.migrate()
        system = crm.system("set-up")
        with crm.view(system) as session:
            _refuse_people(session, "`pycrm migrate` brings it up to date")
        said = _asked(call, {"company": company, "admin": admin, "top": top})
        names = {str(said["admin"]): admin_name, str(said["top"]): top_name}
        data = crm.run(system, lambda session: _found(session, said, code, names))
        data |= {"database": address(crm)}
    call.answer(
        data,
        f"created {data['database']}: {said['company']}, administrator {said['admin']}, top {said['top']}",
        f"next: pycrm user add LOGIN --unit {code} --role staff --as {said['admin']}",
    )


def _refuse_people(session: Session, instead: str) -> None:
    """Refuse a database in which somebody works already; `instead` says what is wanted."""
    from pycrm.entities import User

    if session.count(User, limit=1):
        raise ConflictError(f"this database has its users already: {instead}")


_QUESTIONS = {"company": "Name of the company", "admin": "Login of the administrator"}
_QUESTIONS |= {"top": "Login of the first top manager"}


def _asked(call: Call, said: Mapping[str, str | None]) -> dict[str, str]:
    """What was said, and what a person answers when asked; a program is not asked."""
    found = {name: value for name, value in said.items() if value}
    missing = [name for name in said if name not in found]
    try:
        if not call.json:
            found |= {name: typer.prompt(_QUESTIONS[name], err=True) for name in missing}
            return found
    except typer.Abort:
        typer.echo(err=True)
    problems = [Problem(name, "required", f"give --{name}") for name in missing]
    if problems:
        raise InvalidError("; ".join(one.message for one in problems), fields=problems)
    return found


def _found(
    session: Session, said: Mapping[str, str], code: str, names: Mapping[str, str | None]
) -> dict[str, Any]:
    from pycrm.entities import OrgUnit, Role, RoleAssignment, User
    from pycrm.entities.org import UnitKind

    company = session.add(OrgUnit(name=said["company"], code=code, kind=UnitKind.COMPANY))
    today = session.crm.calendar_day(session.now)
    people = {
        login: session.add(User(login=login, name=names[login] or login, home_unit=company))
        for login in dict.fromkeys((said["admin"], said["top"]))
    }
    for login, name in ((said["admin"], "administrator"), (said["top"], "top")):
        role = session.named(Role, name)
        session.add(RoleAssignment(user=people[login], role=role, unit=company, since=today))
    return {"company": said["company"], "unit": code, "administrator": said["admin"], "top": said["top"]}


def sample(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="PLUGIN", help="The name that the plugin is installed by.")],
) -> None:
    """Fill an empty database with the sample data of a plugin, which is enabled in it with all that it requires."""
    from pycrm.app.enabling import enable, enabled
    from pycrm.app.sample import sample_of
    from pycrm.plugin import required_by

    given = call.options
    with call.crm(new=True) as crm:
        crm.migrate()
        with crm.view(crm.system("sample data")) as session:
            _refuse_people(session, "sample data are invented, and want an empty one")
    there = {getattr(one, "name", one) for one in given["plugins"]}
    there |= {*enabled(call.database, schema=given.get("schema"))}
    for wanted in (*required_by(name), name):
        if wanted not in there:
            enable(call.database, wanted, **given)
    with call.crm() as crm:
        sample_of(crm.registry.plugin(name))(crm)
        with crm.view(crm.system("sample data")) as session:
            data = _filled(session, name)
    call.answer(
        data,
        f"filled the database with the sample data of {name}: {data['customers']} customers",
        f"who may act, with --as: {', '.join(data['people'])}",
    )


def _filled(session: Session, name: str) -> dict[str, Any]:
    from pycrm.entities import Customer, User

    people = [one.login for one in session.find(User, order=User.login, limit=50)]
    return {"plugin": name, "customers": session.count(Customer), "people": people}


def doctor(call: Call) -> None:
    """Check the installation and the database; say what to do."""
    from pycrm.cli.doctor import examine

    findings = examine(call)
    call.answer(
        {"ok": all(one.ok for one in findings), "checks": [one.as_dict() for one in findings]},
        *(str(one) for one in findings),
    )
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


def demo(
    call: Call,
    file: Annotated[str, typer.Option("--file", help="The SQLite file to make.")] = "demo.db",
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the file anew if it is there.")] = False,
    app: Annotated[
        str, typer.Option("--app", help="The example: b2b_project_sales or medical_exam_center.")
    ] = "b2b_project_sales",
    pages: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve its pages to this machine afterwards.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port of the pages.")] = 8000,
) -> None:
    """Load an example company, and show who sees what; with --serve in the browser too."""
    from pycrm.cli.demo import installed, load, serve, views

    example = installed(app)
    path = load(call, example, file, fresh)
    data, parts = views(call, example, path)
    call.answer(data, *parts)
    if pages:
        serve(call, example, path, port)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "init", shared=UNNAMED)(init)
    command(app, "sample", shared=UNNAMED)(sample)
    command(app, "doctor", shared=UNNAMED)(doctor)
    command(app, "demo", shared=("json",))(demo)
