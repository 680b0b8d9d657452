"""Asking for a change of key data: applied at once where that is the rule, else put before others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Record
from pycrm.declare.row import layout
from pycrm.entities.amendment import AmendmentMode
from pycrm.entities.org import Action
from pycrm.errors import AmendmentRequiredError, ForbiddenError, InvalidError, Problem, StaleError
from pycrm.revision.amendment.apply import begin_facet, place, rehearse
from pycrm.revision.amendment.book import Draft, open_amendment
from pycrm.revision.amendment.difference import PathChange, differences
from pycrm.revision.amendment.policy import LEAST_REASON, Rule, rule_of
from pycrm.revision.change import apply
from pycrm.revision.guard import why_not
from pycrm.revision.log import jsonable
from pycrm.scope.fields import refuse_unwritable, whole
from pycrm.scope.gateway import fetch_one, not_found
from pycrm.scope.sight import is_shown
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Proposal",
    "amend",
    "carry_out",
    "draft_of",
    "override",
    "proposal",
    "refuse_unfounded",
    "writable",
]


def draft_of(because: str | None, evidence: Sequence[str], batch: UUID | None = None) -> Draft:
    """What somebody says about a request, or about all those of a batch.

    Raises:
        InvalidError: no reason, a short one, or evidence that is no list of texts.
    """
    return Draft(_reason(because), _evidence(evidence), batch=batch)


@attrs.frozen
class Proposal:
    """A request for a change of one record, with the rule for each path that it touches."""

    record: Any
    # Fields of the record itself, of its party, and of the facets of either, or of their classes.
    targets: tuple[tuple[Any, dict[str, Any]], ...]
    ruled: tuple[tuple[PathChange, Rule], ...]

    def waiting(self, is_later: bool) -> tuple[tuple[PathChange, Rule], ...]:
        """What does not happen at once: all that is no free change, where some of it needs approval.

        The rows of a list stay together.
        """
        modes = {rule.mode for _, rule in self.ruled}
        if AmendmentMode.APPROVAL not in modes and not is_later:
            return ()
        lists = {(one.entity, one.name) for one, rule in self.ruled if rule.mode is not AmendmentMode.FREE}
        return tuple(pair for pair in self.ruled if (pair[0].entity, pair[0].name) in lists)

    def only(self, wanted: Iterable[PathChange]) -> list[tuple[Any, dict[str, Any]]]:
        """The fields to write of each target for these differences."""
        names = {(one.entity, one.name) for one in wanted}
        found = []
        for target, values in self.targets:
            held = _class_of(target).__name__
            part = {name: value for name, value in values.items() if (held, name) in names}
            if part:
                found.append((target, part))
        return found


def proposal(tx: Transaction, record: Any, values: dict[str, Any]) -> Proposal:
    """What a request would change, and how.

    Raises:
        InvalidError: unknown or computed fields, wrong values.
        ForbiddenError: fields that are not the actor's to write.
        StaleError: what the record repeats of its party says otherwise now than when it was read.
    """
    targets = _routed(tx, record, values)
    if any(target is not record for target, _ in targets):
        # What lies with its party may be in sight where the record itself is not.
        _refuse_out_of_sight(tx, record)
    found: list[tuple[PathChange, Rule]] = []
    for target, part in targets:
        refuse_unwritable(tx, _class_of(target), part)
        of = _host(tx, record, target).id if isinstance(target, type) else None
        wanted = differences(tx, target, part, of)
        if target is not record:
            _refuse_overtaken(tx, record, target, wanted)
        found += [(one, rule_of(tx, one)) for one in wanted]
    return Proposal(record, tuple(targets), tuple(found))


def _refuse_overtaken(tx: Transaction, record: Any, part: Any, wanted: Iterable[PathChange]) -> None:
    """Hold what was read of a part by the record against the part: its version is none of the record's."""
    specs, overtaken = type(record).__specs__, {}
    for one in wanted:
        # What was not read, or may not be read any more, is compared with nothing, and nobody is told of it.
        is_mirrored = one.path in type(record).mirrors and hasattr(record, one.path)
        if is_mirrored and is_shown(tx, type(record), one.path) and is_shown(tx, _class_of(part), one.path):
            seen = getattr(record, one.path)
            if seen != one.before:
                base = jsonable(specs[one.path], seen)
                overtaken[one.path] = {"base": base, "theirs": one.base, "yours": one.new}
    if overtaken:
        told = f"the {type(part).__name__.lower()} was changed by somebody else in the meantime"
        raise StaleError(told, data={"current": part.version, "fields": overtaken})


