"""Serving customers as the treatments of the day say: what follows, what waits, who is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import attrs

from pycrm import ConflictError, Customer, Session, Task
from pycrm.plugins.segments.model import Arm, Experiment, SegmentMember, Serving, Treatment
from pycrm.plugins.segments.treating import AMENDED, DIMENSIONS, Effective, effective, said
from pycrm.plugins.segments.trial import enrol, sides

__all__ = ["Served", "serve"]

_UNTIL_DONE = timedelta(days=3)
_AT_ONCE = [name for name in DIMENSIONS if name not in AMENDED]
_LONGEST_TITLE = 300


@attrs.frozen
class Served:
    """What one run did.

    Args:
        changed: how many customers are served otherwise than before, and `new` for the first time.
        amendments: of how many customers another price tier or account period was asked for.
        unasked: the customers of whom that could not be asked, each with why.
        notices: how many owners were told.
    """

    new: int
    changed: int
    amendments: int
    unasked: tuple[tuple[UUID, str], ...]
    notices: int


def serve(session: Session) -> Served:
    """Bring the way in which customers are served up to the treatments, grades and segments of today.

    Each owner is told once of a change (SEG-9). A price tier or an account period is asked for by an
    amendment (SEG-6). Customers on the control side of an experiment are served without its treatment.

    Raises:
        ForbiddenError: the actor may not read ``scores``, or not change how customers are served.
    """
    return _Run(session).done()


class _Run:
    """One look at all customers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._day: date = session.crm.calendar_day(session.now)
        self._grades = {ref.id: grade for ref, grade in session.grades().items()}
        self._treatments = session.find(Treatment)
        self._segments = _memberships(session, self._day)
        running = session.find(Experiment, Experiment.since <= self._day, Experiment.until > self._day)
        for one in running:
            enrol(session, one)
        self._without = _withheld(session, running)
        self._amendments, self._notices = 0, 0
        self._unasked: list[tuple[UUID, str]] = []

    def done(self) -> Served:
        session = self._session
        servings = {one.of.id: one for one in session.find(Serving)}
        new = changed = 0
        for customer in session.find(Customer):
            wanted, now = self._effective(customer), servings.get(customer.id)
            if now is None and wanted:
                self._begin(customer, wanted)
                new += 1
            elif now is not None and self._change(customer, now, wanted):
                changed += 1
        return Served(new, changed, self._amendments, tuple(self._unasked), self._notices)

    def _effective(self, customer: Customer) -> dict[str, Effective]:
        withheld = self._without.get(customer.id, ())
        treatments = [one for one in self._treatments if one.id not in withheld]
        grade = self._grades.get(customer.id)
        return effective(treatments, grade, self._segments.get(customer.id, ()), self._day)

    def _begin(self, customer: Customer, wanted: Mapping[str, Effective]) -> None:
        values: dict[str, Any] = {name: wanted[name].value for name in _AT_ONCE if name in wanted}
        values |= {f"wanted_{name}": wanted[name].value for name in AMENDED if name in wanted}
        values |= {"grade": self._grades.get(customer.id), "sources": _sources(wanted)}
        made = self._session.add(Serving(of=customer, **values))
        self._ask(made, [name for name in AMENDED if name in wanted], wanted, dict.fromkeys(AMENDED))

    def _change(self, customer: Customer, now: Serving, wanted: Mapping[str, Effective]) -> bool:
        after = {name: wanted[name].value if name in wanted else None for name in DIMENSIONS}
        asked = {name: getattr(now, f"wanted_{name}") for name in AMENDED}
        asking = [name for name in AMENDED if after[name] is not None and after[name] != asked[name]]
        words = [
            said(name, getattr(now, name), after[name])
            for name in _AT_ONCE
            if getattr(now, name) != after[name]
        ]
        grade, sources = self._grades.get(customer.id), _sources(wanted)
        if not (words or asking) and (sources, grade) == (now.sources, now.grade):
            return False
        cause = _cause(now, grade, sources)
        values = {name: after[name] for name in _AT_ONCE}
        values |= {f"wanted_{name}": after[name] for name in asking}
        made = self._session.change(now, **values, grade=grade, sources=sources, because=cause)
        waiting = [
            said(name, getattr(now, name), after[name]) for name in self._ask(made, asking, wanted, asked)
        ]
        self._tell(customer, words, waiting, cause)
        return bool(words or waiting)

    def _ask(
        self,
        now: Serving,
        asking: Iterable[str],
        wanted: Mapping[str, Effective],
        former: Mapping[str, Any],
    ) -> list[str]:
        """Ask for another price tier or account period, of a customer at once; gives what was asked for.

        What cannot be asked for now, since something else waits, is asked for by the next run.
        """
        new = {name: wanted[name].value for name in asking if wanted[name].value != getattr(now, name)}
        if not new:
            return []
        reasons = dict.fromkeys(str(wanted[name].treatment.reason) for name in new)
        try:
            with self._session.attempt():
                self._session.amend(now, because=" ".join(reasons), **new)
        except ConflictError as refusal:
            self._unasked.append((now.of.id, refusal.message))
            self._session.change(now, **{f"wanted_{name}": former[name] for name in new})
            return []
        self._amendments += 1
        return list(new)

    def _tell(self, customer: Customer, words: list[str], waiting: list[str], cause: str) -> None:
        parts = [", ".join(words)] if words else []
        if waiting:
            parts.append(f"{', '.join(waiting)} {'wait' if len(waiting) > 1 else 'waits'} for amendment")
        if not parts:
            return
        title = "; ".join(parts)[:_LONGEST_TITLE]
        due = self._session.now + _UNTIL_DONE
        task = Task(title=title, due_at=due, customer=customer, reason=cause)
        self._session.add(task, owner=customer.owner)
        self._notices += 1


def _memberships(session: Session, day: date) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for one in session.find(SegmentMember, SegmentMember.since <= day):
        if one.until is None or day < one.until:
            found.setdefault(one.customer.id, set()).add(one.segment.id)
    return found


def _withheld(session: Session, running: Iterable[Experiment]) -> dict[UUID, set[UUID]]:
    """By customer the treatments that an experiment keeps from it."""
    found: dict[UUID, set[UUID]] = {}
    for one in running:
        for customer in sides(session, one)[Arm.CONTROL]:
            found.setdefault(customer.id, set()).add(one.treatment.id)
    return found


def _sources(wanted: Mapping[str, Effective]) -> str:
    told = {name: one.treatment.name for name, one in sorted(wanted.items())}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _cause(now: Serving, grade: str | None, sources: str) -> str:
    if grade != now.grade:
        return f"grade {now.grade or 'none'} -> {grade or 'none'}"
    before, after = (sorted(set(json.loads(text).values())) for text in (now.sources, sources))
    return f"treatments {', '.join(before) or 'none'} -> {', '.join(after) or 'none'}"[:400]
