"""Deciding on amendments over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pycrm.api.asked import known_to, refuse_strangers
from pycrm.api.body import Body
from pycrm.api.once import Made, act
from pycrm.api.plain import plain
from pycrm.api.read import record_json
from pycrm.declare.codec import load_patch
from pycrm.entities.amendment import Amendment
from pycrm.errors import InvalidError, Problem
from pycrm.http import Answer, Call
from pycrm.revision.amendment import Batch

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["VERBS", "decide", "inbox", "lines"]


def inbox(call: Call) -> Answer:
    """The amendments that wait for the visitor, those of one import together."""
    refuse_strangers(call)
    with call.view() as session:
        return Answer.json({"items": [_waiting(one) for one in session.inbox()]})


def _waiting(what: Amendment | Batch) -> dict[str, Any]:
    if isinstance(what, Batch):
        return {"batch": str(what.id), "amendments": [record_json(one) for one in what.amendments]}
    return {"batch": None, "amendments": [record_json(what)]}


def lines(call: Call) -> Answer:
    """What an amendment changes: of each path the base, what is proposed, and what is there now."""
    refuse_strangers(call)
    with call.view() as session:
        some = session.lines(session.get(Amendment, call.path["id"]))
        return Answer.json({"items": [plain(one) | {"is_conflicting": one.is_conflicting} for one in some]})


def _reasoned(verb: str, said: str) -> Callable[[Call], Answer]:
    def do_it(call: Call) -> Answer:
        refuse_strangers(call)
        body = Body.of(call, "because", is_optional=True)
        because = body.text("because")

        def do(session: Session) -> Made:
            amendment = session.get(Amendment, call.path["id"])
            needed = {"because": because or ""} if verb in ("reject", "return_") else {"because": because}
            return Made(200, Amendment, [getattr(session, verb)(amendment, **needed)])

        return act(call, do)

    do_it.__doc__ = said
    return do_it


def submit(call: Call) -> Answer:
    """Submit again what was sent back, perhaps with other values."""
    refuse_strangers(call)
    body = Body.of(call, "because", "values", is_optional=True)

    def do(session: Session) -> Made:
        amendment = session.get(Amendment, call.path["id"])
        cls = session.crm.record(amendment.entity)
        values = load_patch(cls, body.object("values"), known=known_to(session))
        return Made(200, Amendment, [session.submit(amendment, because=body.text("because"), **values)])

    return act(call, do)


def rebase(call: Call) -> Answer:
    """Base a conflicted amendment on the values of now."""
    refuse_strangers(call)
    Body.of(call, is_optional=True)

    def do(session: Session) -> Made:
        return Made(200, Amendment, [session.rebase(session.get(Amendment, call.path["id"]))])

    return act(call, do)


def _passed_on(verb: str, said: str) -> Callable[[Call], Answer]:
    def do_it(call: Call) -> Answer:
        refuse_strangers(call)
        who = Body.of(call, "who").required("who")

        def do(session: Session) -> Made:
            amendment = session.get(Amendment, call.path["id"])
            return Made(200, Amendment, [getattr(session, verb)(amendment, who)])

        return act(call, do)

    do_it.__doc__ = said
    return do_it


#: The verbs over one amendment, by the word of their path.
VERBS: dict[str, Callable[[Call], Answer]] = {
    "approve": _reasoned("approve", "Agree to it."),
    "reject": _reasoned("reject", "Refuse it, with a comment for its submitter."),
    "return": _reasoned("return_", "Send it back to its submitter for change."),
    "withdraw": _reasoned("withdraw", "Take back what you submitted."),
    "submit": submit,
    "rebase": rebase,
    "enlist": _passed_on("enlist", "Ask one more person, whose agreement is then needed."),
    "entrust": _passed_on("entrust", "Leave your decision to another person."),
}


def decide(call: Call) -> Answer:
    """Approve or reject several amendments, each by itself: one that is refused stops no other."""
    refuse_strangers(call)
    body = Body.of(call, "amendments", "verdict", "because")
    ids, verdict, because = body.texts("amendments"), body.required("verdict"), body.text("because")
    if not ids:
        missing = Problem("amendments", "required", "a value is required")
        raise InvalidError(missing.message, fields=[missing])

    def do(session: Session) -> Made:
        some = [session.get(Amendment, id) for id in ids]
        told = [
            {
                "id": str(one.amendment.id),
                "state": one.amendment.state.value,
                "refusal": None if one.refusal is None else one.refusal.code,
            }
            for one in session.decide(some, verdict, because=because)
        ]
        return Made(said={"items": told})

    return act(call, do)
