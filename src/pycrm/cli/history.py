"""Commands about the past: what changed in a record, and whether the whole of it still stands as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Fields, Table, tell
from pycrm.cli.call import UNNAMED, Call, Heads, command, group

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.revision.seal import Verification

__all__ = ["history"]

history = group("Who changed what, and the proof that nobody changed it since.", defaults=True)


def of(
    call: Call,
    entity: Annotated[str, typer.Argument(help="A kind of record: customer, opportunity, task …")],
    which: Annotated[
        str, typer.Argument(metavar="ID", help="Its code, its id, or the id's first characters.")
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many changes.")] = 50,
) -> None:
    """Show who changed what in a record, newest first; the word `of` may be left out."""
    from pycrm.cli.entity import entity_of, record_of
    from pycrm.cli.past import Past

    with call.view() as session:
        record = record_of(session, entity_of(session.crm, entity), which)
        revisions = session.history(record)
        past = Past(session, record, revisions[:limit])
        data, parts = past.json(), past.parts()
    call.answer(data, *parts)
    if len(revisions) > limit and not call.json:
        tell(f"… and {len(revisions) - limit} earlier (--limit)")


def seal(call: Call, heads: Heads = None) -> None:
    """Chain what is committed, and write the head of the chain outside the database."""
    with call.crm() as crm:
        _place(crm, heads)
        done = crm.seal()
    data = {"added": done.added, "number": done.number, "head": done.head}
    call.answer(data, f"sealed {done.added:,}; head {done.number:,} {done.head}")


def verify(
    call: Call,
    head: Annotated[
        Path | None, typer.Option("--head", metavar="FILE", help="A file of heads to compare with.")
    ] = None,
    heads: Heads = None,
) -> None:
    """Prove that no revision, look or export was changed, or name the first place that was."""
    with call.crm() as crm:
        _place(crm, heads)
        found = crm.verify(head)
        now = crm.clock.now()
    age = 0 if found.tail_since is None else max(0, round((now - found.tail_since).total_seconds()))
    lines = [
        ("Sealed", f"{found.sealed:,}, head {found.head}"),
        ("Proven", f"{found.changes:,} changes, {found.looks:,} looks, exports and system sessions"),
        ("Erased since", f"{found.erased:,} rows"),
        ("Outside heads", f"{found.heads:,} compared" if found.heads else "none: a cut end would not show"),
        ("Not sealed yet", f"{found.tail:,}, the oldest {age:,} seconds old" if found.tail else "nothing"),
    ]
    verdict = "the chain holds" if found.broken is None else f"BROKEN at {found.broken}"
    call.answer(_told(found, age), Fields(lines), verdict)
    if not found.holds:
        raise typer.Exit(1)


def size(call: Call) -> None:
    """Say how much history there is of each kind of record, and what exceeds its budget.

    Values are the bytes of values and reasons as they are stored. Beside them stand keys, salts, indexes
    and half-filled pages: the table's bytes without the values, shared out by rows, so of a small
    database they say little; an SQLite that cannot weigh its tables gets an estimate. Revisions and
    seals have tables of their own and are not counted.
    """
    from pycrm.cli.value import local

    with call.crm() as crm:
        found, zone = crm.history_size(), crm.zone
    data = [
        {
            "entity": one.entity,
            "rows": one.rows,
            "values": one.values,
            "beside": one.beside,
            "oldest": one.oldest.isoformat(),
            "budget": None if one.budget is None else {"rows": one.budget.rows, "years": one.budget.years},
            "excess": list(one.excess),
        }
        for one in found
    ]
    rows = [
        [
            one.entity,
            f"{one.rows:,}",
            f"{one.values:,}",
            f"{one.beside:,}",
            f"{round(one.beside / one.rows):,}",
            local(one.oldest, zone),
            f"EXCEEDS: {', '.join(one.excess)}" if one.excess else "",
        ]
        for one in found
    ]
    titles = ["Kind", "Rows", "Bytes of values", "Beside", "Beside a row", "Oldest", ""]
    call.answer({"items": data}, Table(titles, rows, frozenset((1, 2, 3, 4))))


def _place(crm: CRM, heads: Path | None) -> None:
    if heads is not None:
        crm.heads = heads


def _told(found: Verification, age: int) -> dict[str, Any]:
    broken = found.broken
    return {
        "holds": found.holds,
        "sealed": found.sealed,
        "head": found.head,
        "changes": found.changes,
        "looks": found.looks,
        "erased": found.erased,
        "heads": found.heads,
        "tail": {"items": found.tail, "seconds": age},
        "broken": None
        if broken is None
        else {
            "seal": broken.number,
            "why": broken.why,
            "kind": broken.kind,
            "item": broken.item,
            "entity": broken.entity,
            "record": broken.record,
            "version": broken.version,
        },
    }


command(history, "of")(of)
command(history, "seal", shared=UNNAMED)(seal)
command(history, "verify", shared=UNNAMED)(verify)
command(history, "size", shared=UNNAMED)(size)
