"""Operations that read: every verb of `Session` that answers, and the export."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import attrs

from pycrm import (
    Activity,
    Contact,
    Customer,
    Grant,
    InvalidError,
    Lead,
    NotReadError,
    Opportunity,
    Organization,
    OrgUnit,
    Party,
    Product,
    Role,
    Share,
    Source,
    Task,
    User,
)
from pycrm.entities.org import Reach
from pycrm.exchange import export_csv

from .operations import operation
from .pick import CHANNELS, MOBILES, NAMES, OWNED, REACHED, TAX_IDS, WORDS, Pick


def condition(pick: Pick, cls: Any) -> Any:
    """A condition over a class: on open fields and hidden ones, its own and those of its neighbours."""
    if cls is Customer:
        some: list[Any] = [
            *(Customer.name == pick.one(NAMES), Customer.name.contains("Works"), Customer.channel.is_(None)),
            *(Customer.channel == pick.one(CHANNELS), Customer.owner == pick.user()),
            *(Customer.id == pick.id(Customer), Party.name == pick.one(NAMES), Customer.id != pick.id(cls)),
        ]
    elif cls is Opportunity:
        some = [
            *(Customer.name == pick.one(NAMES), Customer.channel == pick.one(CHANNELS)),
            *(Opportunity.next_step == pick.one(WORDS), Opportunity.next_step.is_not(None)),
            *(Opportunity.amount.units >= pick.money().units, Opportunity.name.contains("Works")),
            *(Opportunity.customer == pick.link(Customer), Opportunity.stage == "filed"),
            *(Customer.owner == pick.user(), Opportunity.id != pick.id(cls)),
        ]
    elif cls is Party:
        some = [Party.name == pick.one(NAMES), Organization.tax_id == pick.one(TAX_IDS)]
    elif cls is Organization:
        some = [Organization.tax_id == pick.one(TAX_IDS), Organization.industry.is_(None)]
    elif cls is Share:
        some = [Share.record == pick.id(Customer), Share.user == pick.user()]
    else:
        some = [cls.id == pick.id(cls), cls.customer == pick.link(Customer), Customer.name == pick.one(NAMES)]
    return pick.one(some)


def conditions(pick: Pick, cls: Any) -> list[Any]:
    """None, one or two conditions."""
    return [condition(pick, cls) for _ in range(pick.one((0, 0, 1, 1, 2)))]


def order(pick: Pick, cls: Any) -> Any:
    """An order for a list: one declared for pages more often than not."""
    declared: dict[Any, list[Any]] = {
        Customer: [Customer.name, Customer.active_at, Customer.id, Customer.channel, Party.name],
        Opportunity: [Opportunity.expected_close, Opportunity.id, Opportunity.next_step, Customer.name],
        Contact: [Contact.name],
        Activity: [Activity.started_at],
        Task: [Task.due_at],
    }
    found = pick.one([None, *declared.get(cls, [])])
    return found.desc() if found is not None and pick.chance(0.4) else found


@operation("get", weight=6)
def get(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    return session.get(cls, pick.id(cls)) if pick.chance(0.5) else session.get(pick.link(cls))


@operation("find_one", weight=2)
def find_one(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    return session.find_one(cls, pick.id(cls))


@operation("find", weight=6)
def find(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    return session.find(
        *(cls, *conditions(pick, cls)),
        order=order(pick, cls) if pick.chance(0.5) else None,
        limit=pick.one((None, None, 1, 3)),
        children=pick.chance(0.3),
        archived=pick.chance(0.3),
    )


@operation("page", weight=5)
def page(session: Any, pick: Pick) -> Any:
    cls, by = pick.one(OWNED), pick.chance(0.5)
    field = Customer.name if cls is Customer else Opportunity.expected_close
    given, at = pick.book.cursors[pick.world], pick.random.randrange(4)
    after = given[-1 - at] if at < len(given) else None
    found = session.page(cls, order=field if by else None, size=pick.one((1, 2)), after=after)
    given.append(found.next)
    return found


@operation("page", weight=4, name="walk through pages")
def walk(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    where, by, size = conditions(pick, cls), order(pick, cls), pick.one((1, 2, 3, 50))
    pages = [session.page(cls, *where, order=by, size=size)]
    while pages[-1].next is not None and len(pages) < 40:
        pages.append(session.page(cls, *where, order=by, size=size, after=pages[-1].next))
    return pages


@operation("search", weight=5)
def search(session: Any, pick: Pick) -> Any:
    cls = pick.one((*OWNED, *OWNED, Contact, Party))
    text = pick.one((pick.one(NAMES)[:4], pick.one(WORDS), pick.one(CHANNELS) or "a", "works", "e"))
    where = conditions(pick, cls) if pick.chance(0.3) else []
    size = pick.one((1, 2, 50))
    pages = [session.search(cls, text, *where, size=size)]
    while pages[-1].next is not None and len(pages) < 20:
        pages.append(session.search(cls, text, *where, size=size, after=pages[-1].next))
    return pages


@operation("count", weight=5)
def count(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    return session.count(cls, *conditions(pick, cls), limit=pick.one((None, None, 2)))


@operation("count", weight=4, name="count distinct")
def count_distinct(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    of: list[Any] = [Customer.name, Customer.channel, Customer.owner, Party.name]
    if cls is Opportunity:
        of = [Opportunity.amount, Opportunity.next_step, Opportunity.customer, Customer.name]
    return session.count(cls, *conditions(pick, cls), distinct=pick.one(of))


@operation("sum", weight=4, name="sum")
def total(session: Any, pick: Pick) -> Any:
    return session.sum(Opportunity.amount, *conditions(pick, Opportunity))


@operation("by_stage", weight=3)
def by_stage(session: Any, pick: Pick) -> Any:
    amount = Opportunity.amount if pick.chance(0.7) else None
    return session.by_stage(Opportunity, *conditions(pick, Opportunity), amount=amount)


@operation("facet", weight=3)
def facet(session: Any, pick: Pick) -> Any:
    return session.facet(pick.link(Party), Organization)


@operation("children", weight=3)
def children(session: Any, pick: Pick) -> Any:
    return session.children(pick.record(session, pick.one((Party, Opportunity))))


@operation("reveal", writes=True)
def reveal(session: Any, pick: Pick) -> Any:
    cls, field = pick.one(
        [(Customer, "channel"), (Opportunity, "next_step"), (Organization, "tax_id"), (Customer, "colour")]
    )
    because = "a call" if pick.chance(0.9) else " "
    return session.reveal(pick.record(session, cls), field, because=because)


@operation("accesses")
def accesses(session: Any, pick: Pick) -> Any:
    return session.accesses(pick.record(session, pick.one((*OWNED, Organization))))


@operation("duplicates", weight=1)
def duplicates(session: Any, pick: Pick) -> Any:
    return session.duplicates()


@operation("pipelines", weight=1)
def pipelines(session: Any, pick: Pick) -> Any:
    return session.pipelines()


@operation("pipeline", weight=1)
def pipeline(session: Any, pick: Pick) -> Any:
    return session.pipeline(pick.one(("sales", "lead", "none")), pick.one((None, 0, 1, 2)))


@operation("preview_pipeline", weight=1)
def preview_pipeline(session: Any, pick: Pick) -> Any:
    return session.preview_pipeline(attrs.evolve(session.pipeline("sales"), version=2))


@operation("elevations", weight=1)
def elevations(session: Any, pick: Pick) -> Any:
    return session.elevations()


@operation("exports", weight=1)
def exports(session: Any, pick: Pick) -> Any:
    return session.exports()


@operation("fields", weight=1)
def fields(session: Any, pick: Pick) -> Any:
    return session.fields(pick.cls())


@operation("moves", "stage", weight=3)
def moves(session: Any, pick: Pick) -> Any:
    found = pick.record(session, Opportunity)
    return session.moves(found), session.stage(found)


@operation("probability", weight=1)
def probability(session: Any, pick: Pick) -> Any:
    return session.probability(pick.record(session, Opportunity))


@operation("reached", weight=2)
def reached(session: Any, pick: Pick) -> Any:
    number = pick.one(MOBILES)
    return session.reached(
        pick.one((Party, Party, Lead)), pick.one((number, f"+86 {number}", "li@example.com"))
    )


@operation("moves_all", weight=2)
def moves_all(session: Any, pick: Pick) -> Any:
    return session.moves_all(
        [pick.record(session, Opportunity) for _ in range(2)], needs=pick.one((True, False))
    )


@operation("stages", weight=3)
def stages(session: Any, pick: Pick) -> Any:
    return session.stages(pick.record(session, Opportunity))


@operation("owners", weight=3)
def owners(session: Any, pick: Pick) -> Any:
    return session.owners(pick.record(session, pick.one(OWNED)))


@operation("preview_handover", weight=3)
def preview_handover(session: Any, pick: Pick) -> Any:
    return session.preview_handover(pick.user(), pick.user())


@operation("explain", weight=3)
def explain(session: Any, pick: Pick) -> Any:
    return session.explain(pick.one(("read", "update", "assign", "export")), pick.link(pick.cls()))


@operation("why")
def why(session: Any, pick: Pick) -> Any:
    return session.why(pick.user().login, pick.link(pick.one(REACHED)), pick.one(("read", "update")))


@operation("who")
def who(session: Any, pick: Pick) -> Any:
    return session.who(pick.link(pick.one(REACHED)))


@operation("reach", "reaches", "now", "actor", weight=1, name="reach")
def reach(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    can = [session.reaches(cls, action, least) for action in ("read", "assign") for least in Reach]
    return session.reach(cls), can, session.now, session.actor.name, session.actor.held


@operation("named", weight=1)
def named(session: Any, pick: Pick) -> Any:
    cls, name = pick.one(
        [(Source, pick.one(pick.book.sources)), (Source, "nowhere"), (User, pick.user().login), (Role, "top")]
    )
    return session.named(cls, name)


@operation("missing", "is_same", weight=1)
def missing(session: Any, pick: Pick) -> Any:
    cls = pick.cls()
    found = session.find_one(cls, pick.id(cls))
    return session.missing(cls), found is not None and session.is_same(pick.id(cls), found)


@operation("sql")
def sql(session: Any, pick: Pick) -> Any:
    text = pick.one(
        (
            "SELECT name, version FROM crm_customer ORDER BY id",
            "SELECT count(*), sum(amount) FROM crm_opportunity",
            "SELECT channel FROM crm_customer ORDER BY id",
            "SELECT c.name FROM crm_opportunity o JOIN crm_customer c ON c.id = o.customer_id ORDER BY o.id",
            "SELECT value FROM crm_contact_point ORDER BY id",
            "SELECT count(*) FROM crm_share",
            "SELECT count(*) FROM crm_quiet_claim",
            "SELECT name FROM crm_source ORDER BY name",
        )
    )
    return session.sql(text)


@operation("export_csv", weight=4)
def export(session: Any, pick: Pick) -> Any:
    cls = pick.one((*OWNED, *OWNED, Party, Share))
    named: list[list[str] | None] = [None, None, ["id", "name"], ["channel"], ["amount"], ["nothing"]]
    named += [["name", "organization.tax_id"], ["organization.industry", "customer_fields.nick"]]
    stream = io.BytesIO()
    number = export_csv(session, cls, stream, conditions(pick, cls), pick.one(named))
    return number, stream.getvalue()


def _read(record: Any) -> Iterator[Any]:
    for name in type(record).__specs__:
        try:
            yield name, getattr(record, name)
        except (NotReadError, InvalidError) as refused:
            yield name, type(refused).__name__


@operation("get", name="read attributes")
def attributes(session: Any, pick: Pick) -> Any:
    cls = pick.one((Customer, Opportunity, Party, Organization))
    return list(_read(session.get(cls, pick.id(cls))))


@operation("find", weight=1, name="administered lists")
def administered(session: Any, pick: Pick) -> Any:
    return session.find(pick.one((User, OrgUnit, Role, Product)), children=True)


@operation("count", weight=1, name="ask for what is no record")
def books(session: Any, pick: Pick) -> Any:
    return session.count(pick.one((Grant, Share, Role)))


__all__ = ["MOBILES", "condition", "conditions", "order"]
