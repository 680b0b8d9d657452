"""Operations that write: every verb of `Session` that acts, and the import."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from pycrm import (
    Activity,
    ActivityKind,
    Contact,
    ContactPointKind,
    Customer,
    Delegation,
    Department,
    Handover,
    InvalidError,
    Lead,
    LeadContactPoint,
    Note,
    Opportunity,
    Organization,
    Party,
    Share,
    ShareMode,
    Task,
)
from pycrm.exchange import Mapping, import_file, imports, revert_import

from .operations import operation
from .pick import CHANNELS, MOBILES, NAMES, OWNED, TAX_IDS, WORDS, Pick
from .reading import conditions

_CUSTOMERS = """
entity = "Customer"
make = "organization"
source = "old"
key = "No"

[columns]
name = "Name"
source = { value = "%s", lookup = "Source.name" }
mobile = "Mobile"
"""


def draft(pick: Pick) -> Any:
    """A new customer, whose mobile number or tax id somebody else may have."""
    return Customer.organization(
        pick.one(NAMES),
        source=pick.one(pick.book.sources),
        mobile=pick.one(MOBILES),
        channel=pick.one((None, None, *CHANNELS)),
        tax_id=pick.one((None, *TAX_IDS)),
    )


def hanging(pick: Pick) -> Any:
    """Something new that hangs on a record in sight or not."""
    customer = pick.link(Customer)
    deal = Opportunity(
        customer=customer, name=pick.one(NAMES), amount=pick.money(), expected_close=pick.day() + timedelta(9)
    )
    since = pick.one(pick.book.moments)
    some: list[Any] = [
        deal,
        Activity(kind=ActivityKind.CALL, customer=customer, started_at=since, summary="Asked for a price"),
        Activity(
            kind=ActivityKind.CALL,
            customer=customer,
            opportunity=pick.link(Opportunity),
            started_at=since,
            summary="Asked for a price",
        ),
        Note(body=pick.one(WORDS), opportunity=pick.link(Opportunity)),
        Task(title=pick.one(WORDS), due_at=since, customer=customer),
        Contact.named(
            "Li", customer=customer, department=Department.USER, mobile=pick.one(MOBILES), is_primary=True
        ),
        Contact(person=pick.link(Party), customer=customer, department=Department.USER),
        Customer(
            party=pick.link(Party), source=pick.book.copies["Customer", pick.book.ids["Customer"][0]].source
        ),
        Organization(of=pick.link(Party), tax_id=pick.one(TAX_IDS)),
    ]
    return pick.one(some)


@operation("add", writes=True, weight=6, name="add a customer")
def add_customer(session: Any, pick: Pick) -> Any:
    owner = pick.user() if pick.chance(0.2) else None
    return session.add(draft(pick), owner=owner)


@operation("add", writes=True, weight=6, name="add what hangs on a record")
def add_hanging(session: Any, pick: Pick) -> Any:
    return session.add(hanging(pick))


@operation("add", writes=True, name="add a share")
def add_share(session: Any, pick: Pick) -> Any:
    cls = pick.one(OWNED)
    return session.add(Share(entity=cls.__name__, record=pick.id(cls), user=pick.user()))


@operation("add_all", writes=True)
def add_all(session: Any, pick: Pick) -> Any:
    return session.add_all([draft(pick) for _ in range(pick.one((0, 1, 2)))])


@operation("revert", writes=True, weight=3)
def revert(session: Any, pick: Pick) -> Any:
    revisions = session.history(pick.record(session, pick.cls()))
    if not revisions:
        return None
    return session.revert(pick.one(revisions), because="typed wrongly")


@operation("change", writes=True, weight=6)
def change(session: Any, pick: Pick) -> Any:
    cls = pick.one((Customer, Customer, Opportunity, Opportunity, Organization, Task, Contact, Activity))
    return session.change(pick.record(session, cls), **pick.values(cls))


@operation("change_where", writes=True, weight=3)
def change_where(session: Any, pick: Pick) -> Any:
    cls = pick.one((Customer, Opportunity, Task))
    return session.change_where(cls, *conditions(pick, cls), **pick.values(cls))


@operation("amend", writes=True, weight=3)
def amend(session: Any, pick: Pick) -> Any:
    values: dict[str, Any] = pick.one(
        [{"strategic": True}, {"name": pick.one(NAMES)}, {"tax_id": pick.one(TAX_IDS)}, {"colour": "red"}]
    )
    return session.amend(pick.record(session, Customer), because="as they told me", **values)


@operation("archive", writes=True, weight=3)
def archive(session: Any, pick: Pick) -> Any:
    return session.archive(pick.record(session, pick.one((*OWNED, Task, Share))))


@operation("erase", writes=True)
def erase(session: Any, pick: Pick) -> Any:
    return session.erase(pick.record(session, Customer), because="asked for it in writing")


@operation("forget", writes=True)
def forget(session: Any, pick: Pick) -> Any:
    kind, name = pick.one(
        ((Contact, "hobbies"), (Contact, "family_notes"), (Customer, "channel"), (Note, "body"))
    )
    return session.forget(pick.record(session, kind), name, because="kept long enough")


@operation("restore", writes=True)
def restore(session: Any, pick: Pick) -> Any:
    return session.restore(pick.record(session, pick.one(OWNED)))


@operation("move", writes=True, weight=4)
def move(session: Any, pick: Pick) -> Any:
    to = pick.one(("contacted", "quoted", "won", "lost", "back", "nowhere"))
    values: dict[str, Any] = pick.one([{}, {"need": "a pump"}, {"lost_reason": "price"}])
    return session.move(pick.record(session, Opportunity), to, **values)


@operation("try_move", writes=True, weight=3)
def try_move(session: Any, pick: Pick) -> Any:
    to = pick.one(("contacted", "quoted", "won", "lost", "reopen", "nowhere"))
    values: dict[str, Any] = pick.one([{}, {"need": "a pump"}, {"lost_reason": "price"}])
    found = session.try_move(pick.record(session, Opportunity), to, **values)
    return found.record, found.missing, type(found.refusal), str(found.refusal)


@operation("move_where", writes=True, weight=2)
def move_where(session: Any, pick: Pick) -> Any:
    to = pick.one(("contacted", "quoted", "lose", "reopen"))
    values: dict[str, Any] = pick.one([{}, {"need": "a pump"}, {"lost_reason": "price"}])
    return session.move_where(
        Opportunity, *conditions(pick, Opportunity), to=to, because=pick.one(WORDS), **values
    )


@operation("convert", writes=True, weight=2)
def convert(session: Any, pick: Pick) -> Any:
    points = [LeadContactPoint(kind=ContactPointKind.MOBILE, value=pick.one(MOBILES))]
    source, company = pick.one(pick.book.sources), pick.one((None, pick.one(NAMES)))
    lead = session.add(Lead(name=pick.one(NAMES), company=company, source=source, contact_points=points))
    session.add(Note(body=pick.one(WORDS), lead=lead))
    lead = session.move(session.move(lead, "assign"), "accept")
    customer = pick.link(Customer) if pick.chance(0.3) else None
    deal: Any = {"name": "Deal", "expected_close": pick.day() + timedelta(9)} if pick.chance(0.5) else None
    return session.convert(lead, customer=customer, opportunity=deal)


@operation("propose", writes=True, weight=1)
def propose(session: Any, pick: Pick) -> Any:
    return session.propose(pick.record(session, Opportunity), "won", because="they have signed")


@operation("share", writes=True, weight=3)
def share(session: Any, pick: Pick) -> Any:
    whom = {"unit": pick.unit()} if pick.chance(0.3) else {"user": pick.user()}
    mode, until = pick.one(list(ShareMode)), pick.one((None, pick.day()))
    return session.share(pick.link(pick.one(OWNED)), **whom, mode=mode, until=until)


@operation("delegate", writes=True, weight=1)
def delegate(session: Any, pick: Pick) -> Any:
    since = pick.day()
    return session.delegate(
        pick.user(), actions=["read"], since=since, until=since + timedelta(days=1), because="away"
    )


@operation("archive", writes=True, weight=1, name="end a delegation")
def end_delegation(session: Any, pick: Pick) -> Any:
    return session.archive(pick.record(session, Delegation))


@operation("assign", writes=True, weight=3)
def assign(session: Any, pick: Pick) -> Any:
    return session.assign(pick.record(session, pick.one(OWNED)), pick.user())


@operation("hand_over", writes=True)
def hand_over(session: Any, pick: Pick) -> Any:
    return session.hand_over(pick.user(), pick.user(), because="moves to another branch")


@operation("undo_handover", writes=True, weight=1)
def undo_handover(session: Any, pick: Pick) -> Any:
    return session.undo_handover(pick.record(session, Handover), because="it was a mistake")


@operation("hold", writes=True, weight=1)
def hold(session: Any, pick: Pick) -> Any:
    return session.hold(pick.link(pick.one(OWNED)))


@operation("attempt", "add", "count", writes=True)
def attempt(session: Any, pick: Pick) -> Any:
    refused = None
    try:
        with session.attempt():
            session.add(hanging(pick))
            session.add(draft(pick))
    except InvalidError as error:
        refused = error
    return refused, session.count(Customer), session.count(Opportunity)


@operation("add", "get", "find", "count", writes=True, weight=3, name="act and look at it")
def act_and_look(session: Any, pick: Pick) -> Any:
    made = session.add(draft(pick)) if pick.chance(0.5) else session.add(hanging(pick))
    return made, session.get(made.ref), session.count(type(made)), session.history(made)


@operation("import_file")
def import_customers(session: Any, pick: Pick) -> Any:
    # It opens writing sessions of its own, as the person of this one.
    rows = [f"K{pick.random.randrange(3)},{pick.one(NAMES)},{pick.one(MOBILES)}" for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table.csv")
        table.write_text("\n".join(["No,Name,Mobile", *rows]), encoding="utf-8")
        mapping = Mapping.parse(_CUSTOMERS % pick.book.sources[0])
        report = import_file(session.crm, session.actor.name, table, mapping, dry_run=pick.chance(0.3))
        return report.counts, list(report.refused())


@operation("import_file", weight=1)
def take_an_import_back(session: Any, pick: Pick) -> Any:
    who = session.actor.name
    mine = imports(session.crm, who)
    if not mine:
        return mine
    found = revert_import(
        session.crm, who, pick.one(mine).id, because="the wrong file", dry_run=pick.chance(0.3)
    )
    return [one.is_reverted for one in mine], found


@operation("draft_pipeline", writes=True, weight=1)
def draft_pipeline(session: Any, pick: Pick) -> Any:
    return session.draft_pipeline(attrs.evolve(session.pipeline("sales"), version=2))


@operation("publish_pipeline", writes=True, weight=1)
def publish_pipeline(session: Any, pick: Pick) -> Any:
    return session.publish_pipeline(attrs.evolve(session.pipeline("sales"), version=2), because="try")


@operation("carry_over", writes=True, weight=1)
def carry_over(session: Any, pick: Pick) -> Any:
    return session.carry_over("sales", because="try it")


@operation("archive_pipeline_stage", writes=True, weight=1)
def archive_pipeline_stage(session: Any, pick: Pick) -> Any:
    return session.archive_pipeline_stage("sales", "contacted", because="try")
