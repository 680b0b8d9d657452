"""The examination of an installation: each finding is well, or names its remedy."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.cli.call import address
from pycrm.errors import CRMError, StoreError

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.cli.call import Call

__all__ = ["Finding", "examine"]

_PYTHON = (3, 11)
_SQLITE = (3, 35, 0)


@attrs.frozen
class Finding:
    """One thing that was examined."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        words = f"{'ok    ' if self.ok else 'failed'}  {self.name}: {self.detail}"
        return f"{words}\n        {self.remedy}" if self.remedy else words

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        return attrs.asdict(self)


def examine(call: Call) -> list[Finding]:
    """Everything that can be examined, in the order in which it is needed."""
    findings = [_python(), _sqlite()]
    try:
        with call.crm(new=True) as crm:
            findings.append(_plugins(crm))
            findings += _database(call, crm)
    except StoreError as error:
        findings.append(Finding("Database", False, str(error), "check --database, or run `pycrm init`"))
    except CRMError as error:
        remedy = "see `pycrm plugin list` for what is installed, and check --plugin and --database"
        findings.append(Finding("Plugins and address", False, str(error), remedy))
    return findings


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= _PYTHON
    return Finding("Python", ok, found, "" if ok else "install Python 3.11 or newer")


def _sqlite() -> Finding:
    ok = sqlite3.sqlite_version_info >= _SQLITE
    remedy = "" if ok else "use a Python that comes with SQLite 3.35 or newer"
    return Finding("SQLite", ok, sqlite3.sqlite_version, remedy)


def _plugins(crm: CRM) -> Finding:
    loaded = ", ".join(f"{one.name} {one.version}" for one in crm.registry.describe())
    left = "; ".join(f"{one.name} is left out: {one.reason}" for one in crm.left_out)
    if left:
        return Finding("Plugins", False, f"{loaded}; {left}", "mend it, or `pycrm plugin disable` it")
    return Finding("Plugins", True, loaded)


def _database(call: Call, crm: CRM) -> list[Finding]:
    """Whether it answers with the settings that the store insists on, is up to date, and takes writes."""
    where = address(crm)
    try:
        call.refuse_absent(crm)
        behind = crm.pending()
    except StoreError as error:
        return [Finding("Database", False, f"{where}: {error}", "check --database, or run `pycrm init`")]
    found = [Finding("Database", True, f"{where}, {_settings(crm)}")]
    if behind:
        more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
        return [
            *found,
            Finding("Migrations", False, "; ".join(behind[:3]) + more, "run `pycrm migrate`"),
        ]
    return [*found, Finding("Migrations", True, "up to date"), *_pipelines(crm), _writing(crm)]


def _pipelines(crm: CRM) -> list[Finding]:
    """What plugins declare under numbers that are published with another content."""
    with crm.view(crm.system("doctor")) as session:
        edited = crm.pipelines.edited(session.transaction)
        found = [one for one in session.pipelines() if one.state == "declared"]
    if edited:
        named = ", ".join(f"{key} {version}" for key, version in edited)
        detail = f"published, and edited in code since, which has no effect: {named}"
        return [Finding("Pipelines", False, detail, "declare what was edited under the next number")]
    if not found:
        return []
    named = ", ".join(f"{one.key} {one.version}" for one in found)
    detail = f"declared in code and not in force, since others were published by hand: {named}"
    return [Finding("Pipelines", True, detail, "see `pycrm pipeline show`; draft it under the next number")]


def _settings(crm: CRM) -> str:
    if crm.store.dialect == "sqlite":
        return "write-ahead log, full synchronisation, foreign keys on"
    return "durable commits, UTF-8"


class _RolledBackError(Exception):
    """Ends the trial, so that nothing of it is kept."""


def _writing(crm: CRM) -> Finding:
    """Write a source of customers and roll it back."""
    from pycrm.entities import Source

    name = f"doctor {crm.identifiers.new()}"
    try:
        try:
            with crm.session(crm.system("doctor")) as session:
                session.add(Source(name=name))
                raise _RolledBackError
        except _RolledBackError:
            pass
        with crm.view(crm.system("doctor")) as session:
            left = session.count(Source, Source.name == name)
    except CRMError as error:
        return Finding("Writing", False, str(error), "check the rights on the database and the free space")
    if left:
        return Finding("Writing", False, "a rolled-back row was kept", "check the settings of the database")
    return Finding("Writing", True, "a row was written and rolled back")
