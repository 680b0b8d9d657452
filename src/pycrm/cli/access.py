"""Commands about who sees what, and what there is within one's scope: access why, report pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pycrm.cli.answer import Table
from pycrm.cli.call import Call, command, group

if TYPE_CHECKING:
    from pycrm.pipeline.tally import StageTally
    from pycrm.session import Session

__all__ = ["access", "amount_of", "report", "tally_table", "totals"]

access = group("Who sees what, and why.")
report = group("Reports over what you may see.")


def why(
    call: Call,
    user: Annotated[str, typer.Argument(help="The login of the person to ask about.")],
    record: Annotated[str, typer.Argument(help="customer/ID, or a code or an id alone.")],
) -> None:
    """Name each path by which a person reaches a record; leaders and administrators may ask."""
    from pycrm.cli.entity import label_of, ref_of

    with call.view() as session:
        ref = ref_of(session, record)
        reasons = session.why(user, ref)
        seen = session.find_one(session.crm.record(ref.entity), ref.id)
        name = f"{ref.entity} {label_of(seen) if seen is not None else ref.id}"
    data = {
        "user": user,
        "entity": ref.entity,
        "record": str(ref.id),
        "access": bool(reasons),
        "reasons": [{"kind": reason.kind, "text": reason.text} for reason in reasons],
    }
    told = [f"  {reason}" for reason in reasons] or ["  no access"]
    call.answer(data, f"{user} and {name}:", *told)


def who(
    call: Call,
    record: Annotated[str, typer.Argument(help="customer/ID, or a code or an id alone.")],
) -> None:
    """Name everybody who reaches a record, and why; leaders and administrators may ask."""
    from pycrm.cli.entity import ref_of

    with call.view() as session:
        ref = ref_of(session, record)
        people = session.who(ref)
    data = {
        "entity": ref.entity,
        "record": str(ref.id),
        "people": [
            {"user": login, "reasons": [{"kind": one.kind, "text": one.text} for one in reasons]}
            for login, reasons in people
        ],
    }
    rows = [[login, "; ".join(map(str, reasons))] for login, reasons in people]
    call.answer(data, Table(["Who", "Why"], rows) if rows else "nobody")


def pipeline(
    call: Call,
    entity: Annotated[str, typer.Argument(help="A kind of record that runs through stages.")] = "opportunity",
    where: Annotated[
        list[str] | None, typer.Option("--where", help="field=value, as for list; repeat it to narrow.")
    ] = None,
) -> None:
    """Count and sum what stands in each stage, within your scope."""
    from pycrm.cli.entity import entity_of, plural, word_of
    from pycrm.cli.listing import condition

    with call.view() as session:
        cls = entity_of(session.crm, entity)
        conditions = [condition(session, cls, one) for one in where or ()]
        tallies = session.by_stage(cls, *conditions, amount=amount_of(session, cls))
        scope = session.reach(cls)
    number = sum(one.count for one in tallies)
    data = {
        "entity": cls.__name__,
        "scope": scope,
        "count": number,
        "sums": totals(tallies),
        "stages": [
            {
                "stage": one.stage,
                "label": one.label,
                "kind": one.kind,
                "count": one.count,
                "sums": {money.currency: f"{money.amount:f}" for money in one.sums},
            }
            for one in tallies
        ],
    }
    word = word_of(cls) if number == 1 else plural(word_of(cls))
    call.answer(data, tally_table(tallies), f"your scope: {scope}, {number:,} {word}")


def amount_of(session: Session, cls: Any) -> Any:
    """The first field of money, which for an opportunity is its amount."""
    from pycrm.cli.entity import readable

    fields = readable(session, cls)
    for spec in cls.__specs__.values():
        if spec.kind is not None and spec.kind.name == "money" and spec.name in fields:
            return getattr(cls, spec.name)
    return None


def totals(tallies: list[StageTally]) -> dict[str, str]:
    """The sum of all stages by currency, in major units."""
    return {money.currency: f"{money.amount:f}" for money in _totals(tallies)}


def _totals(tallies: list[StageTally]) -> list[Any]:
    from pycrm.values import Money

    units: dict[str, int] = {}
    for one in tallies:
        for money in one.sums:
            units[money.currency] = units.get(money.currency, 0) + money.units
    return [Money.minor(number, currency) for currency, number in sorted(units.items())]


def tally_table(tallies: list[StageTally]) -> Table:
    """Stages with their numbers and sums, and a line of totals."""
    rows = [[one.label, f"{one.count:,}", "; ".join(map(str, one.sums))] for one in tallies]
    total = ["Total", f"{sum(one.count for one in tallies):,}", "; ".join(map(str, _totals(tallies)))]
    return Table(["Stage", "Number", "Amount"], rows, frozenset((1, 2)), footer=total)


command(access, "why")(why)
command(access, "who")(who)
command(report, "pipeline")(pipeline)
