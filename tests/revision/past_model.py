"""What every record is and was, in plain dicts: a model of histories that never looks at pycrm's.

Each record is a list of versions, each with its moment, its act and all values after it, as JSON has
them. A customer is three records, ``c0``, ``p0`` (its party) and ``f0`` (the person); a deal is ``d0``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

import attrs

from pycrm import ConflictError, InvalidError, NotFoundError, RefusedError, StaleError

ERASED = "[erased]"
# What goes when the person is erased, and what is left in its place; the party gets another name.
GOES: dict[str, dict[str, Any]] = {
    "c": {"channel": None, "needs": []},
    "p": {"name": "pseudonym"},
    "f": {"occupation": None, "income_band": None},
    "d": {"name": ERASED, "need": None, "competitors": []},
}
# What is taken back otherwise than by a change of fields.
OTHERWISE = ("add", "archive", "restore", "move", "assign")
# Fields that change when the unit leader has agreed.
AGREED = {"p": "name", "f": "income_band"}
OPEN = ("submitted", "scheduled", "conflicted")
Values = dict[str, Any]


class Refusal(Exception):  # noqa: N818
    """The model says no: with which class, and what the refusal tells."""

    def __init__(self, kind: type[RefusedError], told: Any = None) -> None:
        super().__init__(kind.__name__)
        self.kind, self.told = kind, told


@attrs.define(eq=False)
class Version:
    """A record after one act."""

    at: datetime
    act: str
    values: Values


@attrs.define(eq=False)
class Asked:
    """One amendment: its lines as (record, path) to (base, new)."""

    author: str
    lines: dict[tuple[str, str], tuple[Any, Any]]
    day: int
    state: str = "submitted"


def total(rows: Iterable[Values]) -> Values:
    """The sum of the rows, each rounded half up to the cent."""
    units = 0
    for row in rows:
        exact = Fraction(row["qty"]) * Fraction(row["unit_price"]["amount"]) * 100
        exact *= Fraction(100 - Fraction(row["discount"]), 100)
        units += int(exact + Fraction(1, 2))
    return {"amount": f"{units // 100}.{units % 100:02d}", "currency": "CNY"}


def paths(values: Values) -> Values:
    """The values by the paths that history has for them; rows by their ids."""
    found = {name: value for name, value in values.items() if name != "lines"}
    for position, row in enumerate(values.get("lines", ())):
        inner = {name: value for name, value in row.items() if name != "id"}
        found |= {f"lines/{row['id']}/{name}": value for name, value in inner.items()}
        found[f"lines/{row['id']}/position"] = position
    return found


def difference(before: Values, after: Values) -> dict[str, tuple[Any, Any]]:
    """What changed, path by path."""
    old, new = paths(before), paths(after)
    names = dict.fromkeys((*old, *new))
    return {one: (old.get(one), new.get(one)) for one in names if old.get(one) != new.get(one)}


@attrs.define
class Model:
    """All records of one story."""

    now: datetime
    day: int = 0
    records: dict[str, list[Version]] = attrs.field(factory=dict)
    asked: list[Asked] = attrs.field(factory=list)
    gone: set[str] = attrs.field(factory=set)
    # Of each deal its customer.
    _of: dict[str, str] = attrs.field(factory=dict)

    # --- asking the model ----------------------------------------------------------------------

    def of(self, kind: str) -> list[str]:
        """The records of a kind that may be acted on."""
        return [key for key in self.records if key[0] == kind and key not in self.gone]

    def values(self, key: str) -> Values:
        """A record now."""
        return self.records[key][-1].values

    def at(self, key: str, moment: datetime) -> tuple[int, Values] | None:
        """Version and values of a record at a moment, with the name that a customer had then."""
        versions = [one for one in self.records[key] if one.at <= moment]
        if not versions:
            return None
        values = dict(versions[-1].values)
        if key[0] == "c":
            found = self.at(f"p{key[1:]}", moment)
            assert found is not None
            values["name"] = found[1]["name"]
        # Of a list that was erased nothing is left to read, and of a text the word that says so.
        for name in ("needs", "competitors"):
            if values.get(name) == ERASED:
                values[name] = []
        return len(versions), values

    def customer(self, key: str) -> str:
        """Whose deal it is."""
        return self._of[key]

    def owner(self, key: str) -> str:
        """Who acts on the record: a customer is its owner's, a deal of whoever filed it."""
        return str(self.values(key if key[0] == "d" else f"c{key[1:]}")["owner"])

    # --- acts ----------------------------------------------------------------------------------

    def add_customer(self, who: str, name: str) -> None:
        """File a person as a customer."""
        number = len([key for key in self.records if key[0] == "c"])
        first = {"signing_grade": None, "channel": None, "needs": [], "strategic": False}
        self._put(f"c{number}", "add", first | {"archived_at": None, "owner": who})
        self._put(f"p{number}", "add", {"name": name})
        self._put(f"f{number}", "add", {"occupation": "cook", "income_band": "low"})

    def add_deal(self, customer: str, rows: list[Any]) -> None:
        """File a deal with a customer."""
        number = len([key for key in self.records if key[0] == "d"])
        lines = self._rows([], rows)
        first = {"name": f"Deal {number}", "need": None, "competitors": [], "lines": lines}
        first |= {"stage": "filed", "stage_at": self.now, "amount": total(lines) if lines else None}
        self._put(f"d{number}", "add", first | {"archived_at": None, "owner": self.owner(customer)})
        self._of[f"d{number}"] = customer

    def change(self, key: str, values: Values) -> None:
        """Change fields; `lines` says of each row which of the old ones it is, or what it holds."""
        self._write(key, "change", self._wanted(key, values))

    def stale(self, key: str, back: int, values: Values) -> None:
        """Change fields of a version that is not the last."""
        versions = self.records[key]
        read, now = versions[-1 - back].values, versions[-1].values
        wanted = {name: value for name, value in values.items() if value != read[name]}
        told = {
            name: {"base": read[name], "theirs": now[name], "yours": value} for name, value in wanted.items()
        }
        if wanted and back:
            raise Refusal(StaleError, (len(versions) - back, len(versions), told))
        if wanted:
            self._write(key, "change", wanted)

    def archive(self, key: str) -> None:
        """Put away."""
        self._write(key, "archive", {"archived_at": self.now})

    def restore(self, key: str) -> None:
        """Bring back."""
        self._write(key, "restore", {"archived_at": None})

    def assign(self, key: str, who: str) -> None:
        """Hand a customer on; its deals stay with whoever filed them."""
        self._write(key, "assign", {"owner": who})

    def move(self, key: str) -> None:
        """To the other of two stages."""
        stage = "contacted" if self.values(key)["stage"] == "filed" else "filed"
        self._write(key, "move", {"stage": stage, "stage_at": self.now})

    def strategic(self, key: str) -> None:
        """The other value of a key field that needs nobody's agreement."""
        self._write(key, "amend", {"strategic": not self.values(key)["strategic"]})

    def override(self, key: str, values: Values) -> None:
        """Top management writes what others would have to agree to."""
        self._write(key, "override", values)

    def change_where(self, old: str | None, new: str | None) -> None:
        """The channel of all customers that have this one and are not put away, of erased ones too."""
        for key in [one for one in self.records if one[0] == "c"]:
            held = self.values(key)
            if held["channel"] == old and held["archived_at"] is None:
                self._write(key, "change", {"channel": new})

    def erase(self, customer: str) -> None:
        """Erase the person: whatever is theirs, now and in every version."""
        number = customer[1:]
        mine = [key for key in self.records if key[1:] == number and key[0] in "cpf"]
        mine += [key for key in self.records if key[0] == "d" and self._of[key] == customer]
        for key in mine:
            left = {n: v for n, v in GOES[key[0]].items() if self.values(key)[n] not in (v, [])}
            for version in self.records[key]:
                held = {name: version.values[name] for name in GOES[key[0]]}
                version.values |= {name: ERASED for name, value in held.items() if value not in (None, [])}
            # The name that a customer repeats of its party changes with it.
            if left or key[0] == "c":
                self._put(key, "erase", self.values(key) | left)
        self.gone |= set(mine)
        for one in self.asked:
            if one.state in OPEN and any(key in mine for key, _ in one.lines):
                one.state = "withdrawn"

    # --- amendments ----------------------------------------------------------------------------

    def submit(self, key: str, values: Values, days: int) -> None:
        """Ask for values that others have to agree to, to hold after so many days."""
        self._ask(key, difference(self.values(key), self.values(key) | self._wanted(key, values)), days)

    def discount(self, key: str, at: int, value: str, days: int) -> None:
        """Ask for a discount on one row."""
        row = self.values(key)["lines"][at]
        path = f"lines/{row['id']}/discount"
        self._ask(key, {path: (row["discount"], value)} if row["discount"] != value else {}, days)

    def _ask(self, key: str, changes: dict[str, tuple[Any, Any]], days: int) -> None:
        if days < 0 or not changes:
            raise Refusal(InvalidError)
        self._claim({(key, path) for path in changes})
        lines = {(key, path): pair for path, pair in changes.items()}
        self.asked.append(Asked(self.owner(key), lines, self.day + days))

    def _claim(self, wanted: set[tuple[str, str]]) -> None:
        rows = {(key, *path.split("/")[:2]) for key, path in wanted}
        for one in self.asked:
            if one.state in OPEN and any((key, *path.split("/")[:2]) in rows for key, path in one.lines):
                raise Refusal(ConflictError)

    def approve(self, at: int) -> None:
        """The leader agrees, if it is still what was asked for and by whom."""
        one = self._held(at, "submitted")
        if self._is_conflicting(one):
            one.state = "conflicted"
            return
        self._heard(one)
        self._finish(one)

    def reject(self, at: int) -> None:
        """The leader does not agree."""
        self._held(at, "submitted", "conflicted").state = "rejected"

    def withdraw(self, at: int) -> None:
        """The submitter takes it back, unless the record is out of sight or the leader has agreed."""
        self._heard(self.asked[at])
        if self._held(at, *OPEN).state == "scheduled":
            raise Refusal(ConflictError)
        self.asked[at].state = "withdrawn"

    def rebase(self, at: int) -> None:
        """The leader bases a conflicted one on what is there now."""
        one = self._held(at, "conflicted")
        now = {line: (self._current(*line), new) for line, (_, new) in one.lines.items()}
        left = {line: pair for line, pair in now.items() if pair[0] not in (pair[1], None)}
        if not left:
            raise Refusal(ConflictError)
        self._heard(one)
        one.lines, one.state = left, "submitted"

    def pass_days(self, days: int) -> None:
        """Days go by, and what was agreed for one of them is done at their end."""
        self.day += days
        for one in self.asked:
            if one.state == "scheduled" and one.day <= self.day:
                if self._is_conflicting(one) or self._is_unheard(one):
                    one.state = "conflicted"
                else:
                    self._finish(one)

    def _held(self, at: int, *states: str) -> Asked:
        one = self.asked[at]
        if one.state not in states:
            raise Refusal(ConflictError)
        return one

    def _is_unheard(self, one: Asked) -> bool:
        return any(self.owner(key) != one.author for key, _ in one.lines)

    def _heard(self, one: Asked) -> None:
        if self._is_unheard(one):
            raise Refusal(NotFoundError)

    def _current(self, key: str, path: str) -> Any:
        return paths(self.values(key)).get(path)

    def _is_conflicting(self, one: Asked) -> bool:
        return any(self._current(*line) != base for line, (base, _) in one.lines.items())

    def _finish(self, one: Asked) -> None:
        if one.day > self.day:
            one.state = "scheduled"
            return
        one.state = "applied"
        for (key, path), (_, new) in one.lines.items():
            name, _, rest = path.partition("/")
            if not rest:
                self._write(key, "amend", {name: new})
                continue
            id, _, field = rest.partition("/")
            rows = [row | {field: new} if row["id"] == id else row for row in self.values(key)[name]]
            self._write(key, "amend", {"lines": rows, "amount": total(rows)})

    # --- taking back ---------------------------------------------------------------------------

    def revert(self, key: str, version: int) -> None:
        """Take one version back, unless a later one touched the same."""
        versions = self.records[key]
        version %= len(versions)
        done = versions[version]
        # A facet is no record of its own: it is emptied of what it began with.
        begins = key[0] == "f" and version == 0
        if done.act in OTHERWISE and not begins:
            raise Refusal(ConflictError)
        before = dict.fromkeys(done.values) if begins else versions[version - 1].values
        mine = difference(before, done.values)
        if any(path.startswith("lines/") for path in mine):
            # It follows from the rows.
            mine.pop("amount", None)
        later = [
            at + 1
            for at in range(version + 1, len(versions))
            if mine.keys() & difference(versions[at - 1].values, versions[at].values).keys()
        ]
        if later:
            raise Refusal(ConflictError, later)
        self._take_back(key, before, mine)

    def _take_back(self, key: str, before: Values, mine: dict[str, tuple[Any, Any]]) -> None:
        asked = {p: (new, old) for p, (old, new) in mine.items() if self._needs_agreement(key, p, old, new)}
        if asked:
            self._ask(key, asked, 0)
            return
        values = {path: old for path, (old, _) in mine.items() if "/" not in path}
        if any("/" in path for path in mine):
            values["lines"] = self._rows_before(key, {p: old for p, (old, _) in mine.items() if "/" in p})
            values["amount"] = total(values["lines"]) if values["lines"] else before["amount"]
        self._write(key, "amend" if "strategic" in mine else "revert", values)

    def _needs_agreement(self, key: str, path: str, old: Any, new: Any) -> bool:
        if key[0] == "d":
            return path.endswith("/discount") and None not in (old, new)
        return path == AGREED.get(key[0])

    def _rows_before(self, key: str, old: Values) -> list[Values]:
        now = self.values(key)["lines"]
        rows = {row["id"]: row | {"position": at} for at, row in enumerate(now)}
        for path, value in old.items():
            _, id, field = path.split("/")
            rows.setdefault(id, {"id": None})[field] = value
        left = [row for row in rows.values() if row.get("position") is not None]
        left.sort(key=lambda row: row["position"])
        return [{name: value for name, value in row.items() if name != "position"} for row in left]

    # --- writing -------------------------------------------------------------------------------

    def _wanted(self, key: str, values: Values) -> Values:
        wanted = dict(values)
        if "lines" in wanted:
            wanted["lines"] = self._rows(self.values(key)["lines"], wanted["lines"])
        lines = wanted.get("lines", self.values(key).get("lines"))
        if lines and not values.keys().isdisjoint(("lines", "amount")):
            wanted["amount"] = total(lines)
        return wanted

    def _rows(self, old: list[Values], asked: list[Any]) -> list[Values]:
        rows: list[Values] = []
        for one in asked:
            at, qty, price = one
            if at is None:
                money = {"amount": price, "currency": "CNY"}
                rows.append({"id": None, "qty": qty, "unit_price": money, "discount": "0.0000"})
            elif at < len(old):
                rows.append(old[at] | {"qty": qty})
        return rows

    def _write(self, key: str, act: str, values: Values) -> None:
        made = self.values(key) | values
        if made != self.values(key):
            self._put(key, act, made)

    def _put(self, key: str, act: str, values: Values) -> None:
        self.records.setdefault(key, []).append(Version(self.now, act, values))
