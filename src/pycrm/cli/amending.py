"""Commands about amendments: asking for a change of key data, deciding on it, and what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Part, Table
from pycrm.cli.call import UNNAMED, Call, Heads, command, group
from pycrm.errors import InvalidError, NotFoundError, Problem

if TYPE_CHECKING:
    from pycrm.entities import Amendment
    from pycrm.revision.amendment import Batch
    from pycrm.session import Session

__all__ = ["add_to", "jobs"]

jobs = group("Do what is due.")

# How many records of a batch are shown with it, and how many decisions one by one.
_SHOWN, _MOST = 3, 50

Entity = Annotated[str, typer.Argument(help="A kind of record: customer, opportunity …")]
Which = Annotated[str, typer.Argument(metavar="ID", help="Its code, its id, or the id's first characters.")]
Because = Annotated[str, typer.Option("--because", help="The reason, kept in the history.")]
Several = Annotated[
    list[str],
    typer.Argument(
        metavar="AMENDMENT", help="The id of an amendment or a batch, or its beginning; or several."
    ),
]


def amend(
    call: Call,
    entity: Entity,
    which: Which,
    given: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="A field to change; repeat it.")
    ],
    because: Because,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", help="What proves it; repeat it.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day from which it holds.")
    ] = None,
    split: Annotated[bool, typer.Option("--split", help="Change at once what needs no amendment.")] = False,
) -> None:
    """Change key data with a reason, or ask those who have to agree.

    Fields of a customer's party, person or organisation may be named too, and a grade that is set until a day.
    """

    def act(session: Session) -> tuple[dict[str, Any], str]:
        from pycrm.cli.entity import entity_of, record_of
        from pycrm.cli.listing import json_of, named
        from pycrm.entities import Amendment

        record = record_of(session, entity_of(session.crm, entity), which)
        made = session.amend(
            record,
            because=because,
            evidence=evidence or (),
            effective_on=on.date() if on is not None else None,
            split=split,
            **_values(session, record, given),
        )
        data = {"entity": type(made).__name__, "record": json_of(made)}
        if isinstance(made, Amendment):
            return data, f"{_said(made)}; the amendment is {made.id}"
        return data, f"{named(made)}: changed"

    data, said = call.run(act)
    call.answer(data, said)


def _values(session: Session, record: Any, given: Sequence[str]) -> dict[str, Any]:
    """The values of ``--set``, each read by the class that declares the field."""
    from pycrm.cli.value import assignments

    classes = [type(record)]
    for spec in type(record).__specs__.values():
        if spec.unique and spec.target:
            part = session.crm.record(spec.target)
            classes += [part, *session.crm.facets_of(part)]
    classes += session.crm.facets_of(type(record))
    values: dict[str, Any] = {}
    for one in given:
        name = one.partition("=")[0].strip()
        holders = [cls for cls in classes if name in cls.__specs__ and cls.__specs__[name].init]
        values |= assignments(session, holders[0] if holders else classes[0], [one])
    return values


def _said(amendment: Amendment) -> str:
    state = amendment.state.value
    if amendment.waits is not None:
        return f"{state}: {amendment.waits}"
    if state == "scheduled" and amendment.effective_on is not None:
        return f"{state} for {amendment.effective_on.isoformat()}"
    return state


def inbox(
    call: Call,
    which: Annotated[
        str | None, typer.Argument(metavar="BATCH", help="The id of a batch: list what is in it.")
    ] = None,
) -> None:
    """List the amendments that wait for your decision; those of an import are one batch."""
    from pycrm.cli.listing import json_of
    from pycrm.entities import Amendment

    with call.view() as session:
        found = session.inbox() if which is None else [*_batch(session, which).amendments]
        lines = _lines(session, found)
        names = _names(session, [one for item in found for one in _several(item)])
    items: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    for item in found:
        some = _several(item)
        told = [{"record": json_of(one), "lines": [_line(each) for each in lines[one.id]]} for one in some]
        items += told if isinstance(item, Amendment) else [{"batch": str(item.id), "amendments": told}]
        rows.append(_row(item.id, some, lines, names))
    titles = ["Amendment", "Record", "By", "State", "Change", "Reason"]
    parts: list[Part] = [Table(titles, rows)] if rows else ["nothing waits for you"]
    call.answer({"items": items}, *parts)


def _several(item: Amendment | Batch) -> list[Amendment]:
    """The amendments of a batch, or the one."""
    from pycrm.entities import Amendment

    return [item] if isinstance(item, Amendment) else list(item.amendments)


def _lines(session: Session, items: Sequence[Amendment | Batch]) -> dict[Any, list[Any]]:
    """What each amendment changes, by its id."""
    found: dict[Any, list[Any]] = {one.id: [] for item in items for one in _several(item)}
    for item in items:
        for line in session.lines(item):
            found[line.amendment.id].append(line)
    return found


def _row(id: Any, some: Sequence[Amendment], lines: dict[Any, list[Any]], names: dict[Any, str]) -> list[str]:
    """What is said of an amendment, or of a batch as a whole and of its first records."""
    changes = [
        (f"{names.get(one.record, '')}: " if len(some) > 1 else "")
        + "; ".join(f"{each.path}: {short(each.base)} → {short(each.new)}" for each in lines[one.id])
        for one in some[:_SHOWN]
    ]
    if len(some) > _SHOWN:
        changes.append(f"… and {len(some) - _SHOWN:,} more: pycrm inbox {id}")
    first = some[0]
    whose = names.get(first.record, "") if len(some) == 1 else f"{len(some):,} records"
    states = ", ".join(sorted({one.state.value for one in some}))
    return [str(id), whose, names.get(_by(first), ""), states, "\n".join(changes), first.reason]


def _batch(session: Session, text: str) -> Batch:
    """The batch that a text names: its id, or the beginning of it.

    Raises:
        NotFoundError: there is none in sight.
        InvalidError: several ids begin so.
    """
    from pycrm.cli.entity import ids_of
    from pycrm.entities import Amendment

    low, high = ids_of(session, Amendment, text.strip())
    there = (Amendment.batch >= low, Amendment.batch <= high)
    ends = [
        session.find(Amendment, *there, order=order, limit=1)
        for order in (Amendment.batch, Amendment.batch.desc())
    ]
    if not ends[0]:
        raise session.missing(Amendment)
    id = ends[0][0].batch
    if id is None or id != ends[1][0].batch:
        several = Problem("batch", "rule", "several batches begin so; give more of the id")
        raise InvalidError(several.message, fields=[several])
    return session.batch(id)


def _item_of(session: Session, text: str) -> Amendment | Batch:
    """The amendment or the batch that a text names; raises as `_batch`."""
    from pycrm.cli.entity import record_of
    from pycrm.entities import Amendment

    try:
        found: Amendment = record_of(session, Amendment, text)
        return found
    except NotFoundError:
        return _batch(session, text)


def _by(amendment: Amendment) -> Any:
    return amendment.submitted_by.id if amendment.submitted_by is not None else None


def _names(session: Session, found: Sequence[Amendment]) -> dict[Any, str]:
    from pycrm.cli.entity import labels_of
    from pycrm.declare import Ref

    refs: list[Ref[Any]] = [Ref(one.entity, one.record) for one in found if _is_record(session, one.entity)]
    return labels_of(session, [*refs, *(one.submitted_by for one in found)])


def _is_record(session: Session, entity: str) -> bool:
    return any(cls.__name__ == entity for cls in session.crm.records())


def _line(line: Any) -> dict[str, Any]:
    return {
        "entity": line.entity,
        "path": line.path,
        "act": line.act.value,
        "base": line.base,
        "new": line.new,
        "current": line.current,
        "conflict": line.is_conflicting,
    }


def short(value: Any) -> str:
    """A value of a line as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {short(one)}" for name, one in value.items() if one is not None)
    return "–" if value is None else str(value)


