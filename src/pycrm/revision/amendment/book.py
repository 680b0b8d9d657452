"""Writing amendments down: the record itself, its lines, its open paths and its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.row import layout
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.errors import ConflictError
from pycrm.revision.add import _blank, _stamps, child_changes
from pycrm.revision.amendment.difference import PathChange
from pycrm.revision.amendment.model import AmendmentLine, AmendmentLineRow, LineAct, OpenPath
from pycrm.revision.amendment.policy import Rule
from pycrm.revision.amendment.route import Flows, Found, Route, Seat, seats
from pycrm.revision.guard import stamp
from pycrm.revision.log import jsonable, note, note_new
from pycrm.revision.sql import insert_rows, update_text
from pycrm.scope.actor import key, unkey
from pycrm.scope.children import with_children
from pycrm.scope.gateway import fetch_one
from pycrm.scope.predicate import Scope
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "CLOSED",
    "Draft",
    "Tasks",
    "Turn",
    "claim_paths",
    "drafted",
    "enter",
    "entering",
    "open_already",
    "open_amendment",
    "places",
    "release_paths",
    "taken",
    "turn",
    "turn_all",
    "with_tasks",
    "write_drafted",
    "write_lines",
    "write_paths",
]

# An amendment is written by its verbs alone, whoever reaches its record.
_WHOEVER = Scope(None, ("amendment",), {})
_STAMPS = ("version", "updated_at", "updated_by")


@attrs.frozen
class Draft:
    """What the submitter says about the whole."""

    reason: str
    evidence: tuple[str, ...] = ()
    effective_on: date | None = None
    batch: UUID | None = None


def drafted(tx: Transaction, record: Any, route: Route, draft: Draft) -> Amendment:
    """A new amendment of a record, which nobody is asked about yet."""
    values: dict[str, Any] = _blank(Amendment) | _stamps(tx)
    values |= {"id": tx.crm.identifiers.new(), "entity": type(record).__name__, "record": record.id}
    values |= {"state": AmendmentState.SUBMITTED, "reason": draft.reason, "evidence": draft.evidence}
    values |= {"effective_on": draft.effective_on, "submitted_by": tx.actor.ref, "batch": draft.batch}
    values |= {"submitted_at": tx.moment, "round": 1, "step": 0, "route": route.text, "overridden": False}
    made: Amendment = layout(Amendment).fresh(Amendment(), values)
    return made


def open_amendment(
    tx: Transaction, record: Any, ruled: Sequence[tuple[PathChange, Rule]], draft: Draft
) -> Amendment:
    """A new amendment of a record, with its first step's tasks.

    Raises:
        ConflictError: another one is open over one of its paths, or nobody can approve it.
    """
    made = drafted(tx, record, Route.of(Flows(tx), ruled), draft)
    claim_paths(tx, made.id, [one for one, _ in ruled])
    write_drafted(tx, [(made, [one for one, _ in ruled])])
    return enter(tx, made)


def write_drafted(tx: Transaction, some: Iterable[tuple[Amendment, Sequence[PathChange]]]) -> None:
    """Write new amendments down with the lines of each."""
    made_by, rows = layout(Amendment), []
    lines: list[AmendmentLineRow] = []
    for made, differences in some:
        rows.append(made_by.dump[tx.dialect](made))
        parts: list[str] = []
        made_by.journal(made, "", parts)
        note_new(tx, Amendment, made_by.key(made, tx.dialect), parts)
        lines += _line_rows(made.id, 1, ((one, one.base) for one in differences))
    insert_rows(tx, Amendment, rows)
    dump = layout(AmendmentLineRow).dump[tx.dialect]
    insert_rows(tx, AmendmentLineRow, [dump(row) for row in lines])


def write_lines(
    tx: Transaction, amendment: UUID, round: int, lines: Iterable[tuple[AmendmentLine | PathChange, Any]]
) -> None:
    """Keep the lines of one round, each with the value that it is based on."""
    dump = layout(AmendmentLineRow).dump[tx.dialect]
    insert_rows(tx, AmendmentLineRow, [dump(row) for row in _line_rows(amendment, round, lines)])


def _line_rows(
    amendment: UUID, round: int, lines: Iterable[tuple[AmendmentLine | PathChange, Any]]
) -> Iterator[AmendmentLineRow]:
    for number, (line, base) in enumerate(lines):
        yield AmendmentLineRow(
            amendment=amendment,
            round=round,
            seq=number,
            entity=line.entity,
            record=line.record,
            path=line.path,
            act=line.act,
            base=json.dumps(base, ensure_ascii=False),
            new=json.dumps(line.new, ensure_ascii=False),
        )


Place = tuple[UUID, str, str]
"""A record, its class, and a path of it over which one amendment at most is open."""


def places(differences: Iterable[PathChange]) -> set[Place]:
    """What these differences take up: a row that is to be added takes up nothing yet."""
    return {(one.record, one.entity, one.claimed_path) for one in differences if one.act is not LineAct.ADD}


def claim_paths(tx: Transaction, amendment: UUID, differences: Iterable[PathChange]) -> None:
    """Take the paths for one amendment (REV-8).

    Raises:
        ConflictError: another one is open, which is named where it is in sight.
    """
    wanted = places(differences)
    held = taken(tx, {record for record, _, _ in wanted})
    for place in sorted(held, key=lambda one: one[2]):
        if place in wanted:
            raise open_already(tx, place[2], held[place])
    write_paths(tx, [(amendment, wanted)])


def taken(tx: Transaction, records: Iterable[UUID]) -> dict[Place, UUID]:
    """The paths of these records over which amendments are open, and which these are."""
    table, wanted = OpenPath.__table__.c, sorted(set(records))
    found: dict[Place, UUID] = {}
    for some in pieces(wanted):
        rows = tx.fetch(
            sa.select(table.record_id, table.entity, table.path, table.amendment_id).where(
                table.record_id.in_(some)
            )
        )
        for raw, entity, path, by in rows:
            record, holder = unkey(raw), unkey(by)
            assert record is not None
            assert holder is not None
            found[record, entity, path] = holder
    return found


def write_paths(tx: Transaction, some: Iterable[tuple[UUID, Iterable[Place]]]) -> None:
    """Write down which amendment takes which paths."""
    rows = [
        OpenPath(record=record, entity=entity, path=path, amendment=amendment)
        for amendment, wanted in some
        for record, entity, path in sorted(wanted, key=str)
    ]
    dump = layout(OpenPath).dump[tx.dialect]
    insert_rows(tx, OpenPath, [dump(row) for row in rows])


def open_already(tx: Transaction, path: str, holder: Any) -> ConflictError:
    """The refusal of a second amendment over a path."""
    message = f"an amendment of {path.partition('/')[0]} is open already"
    first = fetch_one(tx, Amendment, holder)
    if first is None:
        return ConflictError(message)
    by = first.submitted_by
    return ConflictError(
        message, data={"amendment": str(first.id), "submitted_by": str(by.id) if by is not None else None}
    )


def release_paths(tx: Transaction, amendments: Sequence[Amendment]) -> None:
    """Leave the paths to others: the amendments are closed."""
    table = OpenPath.__table__
    for some in pieces(one.id for one in amendments):
        tx.execute(sa.delete(table).where(table.c.amendment_id.in_(some)))


@attrs.define
class Tasks:
    """Tasks to be added, and fields of tasks to be changed, in one turn of an amendment."""

    added: list[ApprovalTask] = attrs.field(factory=list)
    changed: dict[UUID, Mapping[str, Any]] = attrs.field(factory=dict)


@attrs.frozen
class Turn:
    """An amendment to be taken further: the new values of its fields, and what becomes of its tasks."""

    amendment: Amendment
    values: Mapping[str, Any] = attrs.field(factory=dict)
    tasks: Tasks = attrs.field(factory=Tasks)


def turn(tx: Transaction, amendment: Amendment, tasks: Tasks | None = None, **values: Any) -> Amendment:
    """Take an amendment further: a new version of it, with what became of its tasks.

    Raises:
        ConflictError: somebody decided in the meantime.
    """
    return turn_all(tx, [Turn(amendment, values, tasks or Tasks())])[0]


def turn_all(tx: Transaction, turns: Sequence[Turn]) -> list[Amendment]:
    """Take amendments further, in a few statements for all of them; raises as `turn`."""
    if not turns:
        return []
    made = [
        layout(Amendment).copy(one.amendment, {**one.values, **stamp(tx, one.amendment)}) for one in turns
    ]
    _update(tx, turns, made)
    _settle(tx, turns)
    added = _add(tx, turns)
    closed = [one.amendment for one in turns if one.values.get("state") in CLOSED]
    if closed:
        release_paths(tx, closed)
    for one, now, tasks in zip(turns, made, added, strict=True):
        note(tx, now, "turn", _differences(one) | tasks)
    return with_tasks(tx, made)


#: States in which an amendment takes up no path any more.
CLOSED = (AmendmentState.APPLIED, AmendmentState.REJECTED, AmendmentState.WITHDRAWN)


def decided_already() -> ConflictError:
    """The refusal of a decision that comes after another one."""
    return ConflictError("this was decided in the meantime")


def _update(tx: Transaction, turns: Sequence[Turn], made: Sequence[Amendment]) -> None:
    specs, made_by = Amendment.__specs__, layout(Amendment)
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for one, now in zip(turns, made, strict=True):
        given = made_by.dump_of((*one.values, *_STAMPS), tx.dialect)(now)
        row = (*given, key(tx, now.id), one.amendment.version)
        alike.setdefault(tuple(one.values), []).append(row)
    for names, rows in alike.items():
        columns = tuple(column for name in (*names, *_STAMPS) for column in specs[name].columns)
        text, _ = update_text(tx, Amendment, columns, _WHOEVER)
        if _touched(tx, text, rows) != len(rows):
            raise decided_already()


def _touched(tx: Transaction, text: str, rows: Sequence[Any]) -> int:
    return int(tx.write_one(text, rows[0]).rowcount) if len(rows) == 1 else tx.run_many(text, rows)


def _differences(one: Turn) -> dict[str, Any]:
    """What changes of an amendment and of its tasks, as the history keeps it."""
    specs, inner = Amendment.__specs__, ApprovalTask.__specs__
    kept: dict[str, Any] = {
        name: [jsonable(specs[name], getattr(one.amendment, name)), jsonable(specs[name], value)]
        for name, value in one.values.items()
        if getattr(one.amendment, name) != value
    }
    old = {task.id: task for task in one.amendment.tasks} if one.tasks.changed else {}
    for id, values in one.tasks.changed.items():
        for name, value in values.items():
            before = jsonable(inner[name], getattr(old[id], name))
            kept[f"tasks/{id}/{name}"] = [before, jsonable(inner[name], value)]
    return kept


def _settle(tx: Transaction, turns: Iterable[Turn]) -> None:
    """Write what became of tasks, each of which waited until now."""
    table, specs = ApprovalTask.__table__, ApprovalTask.__specs__
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in turns:
        for id, values in one.tasks.changed.items():
            row = {f"new_{specs[name].columns[0]}": value for name, value in values.items()}
            alike.setdefault(tuple(values), []).append({"task": id, **row})
    for names, rows in alike.items():
        columns = [specs[name].columns[0] for name in names]
        statement = (
            sa.update(table)
            .where(table.c.id == sa.bindparam("task"), table.c.state == ApprovalState.PENDING.value)
            .values({column: sa.bindparam(f"new_{column}") for column in columns})
        )
        if tx.execute(statement, rows) != len(rows):
            raise decided_already()


def _add(tx: Transaction, turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Write new tasks, and give for each amendment what the history keeps of them."""
    rows: list[ApprovalTask] = []
    told: list[dict[str, Any]] = []
    for one in turns:
        kept: dict[str, Any] = {}
        first = len(one.amendment.tasks) if one.tasks.added else 0
        for number, task in enumerate(one.tasks.added):
            place = {"id": tx.crm.identifiers.new(), "parent": one.amendment.id, "position": first + number}
            rows.append(layout(ApprovalTask).fresh(task, place))
            kept |= child_changes("tasks", None, rows[-1])
        told.append(kept)
    dump = layout(ApprovalTask).dump[tx.dialect]
    insert_rows(tx, ApprovalTask, [dump(row) for row in rows])
    return told


