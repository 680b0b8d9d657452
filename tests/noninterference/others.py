"""What others do while the viewer looks: in one world alone where it is hidden, else in both."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm import (
    CRM,
    Amendment,
    CRMError,
    Customer,
    Money,
    Opportunity,
    OrgUnit,
    Party,
    RoleAssignment,
    Share,
    User,
    UserState,
)
from pycrm.entities.customer import SigningGrade
from pycrm.scope.children import derived_write
from pycrm.testing.told import reseed

from .enter import standing
from .pick import BATCH, CHANNELS, MOBILES, NAMES, OWNED, WORDS
from .twins import same_view, visible

if TYPE_CHECKING:
    from .two_worlds import Play


# What happens to everybody in sight; a handing on twice as often as the rest.
EVENTS = (
    *("hand on", "hand on", "demote", "suspend", "resume", "transfer"),
    *("unshare", "rename", "day", "hang", "touch", "touch"),
)


def hidden_act(play: Play, draw: random.Random) -> None:
    """Others change, put away, hand on or add what the viewer does not see, in one world alone."""
    side = draw.randrange(2)
    crm, viewer = play.crms[side], str(play.viewer.id)
    today = crm.calendar_day(crm.clock.now())
    now = standing(crm, play.roles)
    seen = visible(now, viewer, today)
    unseen = sorted(now.records.keys() - seen)
    owners = sorted(now.users)
    owner = draw.choice(owners)
    # What was in sight until now tells most of what outlives its time.
    lately = sorted(play.ever_seen & set(unseen))
    kind = draw.choice(("change", "archive", "hand on", "add", "add"))
    if lately and draw.random() < 0.8:
        unseen, kind = lately, draw.choice(("change", "archive"))
    if kind == "add":
        trial = attrs.evolve(
            now.records[draw.choice(sorted(now.customers))], entity="Customer", owner=owner, name="trial"
        )
        changed = attrs.evolve(now, customers=now.customers | {"trial": trial})
        if "trial" not in visible(changed, viewer, today):
            _add(play, side, draw, owner)
        return
    if not unseen:
        return
    name = draw.choice(unseen)
    kept = now.records[name]
    if kind == "hand on":
        group = "customers" if kept.customer is None else "opportunities"
        moved = {name: attrs.evolve(kept, owner=owner)}
        changed = attrs.evolve(now, **{group: getattr(now, group) | moved})
        # What hangs on a customer and was seen before tells whose the customer is.
        if name not in play.planned or not same_view(now, changed, viewer, today):
            return
    _alter(play, side, draw, (name, kind, owner))


def _alter(play: Play, side: int, draw: random.Random, what: tuple[str, str, str]) -> None:
    crm = play.crms[side]
    reseed(crm, f"hidden {play.seed} {play.step}")
    play.tainted.add(what[0])
    try:
        with crm.session(crm.system("test: others")) as session:
            _rewrite(session, draw, what)
    except CRMError:
        # The taker may have been suspended meanwhile.
        return


def join(session: Any, made: Any) -> Any:
    """Let an amendment belong to the batch, as if an import had asked for it."""
    if isinstance(made, Amendment):
        derived_write(session.transaction, Amendment, made.id, batch=BATCH)
    return made


def _rewrite(session: Any, draw: random.Random, what: tuple[str, str, str]) -> None:
    name, kind, owner = what
    id = UUID(name)
    record = session.find_one(Customer, id) or session.find_one(Opportunity, id)
    if kind == "archive":
        session.restore(record) if record.archived_at else session.archive(record)
    elif kind == "hand on":
        session.assign(record, session.get(User, UUID(owner)))
    elif isinstance(record, Customer):
        session.change(record, channel=draw.choice(CHANNELS))
        title = draw.choice(NAMES)
        # At once, or on a day to come.
        day = draw.choice((None, session.crm.calendar_day(session.now) + timedelta(days=2)))
        party = session.get(record.party)
        join(session, session.amend(party, name=title, effective_on=day, because="they changed it"))
    else:
        amount = Money.minor(draw.choice((100, 10**6)), "CNY")
        session.change(record, amount=amount, name=draw.choice(NAMES))


def _add(play: Play, side: int, draw: random.Random, owner: str) -> None:
    crm = play.crms[side]
    reseed(crm, f"hidden {play.seed} {play.step}")
    try:
        with crm.session(crm.system("test: others")) as session:
            new = Customer.organization(
                draw.choice(NAMES), source=play.book.sources[0], mobile=draw.choice(MOBILES)
            )
            made = session.add(new, owner=session.get(User, UUID(owner)))
    except CRMError:
        # Somebody has the number already.
        return
    play.tainted.add(str(made.id))
    play.book.learn(made)
    with crm.view(crm.system("test: others")) as session:
        play.book.learn(session.get(made.party))


def common_act(play: Play, draw: random.Random) -> None:
    """Something changes in both worlds alike: who owns, sits, leads or may sign in, or the day."""
    kind = draw.choice(play.focus.events or EVENTS)
    if kind == "day":
        # Both CRMs have one clock.
        play.crms[0].clock.advance(days=1)  # type: ignore[attr-defined]
        return
    seed = draw.random()
    alike = set.intersection(*(_shares(crm) for crm in play.crms)) if kind == "unshare" else set()
    for side, crm in enumerate(play.crms):
        reseed(crm, f"common {play.seed} {play.step}")
        try:
            with crm.session(crm.system("test: others")) as session:
                _both(play, session, kind, random.Random(seed), side, alike)
        except CRMError:
            # It was refused there, as it may be: what it is about is gone from that world.
            continue


def _shares(crm: CRM) -> set[Any]:
    with crm.view(crm.system("test: others")) as session:
        return {one.id for one in session.find(Share)}


def _both(play: Play, session: Any, kind: str, draw: random.Random, side: int, alike: set[Any]) -> None:
    shown = [id for cls in OWNED for id in play.book.ids.get(cls.__name__, ()) if str(id) not in play.tainted]
    id, user, unit = (
        draw.choice(some) for some in (shown or [UUID(int=1)], play.book.users, play.book.units)
    )
    if kind == "hand on":
        record = session.find_one(Customer, id) or session.get(Opportunity, id)
        session.assign(record, session.get(user.ref))
    elif kind == "rename":
        record = session.find_one(Customer, id) or session.get(Opportunity, id)
        # One that nobody has: where names are hidden they differ, and who is called so already is not renamed.
        name = f"{draw.choice(NAMES)} {play.step}"
        if isinstance(record, Opportunity):
            session.change(record, name=name)
        else:
            session.amend(session.get(Party, record.party.id), name=name, because="new name")
    elif kind == "touch":
        record = session.find_one(Customer, id) or session.get(Opportunity, id)
        session.change(record, **_touched(play, record, draw, random.Random(f"{draw.random()} {side}")))
    elif kind == "demote":
        mine = session.find(RoleAssignment, RoleAssignment.user == play.viewer)
        for one in draw.sample(mine, min(1, len(mine))):
            session.archive(one)
    elif kind in ("suspend", "resume"):
        state = UserState.SUSPENDED if kind == "suspend" else UserState.ACTIVE
        who = play.viewer if draw.random() < 0.5 else user
        session.change(session.get(who.ref), state=state)
    elif kind == "transfer":
        session.amend(session.get(user.ref), home_unit=unit, because="moves elsewhere")
    elif kind == "hang":
        parent = draw.choice([None, *play.book.units])
        session.amend(session.get(OrgUnit, unit.id), parent=parent, because="reorganised")
    else:
        # One that there is in both worlds: what is shared between others may be in one alone.
        shares = [
            one for one in session.find(Share) if one.id in alike and str(one.record) not in play.tainted
        ]
        for one in draw.sample(sorted(shares, key=lambda one: one.id), min(1, len(shares))):
            session.archive(one)


def _touched(play: Play, record: Any, draw: random.Random, alone: random.Random) -> dict[str, Any]:
    """Fields to change: an open one alike in both worlds, and with it a hidden one in each as it comes.

    The open one really changes: that a record did is told by its version.
    """
    cls = type(record)
    if cls is Customer:
        grades = [one for one in (None, *SigningGrade) if one is not record.signing_grade]
        values: dict[str, Any] = {"signing_grade": draw.choice(grades)}
        hidden: dict[str, Any] = {"channel": alone.choice((None, *CHANNELS))}
    else:
        values = {"name": draw.choice([one for one in NAMES if one != record.name])}
        hidden = {"next_step": alone.choice((None, *WORDS))}
    told = {name: value for name, value in hidden.items() if play.plan.hides(f"{cls.__name__}.{name}")}
    return values | told


__all__ = ["common_act", "hidden_act"]
