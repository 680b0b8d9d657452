"""A model of amendments in a few lines of arithmetic, and what plays the same acts against pycrm."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs

from pycrm import (
    CRM,
    Amendment,
    ConflictError,
    Customer,
    FixedClock,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Organization,
    RefusedError,
)

PEOPLE = ("rep_a", "lead_e", "dir", "rep_b")
VALUES: dict[str, tuple[Any, ...]] = {
    "name": ("A", "B", "C"),
    "legal_representative": ("L1", "L2"),
    "employees": (100, 110, 150),
    "strategic": (False, True),
}
OPEN = ("draft", "submitted", "scheduled", "conflicted")
FIRST = date(2026, 6, 30)


class ModelRefusalError(Exception):
    """The model says no, with the class of the refusal."""

    def __init__(self, kind: type[RefusedError]) -> None:
        super().__init__(kind.__name__)
        self.kind = kind


@attrs.define(eq=False)
class Modelled:
    """One amendment as the model has it."""

    author: str
    lines: dict[str, tuple[Any, Any]]
    day: int
    state: str = "submitted"
    route: list[str] = attrs.field(factory=list)
    step: int = 0
    asked: list[str] = attrs.field(factory=list)
    pending: str | None = None
    agreed: bool = False


@attrs.define
class Model:
    """One customer's key fields, and the amendments over them, oldest first."""

    values: dict[str, Any]
    day: int = 0
    amendments: list[Modelled] = attrs.field(factory=list)

    def amend(self, who: str, wanted: dict[str, Any], days: int) -> None:
        """Ask for values, to hold after so many days."""
        _unless(who != "rep_b", NotFoundError)
        _unless(days >= 0, InvalidError)
        lines = {name: (self.values[name], new) for name, new in wanted.items() if new != self.values[name]}
        _unless(bool(lines), InvalidError)
        if days == 0 and set(lines) == {"strategic"}:
            self.values["strategic"] = lines["strategic"][1]
            return
        taken = {name for one in self.amendments if one.state in OPEN for name in one.lines}
        _unless(not taken & set(lines), ConflictError)
        made = Modelled(who, lines, self.day + days)
        self.amendments.append(made)
        self._start(made)

    def _start(self, one: Modelled) -> None:
        one.state, one.step, one.route = "submitted", 0, []
        flows = {"name": "leader", "legal_representative": "leader", "employees": "size"}
        # In the order of party and organisation.
        for name in ("name", "employees", "legal_representative"):
            if name in one.lines and flows[name] not in one.route:
                one.route.append(flows[name])
        steps: list[str] = []
        for flow in one.route:
            steps.append("leader")
            if flow == "size":
                old, new = one.lines["employees"]
                steps += ["top"] if (new - old) * 100 > 20 * old else []
        one.route = steps
        self._enter(one)

    def _enter(self, one: Modelled) -> None:
        one.pending = None
        if one.step == len(one.route):
            self._finish(one)
        elif one.route[one.step] == "leader":
            one.pending = "dir" if one.author == "lead_e" else "lead_e"
        else:
            one.pending = None if one.author == "dir" else "dir"
        one.asked += [one.pending] if one.pending else []

    def _finish(self, one: Modelled) -> None:
        if one.day > self.day:
            one.state = "scheduled"
            return
        one.state = "applied"
        self.values |= {name: new for name, (_, new) in one.lines.items()}

    def _conflicts(self, one: Modelled) -> bool:
        return any(self.values[name] != base for name, (base, _) in one.lines.items())

    def _decidable(self, who: str, one: Modelled, *states: str) -> None:
        _unless(who != "rep_b", NotFoundError)
        _unless(one.state in states, ConflictError)

    def _asked_now(self, who: str, one: Modelled) -> None:
        _unless(who != one.author and who == one.pending, ForbiddenError)

    def approve(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "submitted")
        self._asked_now(who, one)
        if self._conflicts(one):
            one.state = "conflicted"
            return
        one.agreed, one.step = True, one.step + 1
        self._enter(one)

    def reject(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "submitted", "conflicted")
        if one.state == "submitted":
            self._asked_now(who, one)
        else:
            _unless(who != one.author and (who in one.asked or who == "dir"), ForbiddenError)
        one.state, one.pending = "rejected", None

    def return_(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "submitted")
        self._asked_now(who, one)
        one.state, one.pending = "draft", None

    def withdraw(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, *OPEN)
        _unless(who == one.author, ForbiddenError)
        _unless(not one.agreed, ConflictError)
        one.state, one.pending = "withdrawn", None

    def submit(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "draft")
        _unless(who == one.author, ForbiddenError)
        self._again(one)

    def rebase(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "draft", "conflicted")
        allowed = who == one.author or (one.state == "conflicted" and (who in one.asked or who == "dir"))
        _unless(allowed, ForbiddenError)
        self._again(one)

    def _again(self, one: Modelled) -> None:
        lines = {
            name: (self.values[name], new) for name, (_, new) in one.lines.items() if new != self.values[name]
        }
        _unless(bool(lines), ConflictError)
        one.lines = lines
        self._start(one)

    def override(self, who: str, one: Modelled) -> None:
        self._decidable(who, one, "submitted")
        _unless(who == "dir" and who != one.author, ForbiddenError)
        if self._conflicts(one):
            one.state = "conflicted"
            return
        one.pending = None
        self._finish(one)

    def write(self, who: str, name: str, value: Any) -> None:
        """Top management writes past the flows."""
        _unless(who != "rep_b", NotFoundError)
        _unless(who == "dir", ForbiddenError)
        self.values[name] = value

    def pass_days(self, days: int) -> None:
        """Days go by, and the jobs run at the end of them."""
        self.day += days
        for one in self.amendments:
            if one.state == "scheduled" and one.day <= self.day:
                if self._conflicts(one):
                    one.state = "conflicted"
                else:
                    self._finish(one)