def amend(
    tx: Transaction,
    record: Any,
    values: dict[str, Any],
    because: str | None,
    evidence: Sequence[str] = (),
    effective_on: date | None = None,
    split: bool = False,
) -> Any:
    """Change key fields with a reason, or ask for it; see `Session.amend`."""
    reason = _reason(because)
    papers = _evidence(evidence)
    asked = proposal(tx, record, values)
    later = _later(tx, effective_on)
    if not asked.ruled:
        _refuse_out_of_sight(tx, record)
        unchanged = Problem(next(iter(values), ""), "unchanged", "no change")
        raise InvalidError("no change", fields=[unchanged])
    waiting = asked.waiting(later is not None)
    free = [one for one in asked.ruled if one not in waiting] if waiting else []
    if waiting and free and not split:
        raise _mixed(waiting, free)
    refuse_unfounded(reason, papers, [rule for _, rule in asked.ruled])
    if not waiting:
        if later is not None:
            early = Problem("effective_on", "rule", "fields that change freely change at once")
            raise InvalidError(early.message, fields=[early])
        return _at_once(tx, record, asked.targets, "amend")
    own = [one for one, _ in waiting if one.entity == type(record).__name__]
    _hold_parts(tx, asked)
    current = writable(tx, record, own)
    put_off = [one for one, _ in waiting]
    if free:
        _at_once(tx, record, asked.only(one for one, _ in free), "change")
    rehearse(tx, put_off)
    return open_amendment(tx, current, waiting, Draft(reason, papers, later))


def override(tx: Transaction, record: Any, values: dict[str, Any], because: str | None) -> Any:
    """Write key fields at once, past every flow; the caller has checked that the actor may."""
    reason = _reason(because)
    asked = proposal(tx, record, values)
    refuse_unfounded(reason, (), [])
    return _at_once(tx, record, asked.targets, "override")


def carry_out(tx: Transaction, record: Any, targets: Sequence[tuple[Any, dict[str, Any]]], act: str) -> Any:
    """Write fields of a record, its party and the party's facets; the record if it was written itself."""
    made = None
    for target, part in targets:
        if isinstance(target, type):
            # A facet that holds nothing has no row yet.
            begin_facet(tx, target, _host(tx, record, target).ref, part)
        elif target is not record:
            apply(tx, target, part, act)
    for target, part in targets:
        if target is record:
            made = apply(tx, record, part, act)
    return made


def _at_once(tx: Transaction, record: Any, targets: Sequence[tuple[Any, dict[str, Any]]], act: str) -> Any:
    made = carry_out(tx, record, targets, act)
    if made is None:
        return fetch_one(tx, type(record), record.id)
    if len(targets) == 1 or not made.mirrors:
        return made
    with whole(tx):
        now = fetch_one(tx, type(record), record.id)
    return layout(type(record)).copy(made, {name: getattr(now, name) for name in made.mirrors})


def _hold_parts(tx: Transaction, asked: Proposal) -> None:
    """Hold what stands behind the record before the record itself, as whoever applies an amendment does."""
    parts = [one for one, _ in asked.targets if isinstance(one, Record) and one is not asked.record]
    for part in sorted(parts, key=lambda one: place(tx, type(one).__name__, one.id)):
        fetch_one(tx, type(part), part.id, lock=True)


def writable(tx: Transaction, record: Any, own: list[PathChange]) -> Any:
    """The record as it is now, held until the end of the session.

    Raises:
        NotFoundError, ForbiddenError: it is out of sight, or not the actor's to change.
        StaleError: it moved on since it was read.
    """
    cls = type(record)
    current = fetch_one(tx, cls, record.id, Action.UPDATE, lock=True)
    if current is None:
        _refuse_out_of_sight(tx, record)
        raise ForbiddenError(f"changing this {cls.__name__.lower()} is not granted")
    if own and current.version != record.version:
        raise why_not(tx, record, {one.name: one.after for one in own if "/" not in one.path})
    return current