def with_tasks(tx: Transaction, amendments: Sequence[Amendment]) -> list[Amendment]:
    """The amendments with their tasks as they are now."""
    return with_children(tx, amendments, ("tasks",))


def tasks_for(tx: Transaction, amendment: Amendment, step: int, found: Sequence[Seat]) -> list[ApprovalTask]:
    """Tasks for those who decide in a step."""
    route = Route.read(amendment.route)
    calendar = tx.crm.business_calendar(tx)
    due, escalates = (
        calendar.after(tx.moment, hours) for hours in (route.steps[step].remind, route.steps[step].escalate)
    )
    return [
        ApprovalTask(
            round=amendment.round,
            step=step,
            group=seat.group,
            approver=Ref("User", seat.user),
            asked_at=tx.moment,
            due_at=due,
            escalates_at=escalates,
        )
        for seat in found
    ]


def entering(tx: Transaction, amendment: Amendment, found: Found, tasks: Tasks | None = None) -> Turn:
    """The turn by which those are asked who decide next; with nobody left to ask it is approved."""
    tasks = tasks or Tasks()
    if found.step is None:
        return Turn(amendment, {"state": AmendmentState.APPROVED, "step": found.passed, "waits": None}, tasks)
    tasks.added += tasks_for(tx, amendment, found.step, found.seats)
    values = {"state": AmendmentState.SUBMITTED, "step": found.step, "waits": found.waits}
    return Turn(amendment, values, tasks)


def enter(tx: Transaction, amendment: Amendment, step: int = 0) -> Amendment:
    """Ask those who decide next; when nobody is left to be asked, the amendment is approved.

    Raises:
        ConflictError: nobody can approve it, and the flow says that it fails then.
    """
    amendment = with_tasks(tx, [amendment])[0]
    return turn_all(tx, [entering(tx, amendment, seats(tx, amendment, step))])[0]
