"""Operations of the command line, through the functions that its commands are made of."""

from __future__ import annotations

from typing import Any

from pycrm import Customer, Opportunity
from pycrm.cli.access import tally_table, totals
from pycrm.cli.entity import label_of, labels_of, record_of, ref_of
from pycrm.cli.listing import (
    beside,
    columns_of,
    condition,
    fields_of,
    json_of,
    named,
    order_of,
    parts_of,
    table_of,
)
from pycrm.cli.past import Past

from .operations import operation
from .pick import CHANNELS, NAMES, OWNED, Pick


def which(pick: Pick, cls: Any) -> str:
    """What a person types to name a record: its id, its beginning, its code, or something else."""
    id = str(pick.id(cls))
    code = next(
        (one.code for one in pick.book.copies.values() if type(one) is Customer and str(one.id) == id), None
    )
    return pick.one([id, id[:20], id[:8], code or id, "nothing"])


@operation("find", weight=4, name="list command")
def list_command(session: Any, pick: Pick) -> Any:
    cls = pick.entity()
    wheres = {
        Customer: [f"channel={pick.one(CHANNELS)}", f"name~{pick.one(NAMES)[:4]}", "party.name=x"],
        Opportunity: [
            f"customer.name={pick.one(NAMES)}",
            "amount>=1",
            "next_step~a",
            "customer.channel=fair",
        ],
    }
    where = pick.one([None, *wheres.get(cls, ["name=x"])])
    by = pick.one([[], ["name"], ["-channel"], ["nothing"]])
    specs = columns_of(
        session, cls, pick.one([None, "customer.name", "id", "name,owner", "channel", "amount"])
    )
    given = [condition(session, cls, where)] if where else []
    found = session.find(cls, *given, order=order_of(session, cls, by), limit=pick.one((2, 50)))
    others = beside(session, cls, found, specs)
    told = [json_of(one, specs, others) for one in found]
    return told, table_of(session, cls, found, specs, others) if found else None


@operation("get", weight=4, name="show command")
def show_command(session: Any, pick: Pick) -> Any:
    cls = pick.one((*OWNED, *OWNED, pick.entity()))
    record = record_of(session, cls, which(pick, cls))
    parts = parts_of(session, record)
    shown = fields_of(session, record, title=named(record))
    return json_of(record), [json_of(one) for one in parts], shown


@operation("history", weight=3, name="history command")
def history_command(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    record = record_of(session, cls, which(pick, cls))
    past = Past(session, record, session.history(record))
    return past.json(), past.parts()


@operation("why", weight=2, name="access why command")
def why_command(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    prefix = pick.one(("", "", f"{cls.__name__.lower()}/"))
    ref = ref_of(session, prefix + which(pick, cls))
    reasons = session.why(pick.user().login, ref)
    seen = session.find_one(session.crm.record(ref.entity), ref.id)
    return reasons, label_of(seen) if seen is not None else ref.id


@operation("who", weight=1, name="access who command")
def who_command(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    return session.who(ref_of(session, which(pick, cls)))


@operation("by_stage", "reach", weight=2, name="report pipeline command")
def report_command(session: Any, pick: Pick) -> Any:
    given = [condition(session, Opportunity, "customer.name~a")] if pick.chance(0.3) else []
    amount = Opportunity.amount if "amount" in session.fields(Opportunity) else None
    tallies = session.by_stage(Opportunity, *given, amount=amount)
    return totals(tallies), tally_table(tallies), session.reach(Opportunity)


@operation("find", weight=2, name="labels of links")
def labels(session: Any, pick: Pick) -> Any:
    refs = [pick.link(cls) for cls in (Customer, Opportunity, Customer)]
    return labels_of(session, refs)
