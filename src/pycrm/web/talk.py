"""Recording a contact from the page of whoever it was with: four entries at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.entities.activity import Activity, Note
from pycrm.errors import InvalidError, RefusedError
from pycrm.web.catalog import class_of
from pycrm.web.entry import Typed, read_entry
from pycrm.web.problem import sentences
from pycrm.web.record import record
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["talk"]


def talk(visit: Visit) -> Answer:
    """Write down what was said, or a note, with the customer that it belongs to."""
    crm, slug = visit.crm, visit.params["slug"]
    cls = class_of(crm, slug)

    def do(session: Session) -> None:
        record = session.get(cls, visit.params["id"])
        links = _links(record)
        if visit.typed("kind") == "note":
            session.add(Note(body=visit.typed("text"), **links))
            return
        values = {name: _read(session, name, visit) for name in ("kind", "next_step", "next_on")}
        session.add(Activity(summary=visit.typed("text"), started_at=session.now, **values, **links))

    try:
        visit.run(do)
    except RefusedError as error:
        return record(visit, tuple(sentences(visit.words, error)), error.status)
    return redirect(f"/{slug}/{visit.params['id']}#talk", said=visit.words("Saved"))


def _links(record: Any) -> dict[str, Any]:
    """What it is kept with: of an opportunity the customer too."""
    name = type(record).__name__.lower()
    found = {name: record.ref}
    if name == "opportunity":
        found["customer"] = record.customer
    return found


def _read(session: Session, name: str, visit: Visit) -> Any:
    spec = Activity.__specs__[name]
    try:
        return read_entry(session, spec, Typed(visit.typed(name)))
    except ValueError as error:
        raise InvalidError(str(error)) from None
