"""Filling a database with an enterprise of any size, through the driver and always alike.

An import of a million customers through pycrm would take minutes; this takes the time of the
database. What it writes are the rows that pycrm would write, with keyed claims, closure, owners and
history, and `check` holds a sample of them against the session.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import attrs

from benchmarks.database import Server
from pycrm import (
    CRM,
    ConflictError,
    Customer,
    Identifiers,
    OrgUnit,
    Party,
    Role,
    Source,
)
from pycrm.scope.text import rebuild

__all__ = ["SIZES", "Enterprise", "Shape", "check", "load"]

# By name: customers, users, units.
SIZES = {"10k": (10_000, 100, 20), "100k": (100_000, 1_000, 200), "1m": (1_000_000, 10_000, 2_000)}
LEVELS = 6
SEED = 20260630
_CHUNK = 1000
_BEGAN_MS = 1_735_689_600_000  # 2025-01-01, UTC
_STEP_MS = 25
_SINCE = date(2025, 1, 1)
_WORDS = (
    *("Anda", "Boya", "Changhe", "Dafeng", "Eton", "Fuxin", "Guanghua", "Hongda", "Jiali", "Kaixin"),
    *("Lianhe", "Mingtai", "Ningbo", "Orient", "Pudong", "Qihang", "Ruifeng", "Shengli", "Tianyi"),
    *("Weida", "Xinhua", "Yongan", "Zhongke"),
)
_TRADES = ("Chemical", "Clinic", "Electric", "Foods", "Logistics", "Machinery", "Pump", "Steel", "Textile")
_PLACES = ("上海", "北京", "深圳", "宁波", "青岛")
_CHARACTERS = tuple(chr(0x4E00 + at) for at in range(400))
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_STAMPS = ("id", "version", "created_at", "created_by_id", "updated_at", "updated_by_id")
_COLUMNS = {
    "crm_unit": (*_STAMPS, "name", "code", "parent_id", "kind", "active"),
    "crm_unit_closure": ("ancestor_id", "descendant_id", "depth"),
    "crm_user": (*_STAMPS, "login", "name", "home_unit_id", "state"),
    "crm_role_assignment": (*_STAMPS, "user_id", "role_id", "unit_id", "since"),
    "crm_party": (*_STAMPS, "kind", "name"),
    "crm_contact_point": ("id", "parent_id", "position", "kind", "value", "shared"),
    "crm_customer": (
        *_STAMPS,
        *("owner_id", "owner_unit_id", "code", "party_id", "name", "kind", "lifecycle"),
        *("stage", "stage_at", "pipeline", "pipeline_version", "source_id", "strategic", "needs"),
        *("preferences", "active_at"),
    ),
    "crm_ownership": ("entity", "record_id", "user_id", "unit_id", "since", "by_id", "reason"),
    "crm_claim": ("digest", "entity", "record_id"),
    "crm_revision": ("id", "at", "by_id", "actor", "source"),
    "crm_change": ("record_id", "version", "entity", "revision_id", "act", "changes"),
}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def identifier(ms: int, noise: random.Random) -> bytes:
    """A UUID of version 7 for that millisecond."""
    tail = noise.getrandbits(74)
    number = ms << 80 | 0x7000 << 64 | tail >> 62 << 64 | 1 << 63 | tail & (1 << 62) - 1
    return number.to_bytes(16, "big")


@attrs.frozen
class Person:
    """A user as the loader knows it."""

    id: bytes
    login: str
    unit: int


@attrs.define
class Shape:
    """The organisation that was loaded, and what each of its people must see."""

    size: str
    customers: int
    units: list[bytes]
    parents: list[int | None]
    people: list[Person]
    top: str
    busiest: str
    salesperson: str
    leader: str
    leads: int
    # Leaders of about 30, 2 and 2 of 100 customers; those of the last come at the end of every list.
    region: str
    branch: str
    quiet: str
    owned: Counter[int] = attrs.field(factory=Counter)

    def below(self, unit: int) -> set[int]:
        """The unit and all units below it."""
        found = {unit}
        # Parents have smaller numbers than their children.
        for number, parent in enumerate(self.parents):
            if parent in found:
                found.add(number)
        return found

    def led_by(self, login: str) -> int:
        """The unit that somebody leads."""
        return int(login.removeprefix("user")) - (len(self.people) - len(self.units))

    def expected(self) -> dict[str, int]:
        """How many customers each of four people sees."""
        by_login = {self.people[index].login: number for index, number in self.owned.items()}
        units = self.below(self.leads)
        led = sum(number for index, number in self.owned.items() if self.people[index].unit in units)
        return {
            self.top: self.customers,
            self.leader: led,
            self.busiest: by_login[self.busiest],
            self.salesperson: by_login[self.salesperson],
        }


class Enterprise:
    """The rows of an enterprise, table by table, in the form of one database."""

    def __init__(self, server: Server, crm: CRM, size: str, *, empty: bool = False) -> None:
        self._server, self._crm = server, crm
        customers, users, units = SIZES[size]
        customers = 0 if empty else customers
        self._noise, self._acts = random.Random(SEED), random.Random(SEED + 1)
        # As a session numbers them: by their moments.
        self._revisions = Identifiers(crm.clock, random.Random(SEED))
        parents = _tree(units)
        keys = [self._new(number) for number in range(units)]
        # The last users lead one unit each; the first of these leads the root and is top management.
        staff = users - units
        people = [
            Person(
                self._new(number), f"user{number}", number * 7 % units if number < staff else number - staff
            )
            for number in range(users)
        ]
        leads = parents.index(0)
        region, branch, quiet = _unlike(parents, people, (0.3, 0.02, 0.02))
        self.shape = Shape(
            size=size,
            customers=customers,
            units=keys,
            parents=parents,
            people=people,
            top=people[staff].login,
            busiest=people[0].login,
            salesperson=people[users // 4].login,
            leader=people[staff + leads].login,
            leads=leads,
            region=people[staff + region].login,
            branch=people[staff + branch].login,
            quiet=people[staff + quiet].login,
        )
        self._quiet = self.shape.below(quiet)
        self._began = server.moment(datetime.fromtimestamp(_BEGAN_MS / 1000, UTC))
        self._staff = staff

    def _new(self, step: int) -> bytes:
        return identifier(_BEGAN_MS + step * _STEP_MS, self._noise)

    def _stamped(self, raw: bytes, *values: Any) -> tuple[Any, ...]:
        return (self._server.id(raw), 1, self._began, None, self._began, None, *values)

    def organisation(self) -> dict[str, list[tuple[Any, ...]]]:
        """Units with their closure, users, and the role that each holds."""
        id_, shape = self._server.id, self.shape
        with self._crm.view(self._crm.system("benchmark")) as session:
            roles = {role.name: role.id.bytes for role in session.find(Role)}
        found: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("crm_unit", "crm_unit_closure", "crm_user", "crm_role_assignment")
        }
        for number, parent in enumerate(shape.parents):
            above = None if parent is None else id_(shape.units[parent])
            values = (f"Unit {number}", f"u{number}", above, "department", True)
            found["crm_unit"].append(self._stamped(shape.units[number], *values))
            at, depth = number, 0
            while True:
                found["crm_unit_closure"].append((id_(shape.units[at]), id_(shape.units[number]), depth))
                upper = shape.parents[at]
                if upper is None:
                    break
                at, depth = upper, depth + 1
        since = self._server.day(_SINCE)
        for number, person in enumerate(shape.people):
            home = id_(shape.units[person.unit])
            values = (person.login, f"User {number}", home, "active")
            found["crm_user"].append(self._stamped(person.id, *values))
            role = "staff" if number < self._staff else "top" if number == self._staff else "leader"
            given = (id_(person.id), id_(roles[role]), home, since)
            found["crm_role_assignment"].append(self._stamped(self._new(number), *given))
        return found

    def chunks(self, source: UUID) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """The rows of a thousand customers at a time; each is one revision."""
        shape = self.shape
        for start in range(0, shape.customers, _CHUNK):
            rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
            at = datetime.fromtimestamp((_BEGAN_MS + start * _STEP_MS) / 1000, UTC)
            revision = self._server.id(self._revisions.at(at).bytes)
            rows["crm_revision"].append((revision, self._server.moment(at), None, "system: benchmark", "job"))
            for number in range(start, min(start + _CHUNK, shape.customers)):
                self._customer(rows, number, at, revision, source)
            yield {name: found for name, found in rows.items() if found}

    def _customer(
        self, rows: dict[str, list[tuple[Any, ...]]], number: int, at: datetime, revision: Any, source: UUID
    ) -> None:
        noise, id_, shape = self._noise, self._server.id, self.shape
        # Cubes of even numbers: the busiest of 10,000 users holds 46,000 of 1,000,000 customers.
        index = int(len(shape.people) * noise.random() ** 3)
        shape.owned[index] += 1
        owner = shape.people[index]
        name = f"{_WORDS[noise.getrandbits(20) % 23]} {_TRADES[noise.getrandbits(20) % 9]} {number}"
        if number % 10 == 3:
            name = f"{_PLACES[number // 10 % 5]}{_CHARACTERS[number // 50 % 400]}{number}有限公司"
        if owner.unit in self._quiet:
            name = f"Zz {name}"
        code = "".join(_LETTERS[noise.getrandbits(5)] for _ in range(8))
        raw_party, raw_customer = self._new(number), self._new(number)
        party, customer = id_(raw_party), id_(raw_customer)
        kind, value = _reached(number)
        moment, active = self._server.moment(at), self._server.moment(self._active(at, owner))
        # Without drawing lots, so that the rest of the enterprise is the same with them and without.
        state, is_strategic = "dormant" if number % 5 == 0 else "active", number % 7 == 0
        stamps = (1, moment, None, moment, None)
        rows["crm_party"].append((party, *stamps, "organization", name))
        raw_point = self._new(number)
        rows["crm_contact_point"].append((id_(raw_point), party, 0, kind, value, False))
        rows["crm_customer"].append(
            (
                *(customer, *stamps, id_(owner.id), id_(shape.units[owner.unit]), code, party, name),
                *("organization", "prospect", state, moment, "customer", 1),
                *(id_(source.bytes), is_strategic, "[]", "[]", active),
            )
        )
        rows["crm_ownership"].append(
            ("Customer", customer, id_(owner.id), id_(shape.units[owner.unit]), moment, None, "added")
        )
        rows["crm_claim"].append((id_(self._digest(f"{kind}:{value}")), "Party", party))
        point = f"contact_points/{_text(raw_point)}/"
        noted = {"kind": "organization", "name": name, point + "position": 0}
        noted |= {point + "kind": kind, point + "value": value, point + "shared": False}
        rows["crm_change"].append((party, 1, "Party", revision, "add", _noted(noted)))
        noted = {
            "code": code,
            "party": _text(raw_party),
            "name": name,
            "kind": "organization",
            "lifecycle": "prospect",
            "stage": state,
            "active_at": at.isoformat(),
            "source": str(source),
            "strategic": is_strategic,
            "owner": _text(owner.id),
        }
        rows["crm_change"].append((customer, 1, "Customer", revision, "add", _noted(noted)))

    def _active(self, at: datetime, owner: Person) -> datetime:
        """When the last activity was, none of which is loaded: in the year after, or never in the quiet branch."""
        after = timedelta(minutes=self._acts.randrange(525_600))
        return at if owner.unit in self._quiet else at + after

    def _digest(self, value: str) -> bytes:
        text = f"ContactPoint\x00{value}".encode()
        return hashlib.blake2b(text, key=self._crm.secret, digest_size=16).digest()


def _tree(units: int) -> list[int | None]:
    """The parent of each unit of a tree of six levels, parents before children."""
    width = 1.0
    while sum(width**level for level in range(LEVELS)) < units:
        width += 0.01
    sizes = [max(1, round(width**level)) for level in range(LEVELS - 1)]
    sizes.append(units - sum(sizes))
    parents: list[int | None] = [None]
    first = 0
    for above, size in pairwise(sizes):
        parents += [first + place * above // size for place in range(size)]
        first += above
    return parents


def _unlike(parents: list[int | None], people: list[Person], wanted: tuple[float, ...]) -> list[int]:
    """Units that hold about these shares of all customers, none of them below another small one."""
    number = len(people)
    below = [0.0] * len(parents)
    for at, person in enumerate(people):
        below[person.unit] += ((at + 1) / number) ** (1 / 3) - (at / number) ** (1 / 3)
    for unit in range(len(parents) - 1, 0, -1):
        parent = parents[unit]
        assert parent is not None
        below[parent] += below[unit]
    found: list[int] = []
    for share in wanted:
        free = [unit for unit in range(1, len(parents)) if not _related(parents, unit, found[1:])]
        found.append(min(free, key=lambda unit: abs(below[unit] - share)))
    return found


def _related(parents: list[int | None], unit: int, others: list[int]) -> bool:
    """Whether a unit is one of the others, or above or below one."""
    return any(unit in _line(parents, other) or other in _line(parents, unit) for other in others)


def _line(parents: list[int | None], unit: int | None) -> Iterator[int]:
    while unit is not None:
        yield unit
        unit = parents[unit]


def _reached(number: int) -> tuple[str, str]:
    return ("mobile", f"139{number:08d}") if number % 2 else ("email", f"office{number}@example.com")


def _noted(values: dict[str, Any]) -> str:
    return _encode({name: (None, value) for name, value in values.items()})


def _text(raw: bytes) -> str:
    found = raw.hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


def load(server: Server, url: str, size: str, *, empty: bool = False) -> Shape:
    """Migrate and fill a new database; the same seed always gives the same enterprise.

    With `empty` it gets the organisation of that size and no customers.
    """
    with CRM(url) as crm:
        crm.migrate()
        with crm.session(crm.system("benchmark")) as session:
            source = session.add(Source(name="exhibition")).id
        made = Enterprise(server, crm, size, empty=empty)
        organisation = made.organisation()
        connection = server.connect(url)
        cursor = connection.cursor()
        with server.without_indexes(connection, list(_COLUMNS)):
            cursor.execute("BEGIN")
            _write(server, cursor, organisation)
            for chunk in made.chunks(source):
                _write(server, cursor, chunk)
            cursor.execute("COMMIT")
        connection.close()
        with crm.session(crm.system("benchmark")) as session:
            rebuild(session.transaction, [Customer])
        server.settle(url)
        if not empty:
            check(crm, made.shape)
    return made.shape


def _write(server: Server, cursor: Any, chunk: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, rows in chunk.items():
        server.bulk(cursor, table, _COLUMNS[table], rows)


def check(crm: CRM, shape: Shape) -> None:
    """Hold the loaded rows against what the session says of them.

    Raises:
        AssertionError: the loader writes other rows than pycrm would.
    """
    seen = {}
    for login in shape.expected():
        with crm.view(login) as session:
            seen[login] = session.count(Customer)
    assert seen == shape.expected(), f"people see {seen} and not {shape.expected()}"
    with crm.view(shape.salesperson) as session:
        customer = session.find(Customer, limit=1)[0]
        party = session.get(customer.party)
        (added, *_) = session.history(customer)
        assert added.act == "add", added
        (owned,) = session.owners(customer)
        assert owned.user == customer.owner
        before = session.as_of(customer, added.at)
        assert (before.name, before.code) == (customer.name, customer.code) == (party.name, customer.code)
    with crm.view(shape.top) as session:
        assert session.count(OrgUnit) == len(shape.units)
        assert session.count(Party) == shape.customers
    (point,) = party.contact_points
    draft = Customer.organization("Copy", source="exhibition", **{point.kind.value: point.value})
    try:
        with crm.session(shape.top) as session:
            session.add(draft)
    except ConflictError:
        return
    raise AssertionError("the loaded claims do not hold")