def _unless(met: bool, kind: type[RefusedError]) -> None:
    if not met:
        raise ModelRefusalError(kind)


@attrs.define
class Played:
    """One customer in pycrm, on which the same acts are done."""

    crm: CRM
    clock: FixedClock
    customer: Customer
    made: list[Amendment] = attrs.field(factory=list)

    def amend(self, who: str, wanted: dict[str, Any], days: int) -> None:
        with self.crm.session(who) as session:
            record = session.find_one(Customer, self.customer.id) or self.customer
            today = self.crm.calendar_day(self.clock.now())
            day = today + timedelta(days=days)
            answer = session.amend(record, because="as they told me", effective_on=day, **wanted)
        if isinstance(answer, Amendment):
            self.made.append(answer)

    def decide(self, verb: str, who: str, at: int) -> None:
        more = {"because": "I say so"} if verb in ("approve", "reject", "return_", "override") else {}
        with self.crm.view(self.crm.system("test")) as session:
            current = session.get(self.made[at].ref)
        with self.crm.session(who) as session:
            getattr(session, verb)(current, **more)

    def write(self, who: str, name: str, value: Any) -> None:
        with self.crm.session(who) as session:
            record = session.find_one(Customer, self.customer.id) or self.customer
            session.override(record, because="the register says so", **{name: value})

    def pass_days(self, days: int) -> None:
        self.clock.advance(days=days)
        self.crm.run_jobs()

    def values(self) -> dict[str, Any]:
        """The key fields as they are."""
        with self.crm.view(self.crm.system("test")) as session:
            now = session.get(self.customer.ref)
            facet = session.facet(now.party, Organization)
            assert facet is not None
            found = {name: getattr(facet, name) for name in ("legal_representative", "employees")}
            return found | {"name": now.name, "strategic": now.strategic}

    def states(self) -> list[str]:
        """How far each amendment has come."""
        with self.crm.view(self.crm.system("test")) as session:
            return [session.get(one.ref).state.value for one in self.made]

    def inboxes(self) -> dict[str, list[int]]:
        """Which amendments wait for whom."""
        at = {one.id: number for number, one in enumerate(self.made)}
        found = {}
        for who in PEOPLE:
            with self.crm.view(who) as session:
                found[who] = sorted(at[one.id] for one in session.inbox() if one.id in at)
        return found


def differences(model: Model, played: Played, acts: list[tuple[Any, ...]]) -> list[str]:
    """Do the acts in both, and say where they part."""
    for act in acts:
        expected, answer = _done(model, act), _done(played, act)
        if expected != answer:
            return [f"{act}: expected {expected}, was {answer}"]
        pairs = [
            (model.values, played.values()),
            ([one.state for one in model.amendments], played.states()),
            (_waiting(model), played.inboxes()),
        ]
        found = [f"{act}: expected {one}, was {other}" for one, other in pairs if one != other]
        if found:
            return found
    return []


def _done(what: Model | Played, act: tuple[Any, ...]) -> str:
    verb, *rest = act
    try:
        if verb in ("amend", "write", "pass_days"):
            getattr(what, verb)(*rest)
        else:
            who, number = rest
            made: list[Any] = what.amendments if isinstance(what, Model) else what.made
            if not made:
                return "none"
            at = number % len(made)
            if isinstance(what, Model):
                getattr(what, verb)(who, what.amendments[at])
            else:
                what.decide(verb, who, at)
    except ModelRefusalError as refused:
        return refused.kind.__name__
    except RefusedError as refused_:
        return type(refused_).__name__
    return "done"


def _waiting(model: Model) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {who: [] for who in PEOPLE}
    for number, one in enumerate(model.amendments):
        if one.state in ("submitted", "conflicted") and one.pending:
            found[one.pending].append(number)
    return found
