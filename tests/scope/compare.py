"""Everything that a session answers about a world, compared with the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import attrs

from pycrm import Customer, Money, NotFoundError, Opportunity

from .reference import sees
from .worlds import CLASSES, TODAY, Kept, Settled, World, settle

Answers = dict[str, tuple[Any, Any]]


def disagreements(crm: Any, world: World, compared: list[str] | None = None) -> Iterator[str]:
    """Where the CRM and the reference differ; each answer that was compared is named in `compared`.

    They are compared at first, when a unit and when a person has moved and is back again, and when
    an opportunity has gone to another customer.
    """
    made = settle(crm, world, [] if compared is None else compared)
    yield from _all(made, "at first", _answers)
    if world.moved is not None:
        unit, parent = world.moved
        for target in (parent, world.units[unit]):
            _hang(made, unit, target)
            yield from _all(made, f"{unit} under {target}")
    user, home = world.transferred
    for target in (home, world.users[user]):
        _transfer(made, user, target)
        yield from _all(made, f"{user} in {target}")
    opportunity, customer = world.redirected
    _redirect(made, opportunity, customer)
    yield from _all(made, f"{opportunity} at {customer}")


def _hang(made: Settled, unit: str, parent: str | None) -> None:
    if made.world.units[unit] == parent:
        return
    made.world = attrs.evolve(made.world, units=made.world.units | {unit: parent})
    with made.crm.session(made.crm.system("reorganisation")) as session:
        stored = session.get(made.units[unit].ref)
        session.amend(stored, parent=made.units[parent] if parent else None, because="reorganised")


def _transfer(made: Settled, user: str, home: str) -> None:
    if made.world.users[user] == home:
        return
    made.world = attrs.evolve(made.world, users=made.world.users | {user: home})
    with made.crm.session(made.crm.system("transfer")) as session:
        stored = session.get(made.users[user].ref)
        session.amend(stored, home_unit=made.units[home], because="transferred")


def _redirect(made: Settled, opportunity: str, customer: str) -> None:
    changed = attrs.evolve(made.world.opportunities[opportunity], customer=customer)
    made.world = attrs.evolve(made.world, opportunities=made.world.opportunities | {opportunity: changed})
    with made.crm.session(made.crm.system("correction")) as session:
        stored = session.get(made.records[opportunity].ref)
        session.change(stored, customer=made.records[customer])


def _lists(made: Settled, session: Any, user: str, entity: str) -> Answers:
    """The shortest answers: a list and a number."""
    cls, ids = CLASSES[entity], made.ids(entity)
    here = cls.id.in_(list(ids.values()))
    live = _live(reached(made, user, entity))
    return {
        "find": (_names(ids, session.find(cls, here)), sorted(live)),
        "count": (session.count(cls, here), len(live)),
    }


def _all(made: Settled, when: str, ask: Callable[..., Answers] = _lists) -> Iterator[str]:
    for user, stored in made.users.items():
        with made.crm.view(stored) as session:
            for entity in CLASSES:
                for name, (given, expected) in ask(made, session, user, entity).items():
                    made.compared.append(name)
                    if given != expected:
                        yield f"{when}: {user} {entity} {name}: {given!r}, by the reference {expected!r}"


def reached(made: Settled, user: str, entity: str) -> dict[str, Kept]:
    """What that person sees of one class by the reference, archived records too."""
    records = made.world.records.items()
    return {
        name: kept for name, kept in records if kept.entity == entity and sees(made.world, user, kept, TODAY)
    }


def _live(records: Mapping[str, Kept]) -> dict[str, Kept]:
    return {name: kept for name, kept in records.items() if not kept.archived}


def _answers(made: Settled, session: Any, user: str, entity: str) -> Answers:
    cls, ids = CLASSES[entity], made.ids(entity)
    here = cls.id.in_(list(ids.values()))
    seen = reached(made, user, entity)
    live = _live(seen)
    found = _lists(made, session, user, entity) | _pages(made, session, cls, (here,), live)
    found |= {
        "find with archived": (_names(ids, session.find(cls, here, archived=True)), sorted(seen)),
        "count to two": (session.count(cls, here, limit=2), min(2, len(live))),
        "get": (_gotten(session, cls, ids), sorted(seen)),
        "explain": (_explained(made, session, ids), sorted(seen)),
    }
    if not sees_all(made.world, user):
        # Of somebody who sees all of the database, other worlds would come along.
        found["find without conditions"] = (_names(ids, session.find(cls)), sorted(live))
        found["count without conditions"] = (session.count(cls), len(live))
        found["count to two of all"] = (session.count(cls, limit=2), min(2, len(live)))
        all_pages = _pages(made, session, cls, (), live).items()
        found |= {f"{name} of all": answer for name, answer in all_pages}
    if entity == "Opportunity":
        found |= _sums(made, session, user, here, live)
    else:
        found["names"] = (
            session.count(cls, here, distinct=Customer.name),
            len({kept.name for kept in live.values()}),
        )
    return found


def _sums(made: Settled, session: Any, user: str, here: Any, live: dict[str, Kept]) -> Answers:
    """Sums, and conditions on the customer, whose name counts only for who sees the customer."""
    customers = reached(made, user, "Customer")
    amounts = [kept.fen for kept in live.values() if kept.fen is not None]
    same = [
        name
        for name, kept in live.items()
        if kept.customer in customers and customers[kept.customer].name == "same"
    ]
    ids = made.ids("Opportunity")
    return {
        "sum": (session.sum(Opportunity.amount, here), Money.minor(sum(amounts), "CNY")),
        "customers": (
            session.count(Opportunity, here, distinct=Opportunity.customer),
            len({kept.customer for kept in live.values()}),
        ),
        "by the customer's name": (
            _names(ids, session.find(Opportunity, here, Customer.name == "same")),
            sorted(same),
        ),
    }


def _pages(made: Settled, session: Any, cls: Any, where: tuple[Any, ...], live: dict[str, Kept]) -> Answers:
    """All pages of a list in the order of the keys and in another, as the names in that order."""
    ids = made.ids(cls.__name__)
    other = Customer.name if cls is Customer else Opportunity.expected_close
    by: dict[str, tuple[Any, Callable[[str], Any]]] = {
        "pages by id": (cls.id, lambda name: ids[name]),
        "pages by field": (other, lambda name: (live[name].close or live[name].name, ids[name])),
    }
    found: Answers = {}
    for title, (order, sort) in by.items():
        falling = made.world.falling
        given = walk(session, cls, *where, order=order.desc() if falling else order, size=made.world.size)
        expected = sorted(live, key=sort, reverse=falling)
        found[title] = ([_name(ids, record.id) for record in given], expected)
    return found


def walk(session: Any, cls: Any, *conditions: Any, order: Any, size: int) -> list[Any]:
    """Every record of a list, page by page."""
    found: list[Any] = []
    page = session.page(cls, *conditions, order=order, size=size)
    found += page.items
    while page.next is not None:
        assert len(page) == size
        page = session.page(cls, *conditions, order=order, size=size, after=page.next)
        assert page.items
        found += page.items
    return found


def _gotten(session: Any, cls: Any, ids: dict[str, UUID]) -> list[str]:
    found: list[str] = []
    for name, id in ids.items():
        try:
            found.append(_name(ids, session.get(cls, id).id))
        except NotFoundError:
            assert name not in found
    return sorted(found)


def _explained(made: Settled, session: Any, ids: dict[str, UUID]) -> list[str]:
    return sorted(name for name in ids if session.explain("read", made.records[name].ref))


def sees_all(world: World, user: str) -> bool:
    """Whether some role lets that person see the whole database."""
    people = {user, *(one.giver for one in world.delegations if one.receiver == user)}
    held = {one.role for one in world.assignments if one.user in people}
    return any(reach == "all" for role in held for _, reach in world.roles[role])


def _name(ids: dict[str, UUID], id: UUID) -> str:
    return next((name for name, one in ids.items() if one == id), f"a stranger {id}")


def _names(ids: dict[str, UUID], records: list[Any]) -> list[str]:
    return sorted(_name(ids, record.id) for record in records)