def approve(
    call: Call,
    which: Several,
    because: Annotated[str | None, typer.Option("--because", help="A comment on the decision.")] = None,
) -> None:
    """Agree to amendments or batches; of several each is decided by itself."""
    _decide(call, which, "approve", because)


def reject(call: Call, which: Several, because: Because) -> None:
    """Refuse amendments or batches, with a comment for whoever submitted them."""
    _decide(call, which, "reject", because)


def _decide(call: Call, which: Sequence[str], verdict: str, because: str | None) -> None:
    def act(session: Session) -> tuple[dict[str, Any], list[Part]]:
        from pycrm.entities import Amendment

        some = [_item_of(session, one) for one in which]
        if len(some) == 1 and isinstance(some[0], Amendment):
            verb = session.approve if verdict == "approve" else session.reject
            made = verb(some[0], because=because)  # type: ignore[arg-type]
            return {"items": [_item(made, None)]}, [f"{made.id}: {_said(made)}"]
        found = session.decide(some, verdict, because=because)
        items = [_item(one.amendment, one.refusal) for one in found]
        return {"items": items}, _told(items)

    data, parts = call.run(act)
    call.answer(data, *parts)


def _told(items: Sequence[dict[str, Any]]) -> list[Part]:
    """What became of several: how many of each state where they are many, and what was not decided."""
    rows = [[item["id"], item["state"], item["refusal"] or ""] for item in items]
    titles = ["Amendment", "State", "Not decided, since"]
    if len(rows) <= _MOST:
        return [Table(titles, rows)]
    states = Counter(state for _, state, refusal in rows if not refusal)
    parts: list[Part] = [", ".join(f"{number:,} {state}" for state, number in states.items()) or "none"]
    refused = [row for row in rows if row[2]]
    if refused:
        parts += [f"{len(refused):,} not decided", Table(titles, refused[:_MOST])]
    return parts


