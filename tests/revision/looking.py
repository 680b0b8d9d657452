"""Every way to a protected field that there is, and what each of them has to leave in the book of looks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from house import enterprise
from typer.testing import CliRunner

from pycrm import (
    CRM,
    Customer,
    Field,
    FieldReading,
    FieldRule,
    FixedClock,
    Grant,
    Link,
    Person,
    Record,
    RefusedError,
    Role,
    StoreError,
    field,
    link,
    through,
)
from pycrm.cli import app
from pycrm.declare.codec import dump
from pycrm.declare.row import layout
from pycrm.entities.org import Action, Reach
from pycrm.exchange import export_csv, import_file
from pycrm.plugin import Plugin
from pycrm.revision import access
from revision.sealing import permit

NUMBERS = ("11010119900307663X", "110101199003070011", "110101199003070038")
FOUND = "shadow on the lung"
CHANGED = ("440301198501011234", "440301198501015678")
WHO = ("rep_a", "lead_e", "dir", "rep_b")
# Staff may be shown the number of whom they see, the others get its mask; rep_b sees none of them.
OUTCOME = {"rep_a": "shown", "lead_e": "refused", "dir": "refused", "rep_b": None}
MAPPING = """
entity = "Customer"
source = "old"
key = "no"
make = "person"

