"""Writing amendments down: the record itself, its lines, its open paths and its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
from pycrm.revision.amendment.route import Route, Seat, seats
from pycrm.revision.change import stamp
from pycrm.revision.log import jsonable, note, note_new
from pycrm.revision.sql import insert_rows, update_text
from pycrm.scope.actor import key, unkey
from pycrm.scope.children import with_children
from pycrm.scope.gateway import fetch_one
from pycrm.scope.predicate import Scope

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "CLOSED",
    "Draft",
    "claim_paths",
    "enter",
    "open_amendment",
    "release_paths",
    "turn",
    "write_lines",
]

# An amendment is written by its verbs alone, whoever reaches its record.
_WHOEVER = Scope(None, ("amendment",), {})


@attrs.frozen
class Draft:
    """What the submitter says about the whole."""

    reason: str
    evidence: tuple[str, ...] = ()
    effective_on: date | None = None


def open_amendment(
    tx: Transaction, record: Any, ruled: Sequence[tuple[PathChange, Rule]], draft: Draft
) -> Amendment:
    """A new amendment of a record, with its first step's tasks.

    Raises:
        ConflictError: another one is open over one of its paths, or nobody can approve it.
    """
    route = Route.of(tx, record, ruled)
    values: dict[str, Any] = _blank(Amendment) | _stamps(tx)
    values |= {"id": tx.crm.identifiers.new(), "entity": type(record).__name__, "record": record.id}
    values |= {"state": AmendmentState.SUBMITTED, "reason": draft.reason, "evidence": draft.evidence}
    values |= {"effective_on": draft.effective_on, "submitted_by": tx.actor.ref}
    values |= {"submitted_at": tx.moment, "round": 1, "step": 0, "route": route.text, "overridden": False}
    made = layout(Amendment).fresh(Amendment(), values)
    claim_paths(tx, made.id, [one for one, _ in ruled])
    insert_rows(tx, Amendment, [layout(Amendment).dump[tx.dialect](made)])
    parts: list[str] = []
    layout(Amendment).journal(made, "", parts)
    note_new(tx, Amendment, layout(Amendment).key(made, tx.dialect), parts)
    write_lines(tx, made.id, 1, [(one, one.base) for one, _ in ruled])
    return enter(tx, made)


def write_lines(
    tx: Transaction, amendment: UUID, round: int, lines: Iterable[tuple[AmendmentLine | PathChange, Any]]
) -> None:
    """Keep the lines of one round, each with the value that it is based on."""
    rows = [
        AmendmentLineRow(
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
        for number, (line, base) in enumerate(lines)
    ]
    dump = layout(AmendmentLineRow).dump[tx.dialect]
    insert_rows(tx, AmendmentLineRow, [dump(row) for row in rows])


def claim_paths(tx: Transaction, amendment: UUID, differences: Iterable[PathChange]) -> None:
    """Take the paths for one amendment (REV-8).

    Raises:
        ConflictError: another one is open, which is named where it is in sight.
    """
    wanted = {(one.record, one.entity, one.claimed_path) for one in differences if one.act is not LineAct.ADD}
    table = OpenPath.__table__.c
    held = tx.fetch(
        sa.select(table.record_id, table.entity, table.path, table.amendment_id)
        .where(table.record_id.in_({id for id, _, _ in wanted}))
        .order_by(table.path)
    )
    for record, entity, path, holder in held:
        if (unkey(record), entity, path) in wanted:
            raise _open_already(tx, path, unkey(holder))
    rows = [
        OpenPath(record=record, entity=entity, path=path, amendment=amendment)
        for record, entity, path in sorted(wanted, key=str)
    ]
    dump = layout(OpenPath).dump[tx.dialect]
    insert_rows(tx, OpenPath, [dump(row) for row in rows])


def _open_already(tx: Transaction, path: str, holder: Any) -> ConflictError:
    message = f"an amendment of {path.partition('/')[0]} is open already"
    first = fetch_one(tx, Amendment, holder)
    if first is None:
        return ConflictError(message)
    by = first.submitted_by
    return ConflictError(
        message, data={"amendment": str(first.id), "submitted_by": str(by.id) if by is not None else None}
    )


def release_paths(tx: Transaction, amendment: Amendment) -> None:
    """Leave the paths to others: the amendment is closed."""
    table = OpenPath.__table__
    tx.execute(sa.delete(table).where(table.c.amendment_id == amendment.id))


@attrs.define
class Tasks:
    """Tasks to be added, and fields of tasks to be changed, in one turn of an amendment."""

    added: list[ApprovalTask] = attrs.field(factory=list)
    changed: dict[UUID, Mapping[str, Any]] = attrs.field(factory=dict)


def turn(tx: Transaction, amendment: Amendment, tasks: Tasks | None = None, **values: Any) -> Amendment:
    """Take an amendment further: a new version of it, with what became of its tasks.

    Raises:
        ConflictError: somebody decided in the meantime.
    """
    tasks = tasks or Tasks()
    specs, made_by = Amendment.__specs__, layout(Amendment)
    kept = {
        name: [jsonable(specs[name], getattr(amendment, name)), jsonable(specs[name], value)]
        for name, value in values.items()
        if getattr(amendment, name) != value
    }
    made = made_by.copy(amendment, values | stamp(tx, amendment))
    names = (*values, "version", "updated_at", "updated_by")
    columns = tuple(column for name in names[:-3] for column in specs[name].columns)
    text, _ = update_text(tx, Amendment, (*columns, "version", "updated_at", "updated_by_id"), _WHOEVER)
    given = made_by.dump_of(names, tx.dialect)(made)
    if tx.write_one(text, (*given, key(tx, amendment.id), amendment.version)).rowcount != 1:
        raise decided_already()
    kept |= _settle(tx, amendment, tasks.changed)
    kept |= _add(tx, amendment, tasks.added)
    if values.get("state") in CLOSED:
        release_paths(tx, amendment)
    note(tx, made, "turn", kept)
    return with_tasks(tx, made)


#: States in which an amendment takes up no path any more.
CLOSED = (AmendmentState.APPLIED, AmendmentState.REJECTED, AmendmentState.WITHDRAWN)


def decided_already() -> ConflictError:
    """The refusal of a decision that comes after another one."""
    return ConflictError("this was decided in the meantime")


def _settle(
    tx: Transaction, amendment: Amendment, changed: Mapping[UUID, Mapping[str, Any]]
) -> dict[str, Any]:
    table = ApprovalTask.__table__
    kept: dict[str, Any] = {}
    old = {task.id: task for task in amendment.tasks}
    for id, values in changed.items():
        columns = {ApprovalTask.__specs__[name].columns[0]: value for name, value in values.items()}
        pending = sa.and_(table.c.id == id, table.c.state == ApprovalState.PENDING.value)
        if tx.execute(sa.update(table).where(pending).values(columns)) != 1:
            raise decided_already()
        for name, value in values.items():
            spec = ApprovalTask.__specs__[name]
            kept[f"tasks/{id}/{name}"] = [jsonable(spec, getattr(old[id], name)), jsonable(spec, value)]
    return kept


def _add(tx: Transaction, amendment: Amendment, added: Sequence[ApprovalTask]) -> dict[str, Any]:
    first, rows = len(amendment.tasks), []
    kept: dict[str, Any] = {}
    for number, task in enumerate(added):
        place = {"id": tx.crm.identifiers.new(), "parent": amendment.id, "position": first + number}
        rows.append(layout(ApprovalTask).fresh(task, place))
        kept |= child_changes("tasks", None, rows[-1])
    dump = layout(ApprovalTask).dump[tx.dialect]
    insert_rows(tx, ApprovalTask, [dump(row) for row in rows])
    return kept


def with_tasks(tx: Transaction, amendment: Amendment) -> Amendment:
    """The amendment with its tasks as they are now."""
    found: Amendment = with_children(tx, [amendment], ("tasks",))[0]
    return found


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


def enter(tx: Transaction, amendment: Amendment, step: int = 0, tasks: Tasks | None = None) -> Amendment:
    """Ask those who decide next; when nobody is left to be asked, the amendment is approved.

    Raises:
        ConflictError: nobody can approve it, and the flow says that it fails then.
    """
    tasks = tasks or Tasks()
    amendment = with_tasks(tx, amendment)
    found = seats(tx, amendment, step)
    if found.step is None:
        return turn(tx, amendment, tasks, state=AmendmentState.APPROVED, step=found.passed, waits=None)
    tasks.added += tasks_for(tx, amendment, found.step, found.seats)
    state = AmendmentState.SUBMITTED
    return turn(tx, amendment, tasks, state=state, step=found.step, waits=found.waits)