def _refuse_out_of_sight(tx: Transaction, record: Any) -> None:
    if fetch_one(tx, type(record), record.id) is None:
        raise not_found(type(record))


def _reason(because: str | None, least: int = LEAST_REASON) -> str:
    if because is None or len(because.strip()) < least:
        short = Problem("because", "required", f"a reason of at least {least} characters")
        raise InvalidError("an amendment needs a reason", fields=[short])
    return clean_text(because)


def _evidence(given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str) or not all(isinstance(one, str) and one.strip() for one in given):
        wrong = Problem("evidence", "type", "expected a list of texts")
        raise InvalidError(wrong.message, fields=[wrong])
    return tuple(clean_text(one, longest=1000) for one in given)


def refuse_unfounded(reason: str, papers: tuple[str, ...], rules: list[Rule]) -> None:
    """Hold reason and evidence against the strictest of the rules (REV-4, REV-E1)."""
    _reason(reason, max((rule.reason_min for rule in rules), default=LEAST_REASON))
    if not papers and any(rule.evidence_required for rule in rules):
        missing = Problem("evidence", "required", "evidence is required")
        raise InvalidError(missing.message, fields=[missing])


def _later(tx: Transaction, day: date | None) -> date | None:
    """The day, where it is still to come (REV-E3)."""
    if day is None:
        return None
    today = tx.crm.calendar_day(tx.moment)
    if type(day) is not date or day < today:
        wrong = Problem("effective_on", "range", "expected today or a later day")
        raise InvalidError(wrong.message, fields=[wrong])
    return day if day > today else None


def _mixed(waiting: Iterable[Any], free: Iterable[Any]) -> AmendmentRequiredError:
    later, now = ([one.path for one, _ in part] for part in (waiting, free))
    problems = [Problem(path, "key", "waits for an amendment, other fields do not") for path in later]
    return AmendmentRequiredError(
        "key fields and others stand in one request; ask for it to be split",
        fields=problems,
        data={"amendment": later, "at_once": now},
    )


def _class_of(target: Any) -> Any:
    return target if isinstance(target, type) else type(target)


def _routed(tx: Transaction, record: Any, values: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Fields of the record itself, of its party, and of the facets of either, or the classes of these.

    A customer's tax id lies with its organisation; people say "the customer's tax id" all the same.
    """
    specs = type(record).__specs__
    own = {name: value for name, value in values.items() if name in specs and specs[name].init}
    rest = {name: value for name, value in values.items() if name not in own}
    found: list[tuple[Any, dict[str, Any]]] = [(record, own)] if own else []
    for target in _parts(tx, record) if rest else ():
        inner = _class_of(target).__specs__
        part = {name: rest.pop(name) for name in list(rest) if name in inner and inner[name].init}
        if part:
            found.append((target, part))
    if rest:
        _refuse_unknown(type(record), rest)
    return found


def _host(tx: Transaction, record: Any, facet: Any) -> Any:
    """What a facet extends: the record itself or its party."""
    return record if facet.__facet_of__ == type(record).__name__ else _part(tx, record)


def _part(tx: Transaction, record: Any) -> Any:
    links = [spec.name for spec in type(record).__specs__.values() if spec.unique and spec.target]
    return tx.session.get(getattr(record, links[0]))


def _parts(tx: Transaction, record: Any) -> list[Any]:
    found: list[Any] = []
    for spec in type(record).__specs__.values():
        if spec.unique and spec.target:
            part = tx.session.get(getattr(record, spec.name))
            found += [part, *_facets(tx, part)]
    return [*found, *_facets(tx, record)]


def _facets(tx: Transaction, host: Any) -> list[Any]:
    return [fetch_one(tx, facet, host.id) or facet for facet in tx.crm.facets_of(type(host))]


def _refuse_unknown(cls: Any, values: dict[str, Any]) -> None:
    problems = [
        Problem(name, "unknown", "is computed" if name in cls.__specs__ else "unknown field")
        for name in values
    ]
    raise InvalidError(f"{cls.__name__}: {problems[0].path}: {problems[0].message}", fields=problems)