[columns]
name = "name"
mobile = "mobile"
id_no = "number"
source = { value = "exhibition", lookup = "Source.name" }
"""


class Check(Record, table="lab_check", scope=through("customer")):
    """What was found when somebody was examined."""

    customer: Link[Customer] = link("Customer")
    hall: Field[int] = field("Hall", default=1)
    finding: Field[str | None] = field("Finding", default=None, special=True)


class Lab(Plugin):
    """Lab"""

    name = "lab"
    records = (Check,)


class UndoneError(Exception):
    """Ends a session of which nothing is to stay."""


@attrs.define
class Desk:
    """Three people with identity numbers, and the number of looks that there have been."""

    crm: CRM
    clock: FixedClock
    folder: Path
    customers: list[Customer]
    persons: list[Person]
    checks: list[Check]
    begun: Any
    told: int = 0

    @classmethod
    def opened(cls, crm: CRM, clock: FixedClock, folder: Path) -> Desk:
        """Numbers entered by rep_a, one of them amended since, another amendment of it refused."""
        enterprise(crm)
        permit(crm)
        with crm.session(crm.system("rights")) as session:
            for role in session.find(Role, children=True):
                export = [
                    Grant(entity=name, action=Action.EXPORT, reach=Reach.ALL)
                    for name in ("Customer", "Check")
                ]
                rule = FieldRule(entity="Check", field_name="finding", read=FieldReading.PLAIN, write=True)
                rules = [*role.rules, rule] if role.name == "staff" else role.rules
                session.change(role, grants=[*role.grants, *export], rules=rules)
        begun = crm.clock.now()
        customers, persons, checks = [], [], []
        with crm.session("rep_a") as session:
            for at, number in enumerate(NUMBERS):
                draft = Customer.person(f"P{at}", mobile=f"1390000000{at}", source="exhibition", id_no=number)
                customers.append(session.add(draft))
                checks.append(session.add(Check(customer=customers[-1], finding=f"{FOUND} {at}")))
        for customer in customers[:2]:
            with crm.session("rep_a") as session:
                held = session.facet(customer.party, Person)
                number = CHANGED[customers.index(customer)]
                session.amend(held, id_no=number, because="misread before")
        with crm.view("rep_a") as session:
            for customer in customers:
                found = session.facet(customer.party, Person)
                assert found is not None
                persons.append(found)
        folder.joinpath("mapping.toml").write_text(MAPPING, "utf-8")
        return cls(crm, clock, folder, customers, persons, checks, begun, looks(crm))

    def do(self, verb: str, who: str, at: int) -> list[str]:
        """Do it, and say what was shown without a look in the book, or stands there without one."""
        at %= len(self.persons)
        self.clock.advance(seconds=1)
        asked = WAYS[verb]
        try:
            answer = repr(asked(self, who, at))
        except (RefusedError, StoreError, UndoneError) as refused:
            answer = repr((refused, getattr(refused, "data", None), getattr(refused, "fields", None)))
        outcome = OUTCOME[who] if verb in LOOKS else None
        if verb == "check_reveal" and outcome == "refused":
            # What was found is hidden from them, as if there were no such field.
            outcome = None
        wanted = int(outcome is not None)
        now, before, self.told = looks(self.crm), self.told, looks(self.crm)
        found = []
        if now - before != wanted:
            found.append(f"{verb} by {who}: {now - before} rows instead of {wanted}")
        is_shown = any(number in answer for number in (*NUMBERS, *CHANGED, FOUND))
        if is_shown and outcome != "shown":
            found.append(f"{verb} by {who} shows {answer}")
        if outcome == "shown" and not is_shown:
            found.append(f"{verb} by {who} shows nothing: {answer}")
        if wanted and now > before:
            found += self._last(verb, who, at)
        return found

    def _last(self, verb: str, who: str, at: int) -> list[str]:
        row = newest(self.crm)
        told = (row["actor"], row["outcome"], row["purpose"])
        expected = (who, OUTCOME[who], verb)
        fields = row["fields"] if isinstance(row["fields"], str) else ",".join(row["fields"])
        of, name = (self.checks, "finding") if verb == "check_reveal" else (self.persons, "id_no")
        right = told == expected and name in fields and str(of[at].id) in row["query"]
        return [] if right else [f"{verb} by {who}: the book says {row}"]


def looks(crm: CRM) -> int:
    """How many looks stand in the book."""
    with crm.store.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM crm_access")).scalar_one())


def newest(crm: CRM) -> dict[str, Any]:
    """The last look."""
    with crm.store.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM crm_access ORDER BY at DESC LIMIT 1"))
        return dict(rows.mappings().one())


# --- ways to look ----------------------------------------------------------------------------------


def view_reveal(desk: Desk, who: str, at: int) -> Any:
    with desk.crm.view(who) as session:
        return session.reveal(desk.persons[at], "id_no", because="view_reveal").id_no


def session_reveal(desk: Desk, who: str, at: int) -> Any:
    with desk.crm.session(who) as session:
        return session.reveal(desk.persons[at].ref, "id_no", "gender", because="session_reveal").id_no


def check_reveal(desk: Desk, who: str, at: int) -> Any:
    with desk.crm.view(who) as session:
        return session.reveal(desk.checks[at], "finding", because="check_reveal").finding


def undone_reveal(desk: Desk, who: str, at: int) -> Any:
    with desk.crm.session(who) as session:
        seen = session.reveal(desk.persons[at], "id_no", because="undone_reveal").id_no
        raise UndoneError(seen)


def attempted_reveal(desk: Desk, who: str, at: int) -> Any:
    with desk.crm.session(who) as session:
        seen = None
        with contextlib.suppress(UndoneError), session.attempt():
            seen = session.reveal(desk.persons[at], "id_no", because="attempted_reveal").id_no
            raise UndoneError
        return seen


def unwritten_reveal(desk: Desk, who: str, at: int) -> Any:
    """The book cannot be written: nothing is to be shown."""

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "enter", full)
        with desk.crm.view(who) as session:
            return session.reveal(desk.persons[at], "id_no", because="unwritten_reveal").id_no


# --- ways that show nothing ------------------------------------------------------------------------


def read(act: Callable[[Any, Desk, int], Any]) -> Callable[[Desk, str, int], Any]:
    """What somebody is answered in a view."""

    def asked(desk: Desk, who: str, at: int) -> Any:
        with desk.crm.view(who) as session:
            return act(session, desk, at)

    return asked


def exported(columns: Any) -> Callable[[Any, Desk, int], Any]:
    """The table that somebody takes out."""

    def act(session: Any, desk: Desk, at: int) -> Any:
        out = BytesIO()
        export_csv(session, Check, out, columns=columns)
        return out.getvalue()

    return act


def imported(desk: Desk, who: str, at: int) -> Any:
    """The report of a table in which somebody else's number stands; what is typed in there is not repeated."""
    table = desk.folder / "table.csv"
    table.write_text(f"no,name,mobile,number\n1,X,1370000000{at},{NUMBERS[2]}\n", "utf-8")
    report = import_file(desk.crm, who, table, desk.folder / "mapping.toml", dry_run=True)
    return [(one.code, one.reason, one.problems) for one in report.refused()]


def written(desk: Desk, who: str, at: int) -> Any:
    """A direct write of the number is refused with its policy and what is there now."""
    with desk.crm.session(who) as session:
        return session.change(desk.persons[at], id_no="510101199003079999")


def stale(desk: Desk, who: str, at: int) -> Any:
    """An amendment from what was read before somebody else's."""
    with desk.crm.session(who) as session:
        session.amend(
            one_back(desk.persons[at]), id_no="510101199003079999", gender="f", because="misread before"
        )
        raise UndoneError


