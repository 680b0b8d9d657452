"""Commands by which records pass from one person to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Part, Table
from pycrm.cli.call import Call, command

if TYPE_CHECKING:
    from pycrm.entities import HandoverPreview, HandoverReceiver
    from pycrm.session import Session

__all__ = ["add_to"]

Because = Annotated[str, typer.Option("--because", help="The reason, kept in the history.")]


def hand_over(
    call: Call,
    login: Annotated[str, typer.Argument(help="Who gives everything away.")],
    to: Annotated[
        list[str], typer.Option("--to", metavar="LOGIN", help="Who takes it; several share it by number.")
    ],
    because: Because,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
) -> None:
    """Hand over all that a person owns, in one act.

    It can be undone within 7 days, as far as nothing was changed since.
    """
    if dry_run:
        with call.view() as session:
            seen = session.preview_handover(login, _receivers(session, to))
            names = _names(session, seen)
        call.answer(_as_json(seen), *_parts(seen, names))
        return

    def act(session: Session) -> tuple[dict[str, Any], dict[Any, str], HandoverPreview]:
        from pycrm.cli.listing import json_of

        receivers = _receivers(session, to)
        seen = session.preview_handover(login, receivers)
        made = session.hand_over(login, receivers, because=because)
        return {"entity": "Handover", "record": json_of(made)}, _names(session, seen), seen

    data, names, seen = call.run(act)
    said = f"handed over {seen.count} records of {login}; the handover is {data['record']['id']}"
    call.answer(data, _table(seen, names), said)


def _receivers(session: Session, logins: list[str]) -> list[HandoverReceiver]:
    from pycrm.cli.entity import record_of
    from pycrm.entities import HandoverReceiver, HandoverRule, User

    rule = HandoverRule.ALL if len(logins) == 1 else HandoverRule.NUMBER
    return [HandoverReceiver(receiver=record_of(session, User, one), rule=rule) for one in logins]


def _names(session: Session, seen: HandoverPreview) -> dict[Any, str]:
    from pycrm.entities import User

    ids = {line.receiver.id for line in seen.lines if line.receiver} | {one.id for one in seen.out_of_reach}
    return {id: session.get(User, id).login for id in ids}


def _table(seen: HandoverPreview, names: dict[Any, str]) -> Table:
    rows = [
        [
            line.entity,
            line.stage or "",
            names[line.receiver.id] if line.receiver else "nobody",
            str(line.count),
            ", ".join(str(one) for one in line.sums),
        ]
        for line in seen.lines
    ]
    return Table(["Kind", "Stage", "To", "Number", "Amount"], rows)


def _parts(seen: HandoverPreview, names: dict[Any, str]) -> list[Part]:
    found: list[Part] = [_table(seen, names), f"{seen.count} records would move; nothing was changed"]
    found += [f"not yours to assign: {number} of {entity}" for entity, number in seen.refused.items()]
    found += [f"out of your reach: {names[one.id]}" for one in seen.out_of_reach]
    found += [f"stays with its writer: {entity}" for entity in seen.private]
    return found


def _as_json(seen: HandoverPreview) -> dict[str, Any]:
    lines = [
        {
            "entity": line.entity,
            "stage": line.stage,
            "receiver": str(line.receiver.id) if line.receiver else None,
            "count": line.count,
            "sums": [{"amount": f"{one.amount:f}", "currency": one.currency} for one in line.sums],
        }
        for line in seen.lines
    ]
    return {
        "giver": str(seen.giver.id),
        "lines": lines,
        "count": seen.count,
        "refused": dict(seen.refused),
        "out_of_reach": [str(one.id) for one in seen.out_of_reach],
        "private": list(seen.private),
        "possible": seen.is_possible,
    }


def undo(
    call: Call,
    which: Annotated[
        str, typer.Argument(metavar="HANDOVER", help="The id of the handover, or its beginning.")
    ],
    because: Because,
) -> None:
    """Undo a handover within 7 days: what has not changed since returns."""

    def act(session: Session) -> dict[str, Any]:
        from pycrm.cli.entity import record_of
        from pycrm.entities import Handover

        undone = session.undo_handover(record_of(session, Handover, which), because=because)
        kept = [{"entity": ref.entity, "id": str(ref.id)} for ref in undone.kept]
        return {"returned": dict(undone.returned), "kept": kept}

    data = call.run(act)
    parts: list[Part] = [f"returned: {sum(data['returned'].values())} records"]
    if data["kept"]:
        rows = [[one["entity"], one["id"]] for one in data["kept"]]
        parts += ["stays where it is, since it was changed:", Table(["Kind", "Id"], rows)]
    call.answer(data, *parts)


def assign(
    call: Call,
    entity: Annotated[str, typer.Argument(help="A kind of record: customer, opportunity, task …")],
    which: Annotated[
        str, typer.Argument(metavar="ID", help="Its code, its id, or the id's first characters.")
    ],
    to: Annotated[str, typer.Argument(metavar="LOGIN", help="Who gets it.")],
    because: Annotated[str | None, typer.Option("--because", help="The reason, kept in the history.")] = None,
) -> None:
    """Hand one record to another person."""

    def act(session: Session) -> tuple[dict[str, Any], str]:
        from pycrm.cli.entity import entity_of, record_of
        from pycrm.cli.listing import json_of, named
        from pycrm.entities import User

        cls = entity_of(session.crm, entity)
        record = record_of(session, cls, which)
        made = session.assign(record, record_of(session, User, to), because=because)
        return {"entity": cls.__name__, "record": json_of(made)}, named(made)

    data, name = call.run(act)
    call.answer(data, f"{name} belongs to {to}")


def add_to(app: typer.Typer, user: typer.Typer) -> None:
    """Register these commands: of records at the root, of people under ``user``."""
    command(app, "assign")(assign)
    command(user, "hand-over")(hand_over)
    command(user, "undo-handover")(undo)
