"""Commands about records: list, show, add, move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Part, tell
from pycrm.cli.call import Call, command

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["add_to"]

Entity = Annotated[str, typer.Argument(help="A kind of record: customer, opportunity, task …")]
Which = Annotated[str, typer.Argument(metavar="ID", help="Its code, its id, or the id's first characters.")]
Because = Annotated[str | None, typer.Option("--because", help="The reason; some acts ask for one.")]


def list_(
    call: Call,
    entity: Entity,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="field=value, also != >= <= and ~ (contains); repeat it to narrow."),
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", help="A field to sort by; -field falls.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many records.")] = 50,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", help="Fields to show: code,name,owner; of links and facets too: customer.code."
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Words that a searchable field contains.")
    ] = None,
) -> None:
    """List records that you may see, filtered and sorted."""
    from pycrm.cli.entity import entity_of
    from pycrm.cli.listing import beside, columns_of, condition, json_of, listed, order_of, table_of

    with call.view() as session:
        cls = entity_of(session.crm, entity)
        wanted = columns_of(session, cls, columns)
        conditions = [condition(session, cls, one) for one in where or ()]
        by = order_of(session, cls, order or ())
        if text is None:
            found = session.find(cls, *conditions, order=by, limit=limit + 1)
        else:
            found = listed(session, cls, text, conditions, by, limit + 1)
        more, found = len(found) > limit, found[:limit]
        others = beside(session, cls, found, wanted)
        items = [json_of(one, wanted if columns is not None else None, others) for one in found]
        data = {"entity": cls.__name__, "items": items, "more": more}
        parts: list[Part] = [table_of(session, cls, found, wanted, others)] if found else []
    if not found:
        parts.append(
            f"no {entity} in your scope" if not where and text is None else f"no such {entity} in your scope"
        )
    call.answer(data, *parts)
    if more and not call.json:
        tell(f"… and more: the first {limit} are shown (--limit)")


def show(call: Call, entity: Entity, which: Which) -> None:
    """Show one record with all that belongs to it."""
    from pycrm.cli.entity import entity_of, record_of
    from pycrm.cli.listing import fields_of, json_of, named, parts_of

    with call.view() as session:
        cls = entity_of(session.crm, entity)
        record = record_of(session, cls, which)
        belonging = parts_of(session, record)
        data = {
            "entity": cls.__name__,
            "record": json_of(record),
            "parts": {type(part).__name__: json_of(part) for part in belonging},
        }
        parts = fields_of(session, record, title=f"{cls.__name__} {named(record)}")
        for one in belonging:
            parts += fields_of(session, one, title=type(one).__name__, part=True)
    call.answer(data, *parts)


def add(
    call: Call,
    entity: Entity,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field; repeat it.")
    ] = None,
) -> None:
    """Add a record with the fields that --set gives: a source of customers, a product, one of a plugin.

    Links are given as the code, the unique name or the id of a record, amounts as 86000CNY.
    """
    from pycrm.cli.entity import entity_of, word_of
    from pycrm.cli.listing import json_of, named
    from pycrm.cli.value import drafted

    def act(session: Session) -> tuple[dict[str, Any], str]:
        cls = entity_of(session.crm, entity)
        made = session.add(drafted(session, cls, given or ()))
        return {"entity": cls.__name__, "record": json_of(made)}, f"added the {word_of(cls)} {named(made)}"

    data, said = call.run(act)
    call.answer(data, said)


def move(
    call: Call,
    entity: Entity,
    which: Which,
    to: Annotated[str, typer.Argument(help="The stage to enter, or the name of a move.")],
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field that the move asks for; repeat it."),
    ] = None,
    because: Because = None,
) -> None:
    """Move a record to another stage of its pipeline.

    What the stage asks for is given in the same act with --set.
    """
    from pycrm.cli.entity import entity_of, record_of
    from pycrm.cli.listing import json_of, named
    from pycrm.cli.value import assignments

    def act(session: Session) -> tuple[dict[str, Any], str]:
        cls = entity_of(session.crm, entity)
        record = record_of(session, cls, which)
        values = assignments(session, cls, given or ())
        before = session.stage(record).label if cls.__pipeline__ is not None else ""
        made = session.move(record, to, because=because, **values)
        said = f"{named(made)}: {before} → {session.stage(made).label}"
        return {"entity": cls.__name__, "record": json_of(made)}, said

    data, said = call.run(act)
    call.answer(data, said)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    command(app, "list")(list_)
    command(app, "show")(show)
    command(app, "add")(add)
    command(app, "move")(move)
