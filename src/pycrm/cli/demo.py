"""An example company in a SQLite file, what some of its people see of it, and its pages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.cli.access import tally_table, totals
from pycrm.cli.answer import Part, Table, say, tell
from pycrm.cli.call import Call
from pycrm.cli.story import Story, told
from pycrm.errors import DeclarationError, InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["EXAMPLE", "Example", "installed", "load", "serve", "views"]

EXAMPLE = "b2b_project_sales"
# Everybody's of an example: it is served to this machine alone.
PASSWORD = "nine pumps in a row"
_SQLITE = b"SQLite format 3\0"


@attrs.frozen
class Example:
    """An installed example: its plugin, and what its module of sample data says.

    Besides the function that adds the data the module has `PEOPLE`, a login for each rank; and, where
    the example wants them, `BESIDE`, the plugins that are enabled with it, `MODEL`, the score model
    by which its customers are scored, and `story`, which tells of the data (`pycrm.cli.story`).
    """

    plugin: str
    add: Callable[[CRM], object]
    people: Mapping[str, str]
    beside: tuple[str, ...]
    model: str | None
    story: Story | None = None

    @property
    def plugins(self) -> tuple[str, ...]:
        """All that is enabled."""
        return (self.plugin, *self.beside)


def installed(package: str) -> Example:
    """The example of that name.

    Raises:
        DeclarationError: it is not installed, or brings no sample data.
    """
    from pycrm.app.sample import sample_of
    from pycrm.plugin import discover

    for one in discover():
        if one.target.split(":")[0].split(".")[0] == package:
            break
    else:
        raise DeclarationError(
            f"the example {package} is not installed: `make demo` installs it, or pip install examples/{package}"
        )
    plugin: Any = one.open()
    add = sample_of(plugin)
    module = import_module(plugin.sample.partition(":")[0])
    return Example(
        one.name,
        add,
        module.PEOPLE,
        getattr(module, "BESIDE", ()),
        getattr(module, "MODEL", None),
        getattr(module, "story", None),
    )


def load(call: Call, example: Example, file: str, fresh: bool) -> Path:
    """Fill the file with the example's sample data, unless it is there and `fresh` is not asked for.

    Raises:
        InvalidError: the file is something else than a SQLite database.
    """
    path = Path(file)
    if path.exists():
        _refuse_foreign(path)
        if not fresh:
            return path
    # A file of half a company would be taken for the whole one at the next call.
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    with _crm(call, part, example) as crm, _waiting(call):
        crm.migrate()
        example.add(crm)
        if example.model is not None:
            crm.run_scores(crm.system("scores of the example"), example.model)
    _remove(path)
    os.replace(part, path)
    return path


def _refuse_foreign(path: Path) -> None:
    with path.open("rb") as file:
        begins = file.read(len(_SQLITE))
    if begins not in (b"", _SQLITE):
        wrong = Problem("file", "rule", f"{path} is no SQLite file; it is left as it is")
        raise InvalidError(wrong.message, fields=[wrong])


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextmanager
def _crm(call: Call, path: Path, example: Example) -> Iterator[CRM]:
    call = Call(database=f"sqlite:///{path}", plugins=example.plugins, settings=call.settings)
    with call.crm(new=True) as crm:
        yield crm


@contextmanager
def _waiting(call: Call) -> Iterator[None]:
    from rich.console import Console

    console, words = Console(stderr=True), "Writing the business of the example, each act by whoever did it …"
    if call.json:
        yield
    elif console.is_terminal:
        with console.status(words):
            yield
    else:
        tell(words)
        yield


def views(call: Call, example: Example, path: Path) -> tuple[dict[str, Any], list[Part]]:
    """What somebody of each rank sees, for programs and for people."""
    data: list[dict[str, Any]] = []
    parts: list[Part] = [f"{path}: one company, {len(example.people)} views", ""]
    with _crm(call, path, example) as crm:
        for rank, login in example.people.items():
            with crm.view(login) as session:
                seen, shown = _view(session, rank, login)
            data.append(seen)
            parts += [*shown, ""]
        story, lines = told(crm, example.story)
        parts += lines
    hints = _hints(path, example)
    return {"file": str(path), "views": data, "story": story, "next": hints}, [
        *parts,
        "What to type next:",
        *hints,
    ]


def _view(session: Session, rank: str, login: str) -> tuple[dict[str, Any], list[Part]]:
    from pycrm.entities import Customer, Opportunity, OrgUnit, User

    person = session.find(User, User.login == login)[0]
    unit = session.get(OrgUnit, person.home_unit.id)
    customers, deals = session.count(Customer), session.count(Opportunity)
    scope = session.reach(Customer)
    tallies = session.by_stage(Opportunity, amount=Opportunity.amount)
    head = f"{person.name} ({login}), {rank} in {unit.name}; scope: {scope}"
    seen = {
        "rank": rank,
        "login": login,
        "name": person.name,
        "unit": unit.name,
        "scope": scope,
        "customers": customers,
        "opportunities": deals,
        "sums": totals(tallies),
        "stages": [
            {
                "stage": one.stage,
                "label": one.label,
                "count": one.count,
                "sums": {money.currency: f"{money.amount:f}" for money in one.sums},
            }
            for one in tallies
        ],
    }
    return seen, [head, f"sees {customers:,} customers and {deals:,} opportunities:", tally_table(tallies)]


def serve(call: Call, example: Example, path: Path, port: int) -> None:
    """Serve the example's pages to this machine, and say who signs in how; until it is interrupted.

    Raises:
        DeclarationError: what serving needs is not installed.
    """
    from pycrm.cli.serving import serve as serve_pages

    with _crm(call, path, example) as crm:
        signs = _sign_ins(crm, example)
    say(f"The pages stand at http://127.0.0.1:{port}; everybody's password is: {PASSWORD}", signs)
    served = Call(database=f"sqlite:///{path}", plugins=example.plugins, settings=call.settings)
    serve_pages(served, port=port)


def _sign_ins(crm: CRM, example: Example) -> Table:
    """Give one person of each rank a password, and whoever keeps the roles, and say whom."""
    from pycrm.credential import set_password
    from pycrm.entities import Role, RoleAssignment, User

    def act(session: Session) -> list[list[str]]:
        people = dict(example.people)
        for given in session.find(RoleAssignment):
            if session.get(Role, given.role.id).name == "administrator":
                people.setdefault("administrator", session.get(User, given.user.id).login)
        rows = []
        for rank, login in people.items():
            person = session.find(User, User.login == login)[0]
            set_password(session, person, PASSWORD)
            rows.append([rank, login, person.name])
        return rows

    return Table(["Rank", "Login", "Name"], crm.run(crm.system("passwords of the example"), act))


def _hints(path: Path, example: Example) -> list[str]:
    seller, manager, director = (list(example.people.values()) * 3)[:3]
    script = Path(sys.executable).with_name("pycrm")
    # `make demo` runs in an environment that the reader's shell has not entered.
    pycrm = "pycrm" if which("pycrm") or not script.exists() else os.path.relpath(script)
    hints = [
        f"  export PYCRM_DATABASE=sqlite:///{path} PYCRM_PLUGINS={','.join(example.plugins)}",
        f"  {pycrm} list customers --as {seller}",
        f"  {pycrm} list opportunities --where stage=quoted --order -amount --as {manager}",
        f"  {pycrm} report pipeline --as {director}",
    ]
    if example.model is not None:
        hints.append(f"  {pycrm} score list {example.model} --as {director}")
    return [*hints, f"  {pycrm} --help"]
