"""Finding something anywhere: one box for every kind of record, and choices for the links of forms."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pycrm.errors import InvalidError
from pycrm.session.naming import label_of
from pycrm.web.catalog import class_of, classes, path_of, reads
from pycrm.web.panel import finds
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["lookup", "search"]

_EACH = 8


def search(visit: Visit) -> Answer:
    """Records of every kind whose searchable fields contain the words."""
    text = visit.asked("q")
    with visit.view() as session:
        show = Show(visit, session)
        groups, called = [], _called(session, text) if text else {}
        for slug, cls in classes(session.crm).items():
            some = _found(session, cls, text) if text and reads(session, cls) else []
            known = {one.id for one in some}
            some = [*(one for one in called.get(cls.__name__, ()) if one.id not in known), *some]
            show.learn(some, [spec for spec in cls.__specs__.values() if spec.name in ("customer", "owner")])
            if some:
                lines = [(label_of(one), path_of(session.crm, one), _under(show, one)) for one in some]
                groups.append((visit.words.many(cls), f"/{slug}", lines))
        for label, hints in finds(visit, text) if text else ():
            groups.append((label, "", [(one.text, one.path, one.under) for one in hints]))
        return page(visit, session, "search.html", visit.words("Search"), groups=groups, text=text)


def _called(session: Session, text: str) -> dict[str, list[Any]]:
    """Customers and contacts that are reached by a number or a mailbox, where its reader may see these."""
    crm, found = session.crm, {}
    party = crm.record("Party")
    with suppress(InvalidError):
        whose = [one.id for one in session.reached(party, text)]
        for name, link in (("Customer", "party"), ("Contact", "person")) if whose else ():
            cls = crm.record(name, None)
            if cls is not None and reads(session, cls):
                found[name] = session.find(cls, getattr(cls, link).in_(whose), limit=_EACH)
    return found


def _found(session: Session, cls: Any, text: str) -> list[Any]:
    if not any(spec.search for spec in cls.__specs__.values()):
        return []
    try:
        return session.search(cls, text, size=_EACH).items
    except InvalidError:
        return []


def _under(show: Show, one: Any) -> str:
    names = [
        name for name in ("code", "company", "customer", "stage", "owner") if name in type(one).__specs__
    ]
    return " · ".join(cell.text for name in names if (cell := show.cell(one, type(one).__specs__[name])).text)


def lookup(visit: Visit) -> Answer:
    """What a link's control offers while somebody types, as JSON."""
    text = visit.asked("q")
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        some = _found(session, cls, text) if text and reads(session, cls) else []
        show = Show(visit, session)
        data = [{"id": str(one.id), "label": label_of(one), "under": _under(show, one)} for one in some]
    return Answer(
        json.dumps(data, ensure_ascii=False), media="application/json", headers={"Cache-Control": "no-store"}
    )
