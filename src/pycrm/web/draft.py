"""Records that are made as a whole: a customer or a contact with the person or organisation behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pycrm.entities.customer import Contact, Customer
from pycrm.entities.party import PartyKind
from pycrm.errors import InvalidError
from pycrm.web.entry import Entry, Typed, entry_of, read_entry
from pycrm.web.form import Given, Part, read_part
from pycrm.web.show import Show

if TYPE_CHECKING:
    from pycrm.web.visit import Visit

__all__ = ["drafted", "extra_part"]

_WAYS = ("mobile", "phone", "email")


def extra_part(show: Show, cls: Any, visit: Visit | None, problems: Mapping[str, str]) -> Iterator[Part]:
    """The controls for the party of a new customer or contact: its name, and how to reach it."""
    if cls not in (Customer, Contact):
        return
    party, words = show.crm.record("Party"), show.words
    entries: list[Entry] = []
    names = ("name", "kind", "region") if cls is Customer else ("name",)
    for name in names:
        control = f"party:{name}"
        typed = Typed.of(visit, control) if visit is not None else None
        error = words.said(problems.get(control, ""))
        value = PartyKind.ORGANIZATION if name == "kind" else None
        spec, required = party.__specs__[name], name != "region"
        more: Any = {"prefix": "party:", "value": value, "typed": typed, "error": error}
        entries.append(entry_of(show, party, spec, required=required, **more))
    for way in _WAYS:
        control = f"party:{way}"
        text = visit.typed(control) if visit is not None else ""
        error = words.said(
            problems.get(control, "") or (problems.get("contact_points", "") if way == "mobile" else "")
        )
        label = words(f"ContactPointKind.{way}")
        entries.append(Entry(control, label, "text", text, longest=320, error=error))
    yield Part("party:", words("Who it is"), tuple(entries), ())


def drafted(show: Show, cls: Any, visit: Visit, given: Given) -> Any:
    """The draft of a customer or a contact from a form; None of other kinds of record.

    Raises:
        InvalidError: something is wrong or missing; `given` holds what.
    """
    if cls not in (Customer, Contact):
        return None
    values = read_part(show, cls, visit, given)
    party = show.crm.record("Party")
    for name, spec in cls.__specs__.items():
        if spec.required and not spec.unique and name not in ("person", *values, *given.problems):
            given.problems[name] = "a value is required"
    name = visit.typed("party:name").strip()
    if not name:
        given.problems["party:name"] = "a value is required"
    ways: dict[str, Any] = {way: visit.typed(f"party:{way}").strip() or None for way in _WAYS}
    if not any(ways.values()):
        given.problems["party:mobile"] = "at least one way of contact is required"
    region = None
    if visit.typed("party:region"):
        try:
            region = read_entry(show.session, party.__specs__["region"], Typed(visit.typed("party:region")))
        except ValueError as error:
            given.problems["party:region"] = str(error)
    if given.problems:
        raise InvalidError("some values are wrong or missing")
    if cls is Contact:
        return Contact.named(name, **ways, **values)
    make = Customer.person if visit.typed("party:kind") == "person" else Customer.organization
    return make(name, **ways, region=region, **values)
