"""Making an amendment true: with the rights of its submitter as they are at that time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.codec import from_json
from pycrm.declare.field import REQUIRED
from pycrm.declare.record import child_class
from pycrm.declare.row import layout
from pycrm.entities.amendment import Amendment
from pycrm.errors import ForbiddenError, InvalidError, NotFoundError, Problem, StaleError
from pycrm.revision.acting import acting
from pycrm.revision.add import add_all
from pycrm.revision.amendment.difference import STAGE, PathChange, differences, row_json, stage_change
from pycrm.revision.amendment.model import AmendmentEffect, AmendmentLine, AmendmentLineRow, LineAct
from pycrm.revision.change import apply
from pycrm.revision.log import jsonable
from pycrm.revision.sql import insert_rows
from pycrm.scope.actor import Actor, resolve
from pycrm.scope.children import any_record, any_records, with_children
from pycrm.scope.fields import whole
from pycrm.scope.gateway import fetch_one
from pycrm.scope.sharing import widened
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "MovedError",
    "Reading",
    "as_submitter",
    "attempted",
    "begin_facet",
    "lines_of",
    "perform",
    "place",
    "read_lines",
    "rehearse",
    "rehearsing",
    "wanted",
]


class MovedError(StaleError):
    """What an amendment is about was written since its lines were read."""


class _EnoughError(Exception):
    """Ends a rehearsal, so that what it wrote is undone."""


@attrs.frozen
class Reading:
    """The lines of an amendment, with the versions of what they are about when they were read."""

    lines: list[AmendmentLine]
    versions: Mapping[tuple[str, UUID], int | None]

    @property
    def is_conflicting(self) -> bool:
        """Whether something is no longer what the submitter saw (REV-7)."""
        return any(line.is_conflicting for line in self.lines)


def lines_of(tx: Transaction, amendment: Amendment) -> list[AmendmentLine]:
    """The lines of an amendment, all of them, each with what is there now."""
    return read_lines(tx, [amendment])[amendment.id].lines


def read_lines(tx: Transaction, amendments: Sequence[Amendment]) -> dict[UUID, Reading]:
    """The lines of each of the amendments, read in a few statements for all of them."""
    rows: list[AmendmentLineRow] = []
    for some in pieces(amendments):
        rows += _rows_of(tx, some)
    now = _as_stored(tx, {(row.entity, row.record) for row in rows})
    found: dict[UUID, list[AmendmentLine]] = {one.id: [] for one in amendments}
    targets: dict[UUID, dict[tuple[str, UUID], int | None]] = {one.id: {} for one in amendments}
    for row in rows:
        record = now.get((row.entity, row.record))
        pair = (json.loads(row.base), json.loads(row.new))
        current = _current(record, row.path, row.act)
        of: Ref[Amendment] = Ref("Amendment", row.amendment)
        line = AmendmentLine(row.entity, row.record, row.path, row.act, *pair, current, of)
        found[row.amendment].append(line)
        targets[row.amendment][row.entity, row.record] = None if record is None else record.version
    return {id: Reading(lines, targets[id]) for id, lines in found.items()}


def _rows_of(tx: Transaction, some: Iterable[Amendment]) -> list[AmendmentLineRow]:
    """What was proposed in the round of now; what a rebase left behind is not read on."""
    made, table = layout(AmendmentLineRow), AmendmentLineRow.__table__.c
    rounds = {one.id: one.round for one in some}
    rows = tx.fetch(
        sa.select(*(table[name] for name in made.names))
        .where(table.amendment_id.in_(rounds))
        .order_by(table.amendment_id, table.seq)
    )
    return [row for row in made.build(rows) if row.round == rounds[row.amendment]]


def _as_stored(tx: Transaction, keys: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], Any]:
    wanted: dict[str, list[UUID]] = {}
    for entity, id in keys:
        wanted.setdefault(entity, []).append(id)
    found: dict[tuple[str, UUID], Any] = {}
    with whole(tx):
        for entity, ids in wanted.items():
            records = list(any_records(tx, tx.crm.record(entity), ids).values())
            found |= {(entity, record.id): record for record in with_children(tx, records)}
    return found


def _current(record: Any, path: str, act: LineAct) -> Any:
    if record is None or act is LineAct.ADD:
        return None
    name, _, rest = path.partition("/")
    if not rest:
        return jsonable(type(record).__specs__[name], getattr(record, name))
    identity, _, field = rest.partition("/")
    row = next((one for one in getattr(record, name) if str(one.id) == identity), None)
    if row is None:
        return None
    return jsonable(type(row).__specs__[field], getattr(row, field)) if field else row_json(row)


@contextmanager
def attempted(tx: Transaction) -> Iterator[None]:
    """What is written within is undone where it is refused, and nothing of it is remembered."""
    kept = dict(tx.memo)
    try:
        with tx.savepoint():
            yield
    except BaseException:
        tx.memo.clear()
        tx.memo.update(kept)
        raise


def rehearse(tx: Transaction, lines: Sequence[AmendmentLine | PathChange]) -> None:
    """Do all that applying these lines would do, and undo it: whatever refuses them refuses now.

    Raises:
        RefusedError: as a direct change would be.
    """
    with rehearsing(tx):
        _write(tx, lines, "amend")


@contextmanager
def rehearsing(tx: Transaction) -> Iterator[None]:
    """What is done within is undone when it ends, as if it had never been tried."""
    try:
        with attempted(tx):
            tx.memo["rehearsal"] = True
            yield
            raise _EnoughError
    except _EnoughError:
        pass


def perform(tx: Transaction, amendment: Amendment, read: Reading, act: str = "amend") -> None:
    """Write the lines, and keep which versions they made.

    Raises:
        MovedError: what they are about has been written since they were read.
        RefusedError: as a direct change would be.
    """
    made = _write(tx, read.lines, act, read.versions)
    rows = [
        AmendmentEffect(record=one.id, version=one.version, entity=type(one).__name__, amendment=amendment.id)
        for one in made
    ]
    dump = layout(AmendmentEffect).dump[tx.dialect]
    insert_rows(tx, AmendmentEffect, [dump(row) for row in rows])


def wanted(tx: Transaction, lines: Iterable[AmendmentLine]) -> list[PathChange]:
    """What these lines would change of what is there now: nothing where it is there already."""
    found: list[PathChange] = []
    for (entity, id), some in _by_target(lines).items():
        cls = tx.crm.record(entity)
        with whole(tx):
            record = any_record(tx, cls, id)
            if record is None:
                values = {line.path: from_json(cls.__specs__[line.path], line.new) for line in some}
                found += differences(tx, cls, values, id)
            else:
                record = with_children(tx, [record])[0]
                values = _values(cls, record, some)
                to = values.pop(STAGE, None)
                found += differences(tx, record, values)
                if to is not None and to != record.stage:
                    found.append(stage_change(record, to))
    return found


def _by_target(lines: Iterable[Any]) -> dict[tuple[str, UUID], list[Any]]:
    found: dict[tuple[str, UUID], list[Any]] = {}
    for line in lines:
        found.setdefault((line.entity, line.record), []).append(line)
    return found


def place(tx: Transaction, entity: str, id: UUID) -> tuple[int, UUID]:
    """The place of a record in the order in which all take hold of them, so that none wait in a circle."""
    return tx.crm.rank(tx.crm.record(entity)), id


def _write(
    tx: Transaction,
    lines: Iterable[AmendmentLine | PathChange],
    act: str,
    versions: Mapping[tuple[str, UUID], int | None] | None = None,
) -> list[Any]:
    made: list[Any] = []
    for (entity, id), some in sorted(_by_target(lines).items(), key=lambda one: place(tx, *one[0])):
        cls = tx.crm.record(entity)
        record = fetch_one(tx, cls, id)
        if record is not None and versions is not None and versions[entity, id] != record.version:
            raise MovedError("the record was changed meanwhile; look again")
        if record is not None:
            record = with_children(tx, [record])[0]
            values = _values(cls, record, some)
            to = values.pop(STAGE, None)
            if to is None:
                made.append(apply(tx, record, values, act))
            else:
                made.append(tx.crm.approved_move(tx, record, to, values))
        elif cls.__facet_of__ is not None:
            values = {line.path: from_json(cls.__specs__[line.path], line.new) for line in some}
            made.append(begin_facet(tx, cls, Ref(cls.__facet_of__, id), values))
        else:
            raise NotFoundError(f"no such {entity.lower()}")
    return made


def begin_facet(tx: Transaction, cls: Any, of: Any, values: Mapping[str, Any]) -> Any:
    """Add a facet that had no row yet; some are begun by an amendment alone.

    Raises:
        InvalidError: a field that it cannot be without is not given.
    """
    wanting = [
        Problem(spec.name, "required", "a value is required")
        for spec in cls.__specs__.values()
        if spec.init and spec.default is REQUIRED and spec.name != "of" and values.get(spec.name) is None
    ]
    if wanting:
        raise InvalidError(f"{cls.__name__}: {wanting[0].path}: a value is required", fields=wanting)
    tx.memo["amending"] = True
    try:
        return add_all(tx, [cls(of=of, **values)], [None])[0]
    finally:
        del tx.memo["amending"]


def _values(cls: Any, record: Any, lines: Iterable[Any]) -> dict[str, Any]:
    """The fields to write: of lists, all rows as they will be."""
    values: dict[str, Any] = {}
    for line in lines:
        name, _, rest = line.path.partition("/")
        spec = cls.__specs__[name]
        if not rest:
            values[name] = from_json(spec, line.new)
        else:
            rows = values.get(name, getattr(record, name))
            values[name] = tuple(_rows(child_class(cls, spec), rows, rest, line))
    return values


def _rows(child: Any, rows: Iterable[Any], place: str, line: Any) -> Iterator[Any]:
    identity, _, field = place.partition("/")
    for row in rows:
        if str(getattr(row, "_raw_id", None) and row.id) != identity:
            yield row
        elif line.act is LineAct.CHANGE:
            yield layout(child).copy(row, {field: from_json(child.__specs__[field], line.new)})
    if line.act is LineAct.ADD:
        yield child(
            **{
                name: from_json(child.__specs__[name], value)
                for name, value in line.new.items()
                if child.__specs__[name].init
            }
        )


@contextmanager
def as_submitter(tx: Transaction, amendment: Amendment) -> Iterator[None]:
    """Within, the submitter acts, with the rights of now; it is the session's actor who is recorded.

    Raises:
        ForbiddenError: the submitter may not act any more.
    """
    with acting(tx, _submitter(tx, amendment), amendment.reason):
        yield


def _submitter(tx: Transaction, amendment: Amendment) -> Actor:
    who = amendment.submitted_by
    if who is None:
        return Actor.system("amendment")
    try:
        actor = resolve(tx, who.id, source=tx.actor.source)
    except (NotFoundError, ForbiddenError):
        raise ForbiddenError("whoever submitted this may not act any more") from None
    return widened(tx, actor) if actor.is_given_more else attrs.evolve(actor)
