"""The commands that erase a person, and say who would be erased."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Table
from pycrm.cli.call import UNNAMED, Call, command

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["add_to"]


def erase(
    call: Call,
    entity: Annotated[str, typer.Argument(help="customer, contact or party.")],
    which: Annotated[
        str, typer.Argument(metavar="ID", help="Its code, its id, or the id's first characters.")
    ],
    because: Annotated[str, typer.Option("--because", help="The reason, of at least 5 characters.")],
    scrub: Annotated[
        bool, typer.Option("--scrub", help="Also write the files of the database anew, which takes a while.")
    ] = False,
) -> None:
    """Erase the person behind a record, everywhere and for good; the law's own rows stay."""
    from pycrm.cli.entity import entity_of, record_of

    def act(session: Session) -> dict[str, Any]:
        made = session.erase(record_of(session, entity_of(session.crm, entity), which), because=because)
        return {
            "erasure": str(made.id),
            "pseudonym": made.pseudonym,
            "parts": [
                {"entity": one.entity, "rows": one.rows, "changes": one.changes, "kept": one.kept}
                for one in made.parts
            ],
        }

    data = call.run(act)
    if scrub:
        with call.crm() as crm:
            crm.scrub()
    rows = [
        [
            one["entity"],
            f"{one['rows']:,}",
            f"{one['changes']:,}",
            f"kept: {one['kept']}" if one["kept"] else "",
        ]
        for one in data["parts"]
    ]
    told = Table(["Kind", "Rows", "In history", ""], rows, frozenset((1, 2)))
    call.answer(data, told, f"what is left is called {data['pseudonym']}")


def expired(
    call: Call,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="By that day, which may lie ahead."),
    ] = None,
) -> None:
    """List whom `jobs run` erases: people of whom nothing was written for a retention period."""
    with call.crm() as crm:
        found = crm.expired(day.date() if day is not None else None)
    items = [
        {
            "entity": one.record.entity,
            "id": str(one.record.id),
            "name": one.name,
            "since": one.since,
            "because": one.because,
        }
        for one in found
    ]
    rows = [
        [one.record.entity, one.name, str(one.record.id), one.since.isoformat(), one.because] for one in found
    ]
    told = Table(["Kind", "Name", "Id", "Since", "Reason"], rows) if rows else "nobody"
    call.answer({"items": items}, told)


def add_to(app: typer.Typer, jobs: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "erase")(erase)
    command(jobs, "expired", shared=UNNAMED)(expired)