def one_back(record: Any) -> Any:
    """The record as if it had been read one version before."""
    return layout(type(record)).copy(record, {"version": record.version - 1})


def taken(desk: Desk, who: str, at: int) -> Any:
    """Another person with a number that is taken."""
    with desk.crm.session(who) as session:
        session.add(Customer.person("X", mobile=f"1360000000{at}", source="exhibition", id_no=NUMBERS[2]))
        raise UndoneError


def reverted(desk: Desk, who: str, at: int) -> Any:
    """The last revision taken back, which is mostly the amendment of the number, and that undone."""
    with desk.crm.session(who) as session:
        done = session.history(desk.persons[at])[0]
        answer = repr(session.revert(done, because="it was wrong"))
        raise UndoneError(answer)


def commanded(*arguments: str) -> Callable[[Desk, str, int], Any]:
    """What the command line answers; ``ID`` stands for the customer."""

    def asked(desk: Desk, who: str, at: int) -> Any:
        id = str(desk.customers[at].id)
        given = [id if one == "ID" else one for one in arguments]
        address = desk.crm.store.url.render_as_string(hide_password=False)
        given += ["--as", who, "--database", address]
        done = CliRunner().invoke(app, given, obj={"clock": desk.crm.clock}, catch_exceptions=False)
        return done.stdout, done.stderr

    return asked


def told_of(record: Any) -> Any:
    """All that a record gives away by its fields."""
    return repr(record), None if record is None else dump(record)


WAYS: dict[str, Callable[[Desk, str, int], Any]] = {
    "view_reveal": view_reveal,
    "session_reveal": session_reveal,
    "check_reveal": check_reveal,
    "undone_reveal": undone_reveal,
    "attempted_reveal": attempted_reveal,
    "unwritten_reveal": unwritten_reveal,
    "get": read(lambda s, d, at: told_of(s.get(Person, d.persons[at].id))),
    "facet": read(lambda s, d, at: told_of(s.facet(d.customers[at].party, Person))),
    "find": read(lambda s, d, at: [told_of(one) for one in s.find(Person)]),
    "get check": read(lambda s, d, at: told_of(s.get(d.checks[at].ref))),
    "checks": read(lambda s, d, at: [told_of(one) for one in s.find(Check)]),
    "checks as of": read(lambda s, d, at: [told_of(one) for one in s.find(Check, as_of=s.now)]),
    "history of check": read(lambda s, d, at: s.history(d.checks[at])),
    "find by it": read(lambda s, d, at: s.find(Person, Person.id_no == NUMBERS[2])),
    "sort by it": read(lambda s, d, at: s.find(Person, order=Person.id_no)),
    "count by it": read(lambda s, d, at: s.count(Person, distinct=Person.id_no)),
    "page": read(lambda s, d, at: s.page(Customer)),
    "search": read(lambda s, d, at: s.search(Customer, "P1")),
    "history": read(lambda s, d, at: s.history(d.customers[at])),
    "history of it": read(lambda s, d, at: s.history(d.persons[at], field="id_no")),
    "difference": read(lambda s, d, at: s.diff(d.customers[at], d.begun - timedelta(days=1))),
    "as of": read(lambda s, d, at: told_of(s.as_of(d.persons[at], s.now))),
    "list as of": read(lambda s, d, at: [told_of(one) for one in s.find(Person, as_of=s.now)]),
    "find by it as of": read(lambda s, d, at: s.find(Person, Person.id_no == NUMBERS[2], as_of=s.now)),
    "export": read(exported(None)),
    "export it": read(exported(["hall", "finding"])),
    "accesses": read(lambda s, d, at: s.accesses(d.persons[at])),
    "exports": read(lambda s, d, at: s.exports()),
    "ahead": read(lambda s, d, at: s.ahead(d.customers[at])),
    "fields": read(lambda s, d, at: s.fields(Person)),
    "import": imported,
    "write": written,
    "stale": stale,
    "taken": taken,
    "revert": reverted,
    "command show": commanded("show", "customer", "ID", "--json"),
    "command list": commanded("list", "customers", "--json"),
    "command history": commanded("history", "of", "customer", "ID", "--json"),
}
#: Those that are a look, and leave a row: one who is shown the mask alone is refused and recorded.
LOOKS = ("view_reveal", "session_reveal", "check_reveal", "undone_reveal", "attempted_reveal")
