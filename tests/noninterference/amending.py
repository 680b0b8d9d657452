"""Operations on amendments: asking for changes that wait, and every verb that reads or decides on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pycrm import Amendment, Customer

from .operations import operation
from .others import join
from .pick import BATCH, NAMES, OWNED, TAX_IDS, WORDS, Pick


@operation("amend", writes=True, weight=3, name="amend on a later day")
def amend_later(session: Any, pick: Pick) -> Any:
    values: dict[str, Any] = pick.one(
        [{"strategic": True}, {"name": pick.one(NAMES)}, {"tax_id": pick.one(TAX_IDS)}, {"channel": "web"}]
    )
    record = pick.record(session, Customer)
    made = session.amend(
        *(record,), because="as they told me", effective_on=pick.day(), split=pick.chance(0.3), **values
    )
    return join(session, made)


@operation("inbox", weight=2)
def inbox(session: Any, pick: Pick) -> Any:
    return session.inbox(), session.waiting()


@operation("waiting", weight=1)
def waiting(session: Any, pick: Pick) -> Any:
    return session.waiting()


@operation("lines", weight=2)
def lines(session: Any, pick: Pick) -> Any:
    return session.lines(pick.record(session, Amendment))


@operation("batch", "lines", weight=2)
def batch(session: Any, pick: Pick) -> Any:
    found = session.batch(pick.one((BATCH, BATCH, BATCH, pick.noise())))
    return found, session.lines(found)


@operation("ahead", weight=2)
def ahead(session: Any, pick: Pick) -> Any:
    return session.ahead(pick.record(session, pick.one(OWNED)))


@operation("overrides", weight=1)
def overrides(session: Any, pick: Pick) -> Any:
    return session.overrides(pick.moment() - timedelta(days=1), pick.moment() + timedelta(days=1))


@operation("find", "count", weight=2, name="find amendments")
def find_amendments(session: Any, pick: Pick) -> Any:
    state = pick.one(("scheduled", "withdrawn"))
    return session.find(Amendment, Amendment.state == state), session.count(Amendment)


@operation("approve", "reject", "return_", writes=True, weight=2, name="decide on one")
def decide_one(session: Any, pick: Pick) -> Any:
    verb = pick.one(("approve", "reject", "return_"))
    return getattr(session, verb)(pick.record(session, Amendment), because=pick.one(WORDS))


@operation("submit", "rebase", "withdraw", writes=True, weight=2, name="go on with an own one")
def go_on(session: Any, pick: Pick) -> Any:
    verb = pick.one(("submit", "rebase", "withdraw", "withdraw"))
    return getattr(session, verb)(pick.record(session, Amendment))


@operation("enlist", "entrust", writes=True, weight=1, name="ask somebody else")
def ask_other(session: Any, pick: Pick) -> Any:
    return getattr(session, pick.one(("enlist", "entrust")))(pick.record(session, Amendment), pick.user())


@operation("batch", "decide", writes=True, weight=1)
def decide(session: Any, pick: Pick) -> Any:
    some = [pick.record(session, Amendment) for _ in range(2)]
    if pick.chance(0.4):
        some.append(session.batch(BATCH))
    answers = session.decide(some, pick.one(("approve", "reject")), because=pick.one(WORDS))
    return [(one.amendment, type(one.refusal), str(one.refusal)) for one in answers]


@operation("override", writes=True, weight=2)
def override(session: Any, pick: Pick) -> Any:
    if pick.chance(0.5):
        return session.override(pick.record(session, Amendment), because="it cannot wait")
    return session.override(pick.record(session, Customer), because="it cannot wait", strategic=True)
