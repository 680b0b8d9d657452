"""The example company in a SQLite file, and what three of its people see of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from pycrm.cli.access import tally_table, totals
from pycrm.cli.answer import Part, tell
from pycrm.cli.call import Call
from pycrm.errors import DeclarationError, InvalidError, Problem

if TYPE_CHECKING:
    from types import ModuleType

    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["load", "views"]

_PACKAGE = "b2b_project_sales"
# Enabled beside the example, so that its customers are worth something.
_BESIDE = "customer_value"
_MODEL = "project"
_SQLITE = b"SQLite format 3\0"


def _plugin_name() -> str:
    from pycrm.plugin import discover

    for one in discover():
        if one.target.split(":")[0].split(".")[0] == _PACKAGE:
            return one.name
    raise DeclarationError(
        f"the example {_PACKAGE} is not installed: `make demo` installs it, or pip install examples/{_PACKAGE}"
    )


def load(call: Call, file: str, fresh: bool) -> Path:
    """Fill the file with the example's sample data, unless it is there and `fresh` is not asked for.

    Raises:
        DeclarationError: the example is not installed.
        InvalidError: the file is something else than a SQLite database.
    """
    path, name = Path(file), _plugin_name()
    if path.exists():
        _refuse_foreign(path)
        if not fresh:
            return path
    # A file of half a company would be taken for the whole one at the next call.
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    with _crm(call, part, name) as crm, _waiting(call):
        crm.migrate()
        function = str(crm.registry.plugin(name).sample).partition(":")[2]
        getattr(_sample(crm, name), function)(crm)
        crm.run_scores(crm.system("scores of the example"), _MODEL)
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
def _crm(call: Call, path: Path, plugin: str) -> Iterator[CRM]:
    call = Call(database=f"sqlite:///{path}", plugins=(plugin, _BESIDE), settings=call.settings)
    with call.crm(new=True) as crm:
        yield crm


@contextmanager
def _waiting(call: Call) -> Iterator[None]:
    from rich.console import Console

    console, words = Console(stderr=True), "Writing two years of business, each act by whoever did it …"
    if call.json:
        yield
    elif console.is_terminal:
        with console.status(words):
            yield
    else:
        tell(words)
        yield


def _sample(crm: CRM, name: str) -> ModuleType:
    sample = crm.registry.plugin(name).sample
    if sample is None:
        raise DeclarationError(f"the plugin {name} brings no sample data")
    return import_module(sample.partition(":")[0])


def views(call: Call, path: Path) -> tuple[dict[str, Any], list[Part]]:
    """What a salesperson, a regional manager and the director see, for programs and for people."""
    name = _plugin_name()
    data: list[dict[str, Any]] = []
    parts: list[Part] = [f"{path}: one company, three views", ""]
    with _crm(call, path, name) as crm:
        people: Mapping[str, str] = _sample(crm, name).PEOPLE
        for rank, login in people.items():
            with crm.view(login) as session:
                seen, shown = _view(session, rank, login)
            data.append(seen)
            parts += [*shown, ""]
    hints = _hints(path, name, list(people.values()))
    return {"file": str(path), "views": data, "next": hints}, [*parts, "What to type next:", *hints]


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


def _hints(path: Path, plugin: str, logins: list[str]) -> list[str]:
    seller, manager, director = (logins * 3)[:3]
    script = Path(sys.executable).with_name("pycrm")
    # `make demo` runs in an environment that the reader's shell has not entered.
    pycrm = "pycrm" if which("pycrm") or not script.exists() else os.path.relpath(script)
    return [
        f"  export PYCRM_DATABASE=sqlite:///{path} PYCRM_PLUGINS={plugin},{_BESIDE}",
        f"  {pycrm} list customers --as {seller}",
        f"  {pycrm} list opportunities --where stage=quoted --order -amount --as {manager}",
        f"  {pycrm} report pipeline --as {director}",
        f"  {pycrm} score list {_MODEL} --as {director}",
        f"  {pycrm} --help",
    ]
