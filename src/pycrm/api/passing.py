"""Acts over REST that concern more than one record, or a record and its past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.api.asked import known_to, refuse_strangers
from pycrm.api.body import Body
from pycrm.api.draft import whose, within
from pycrm.api.entity import BASE, Entity
from pycrm.api.once import Made, act
from pycrm.api.plain import plain
from pycrm.api.read import found
from pycrm.api.write import seen
from pycrm.declare.codec import load, load_patch
from pycrm.entities import Contact, Customer, Opportunity
from pycrm.entities.amendment import Amendment
from pycrm.entities.erasure import Erasure
from pycrm.entities.handover import Handover, HandoverReceiver
from pycrm.errors import InvalidError, Problem
from pycrm.http import Answer, Call

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["convert", "erase", "hand_over", "preview", "revert", "undo"]


def _receivers(session: Session, body: Body) -> Any:
    """Who takes over: one person for everything, or several by rules."""
    if "receivers" not in body.given:
        return whose(body.required("to"))
    made = []
    for index, one in enumerate(body.rows("receivers", 500)):
        with within(f"receivers/{index}"):
            made.append(load(HandoverReceiver, one, known=known_to(session)))
    return made


def hand_over(call: Call) -> Answer:
    """Pass all that a person owns to others, in one act."""
    refuse_strangers(call)
    body = Body.of(call, "giver", "to", "receivers", "because")
    giver, because = whose(body.required("giver")), body.required("because")

    def do(session: Session) -> Made:
        made = session.hand_over(giver, _receivers(session, body), because=because)
        return Made(201, Handover, [made], f"{BASE}/handovers/{made.id}")

    return act(call, do)


def preview(call: Call) -> Answer:
    """What a handover would do; nothing is changed."""
    refuse_strangers(call)
    body = Body.of(call, "giver", "to", "receivers", "because")
    giver = whose(body.required("giver"))
    with call.view() as session:
        told = session.preview_handover(giver, _receivers(session, body))
        return Answer.json(plain(told) | {"count": told.count, "is_possible": told.is_possible})


def undo(call: Call) -> Answer:
    """Return within 7 days whatever has not changed since a handover."""
    refuse_strangers(call)
    because = Body.of(call, "because").required("because")

    def do(session: Session) -> Made:
        told = session.undo_handover(session.get(Handover, call.path["id"]), because=because)
        return Made(said={"returned": dict(told.returned), "kept": list(told.kept)})

    return act(call, do)


def revert(entity: Entity, call: Call) -> Answer:
    """Take back what one revision of a record changed: 200 and the record, or 202 and an amendment."""
    refuse_strangers(call)
    body = Body.of(call, "version", "because")
    version, because = body.number("version"), body.required("because")

    def do(session: Session) -> Made:
        record = found(session, entity, call)
        for one in session.history(record, limit=500):
            if (one.entity, one.version) == (entity.name, version):
                made = session.revert(one, because=because)
                if isinstance(made, Amendment):
                    return Made(202, Amendment, [made], f"{BASE}/amendments/{made.id}")
                return Made(200, entity.cls, [made])
        wrong = Problem("version", "rule", "there is no such version")
        raise InvalidError(wrong.message, fields=[wrong])

    return act(call, do)


def convert(entity: Entity, call: Call) -> Answer:
    """Make a lead a customer, or add it to one, with all that was written of it; answers with the lead."""
    refuse_strangers(call)
    body = Body.of(call, "customer", "contact", "department", "opportunity", "because", is_optional=True)
    customer, contact, because = body.text("customer"), body.text("contact"), body.text("because")
    department, deal = body.text("department") or "other", body.given.get("opportunity")
    fields = None if deal is None or type(deal) is str else body.object("opportunity")

    def do(session: Session) -> Made:
        lead = seen(session, entity, call)
        opportunity: Any = session.get(Opportunity, deal) if fields is None and deal else None
        if fields is not None:
            with within("opportunity"):
                opportunity = load_patch(Opportunity, fields, known=known_to(session))
        made = session.convert(
            lead,
            customer=session.get(Customer, customer) if customer else None,
            contact=session.get(Contact, contact) if contact else None,
            department=department,
            opportunity=opportunity,
            because=because,
        )
        return Made(200, entity.cls, [made.lead])

    return act(call, do)


def erase(entity: Entity, call: Call) -> Answer:
    """Erase a person, on the person's request; what is answered is the evidence."""
    refuse_strangers(call)
    because = Body.of(call, "because").required("because")

    def do(session: Session) -> Made:
        made = session.erase(found(session, entity, call), because=because)
        return Made(201, Erasure, [made], f"{BASE}/erasures/{made.id}")

    return act(call, do)