def _item(amendment: Amendment, refusal: Any) -> dict[str, Any]:
    return {
        "id": str(amendment.id),
        "state": amendment.state.value,
        "refusal": None if refusal is None else refusal.message,
    }


def withdraw(
    call: Call,
    which: Annotated[
        str, typer.Argument(metavar="AMENDMENT", help="Its id or that of a batch, or the beginning of it.")
    ],
    because: Annotated[str | None, typer.Option("--because", help="The reason.")] = None,
) -> None:
    """Take back an amendment or a batch that you submitted, until the first decision."""

    def act(session: Session) -> tuple[dict[str, Any], list[Part]]:
        from pycrm.entities import Amendment

        made = session.withdraw(_item_of(session, which), because=because)
        items = [_item(one, None) for one in _several(made)]
        if isinstance(made, Amendment):
            return items[0], [f"{made.id}: {made.state.value}"]
        return {"items": items}, _told(items)

    data, parts = call.run(act)
    call.answer(data, *parts)


def run(
    call: Call,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="Do what is due until that day; today if not given."
        ),
    ] = None,
    heads: Heads = None,
) -> None:
    """Apply amendments whose day has come, remind of tasks, take late ones further up, and seal history.

    It also reminds of what stands still in its stage, writes the week's forecasts down, and does what is
    due of plugins. Call it at five past midnight and every hour or so; what is done is not done again.
    """
    wanted: date | None = day.date() if day is not None else None
    with call.crm() as crm:
        if heads is not None:
            crm.heads = heads
        report = crm.run_jobs(wanted)
    data = {
        "applied": [str(one) for one in report.applied],
        "conflicted": [str(one) for one in report.conflicted],
        "reminded": report.reminded,
        "escalated": report.escalated,
        "owners": report.owners,
        "leaders": report.leaders,
        "snapshots": report.snapshots,
        "plugins": [
            {"name": one.name, "done": one.done, "failures": list(one.failures)} for one in report.plugins
        ],
        "sealed": report.sealed,
        "unsealed": report.unsealed,
    }
    parts = [
        f"{len(report.applied)} applied, {len(report.conflicted)} in conflict, "
        f"{report.reminded} reminded of, {report.escalated} taken further up, {report.sealed:,} sealed"
    ]
    if report.owners or report.leaders or report.snapshots:
        parts.append(
            f"{report.owners} owners and {report.leaders} leaders reminded of what stands still, "
            f"{report.snapshots} forecasts written down"
        )
    for one in report.plugins:
        parts.append(f"{one.name}: {one.done} done")
        parts += [f"{one.name}: {failure}" for failure in one.failures]
    if report.unsealed is not None:
        parts.append(f"history is not sealed: {report.unsealed}")
    call.answer(data, *parts, *(f"in conflict: {one}" for one in report.conflicted))


def add_to(app: typer.Typer) -> None:
    """Register these commands at the root, and what is due under ``jobs``."""
    command(app, "amend")(amend)
    command(app, "inbox")(inbox)
    command(app, "approve")(approve)
    command(app, "reject")(reject)
    command(app, "withdraw")(withdraw)
    command(jobs, "run", shared=UNNAMED)(run)
