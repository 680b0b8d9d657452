"""Operations on fields that administrators added to customers: a nickname that is open, a trade that may be hidden."""

from __future__ import annotations

from typing import Any

from pycrm import CRM, Customer, CustomField, CustomKind, Opportunity

from .operations import operation
from .pick import Pick
from .reading import conditions

__all__ = ["TWIN", "add_fields"]

# Whoever may not read the one may not read the other, so that both are free to differ together.
TWIN = {"Organization.industry": "CustomerFields.trade"}
TRADES = ("pumps", "valves", "wire")


def add_fields(crm: CRM) -> None:
    """The same two fields in each world."""
    with crm.session(crm.system("administration")) as session:
        for name, is_sorted in (("nick", True), ("trade", True)):
            given = {"entity": "Customer", "label": name.title(), "kind": CustomKind.TEXT}
            session.add(CustomField(**given, name=name, is_sorted=is_sorted))


def _asked(session: Any, pick: Pick) -> tuple[Any, list[Any]]:
    fields = session.custom(pick.one((Customer, Customer, Customer, Opportunity)))
    some = [
        *(
            fields.nick == f"c{pick.random.randrange(4)}",
            fields.nick.is_(None),
            fields.of == pick.link(Customer),
        ),
        *(fields.trade == pick.one(TRADES), fields.trade.is_(None), fields.trade < "v"),
    ]
    return fields, [pick.one(some)] if pick.chance(0.7) else []


@operation("custom", "find", "count", weight=3, name="find by added fields")
def find_by_fields(session: Any, pick: Pick) -> Any:
    fields, where = _asked(session, pick)
    order = pick.one((None, fields.nick, fields.trade.desc()))
    found = session.find(
        Customer, *where, *conditions(pick, Customer), order=order, limit=pick.one((None, 2))
    )
    return found, session.count(Customer, *where)


@operation("custom", "page", weight=3, name="walk in the order of an added field")
def walk_by_fields(session: Any, pick: Pick) -> Any:
    fields, where = _asked(session, pick)
    order = pick.one((fields.nick, fields.nick.desc(), fields.nick, fields.trade))
    pages = [session.page(Customer, *where, order=order, size=2)]
    while pages[-1].next is not None and len(pages) < 20:
        pages.append(session.page(Customer, *where, order=order, size=2, after=pages[-1].next))
    return pages


@operation("custom", "facet", "history", weight=3, name="look at added fields")
def look_at_fields(session: Any, pick: Pick) -> Any:
    fields = session.custom(Customer)
    found = session.facet(pick.link(Customer), fields)
    if found is None:
        return None
    told = [getattr(found, name) for name in ("nick", pick.one(("nick", "trade")))]
    return told, [one.changes for one in session.history(found)], sorted(session.fields(fields))


@operation("custom", "facet", "change", writes=True, weight=3, name="fill in added fields")
def fill_in_fields(session: Any, pick: Pick) -> Any:
    fields = session.custom(Customer)
    customer, values = pick.link(Customer), pick.one(({"nick": "Lily"}, {"trade": "wire"}, {"colour": "red"}))
    found = session.facet(customer, fields)
    if found is None:
        # A field that there is not is an error of Python's own here, and tells nothing.
        known = {name: value for name, value in values.items() if name in fields.__specs__}
        made = session.add(fields(of=customer, **known))
    else:
        made = session.change(found, **values)
    return made.version, made.nick
