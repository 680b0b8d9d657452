"""Every route of the face, from the declarations of core and plugins.

What a document says of a route in words is the first line of the function behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pycrm.api import deciding, passing, read, write
from pycrm.api import schema as of
from pycrm.api.entity import BASE, Entity, entities
from pycrm.api.operation import Operation, Parameter
from pycrm.declare.policy import OWN_PAIR
from pycrm.declare.search import searched
from pycrm.entities import Amendment, Contact, Customer, Erasure, Handover, Lead, Party
from pycrm.entities.org import Action
from pycrm.http import Answer, Call, Face, Route

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["FACE", "routes"]

FACE = Face()
# Made and changed by verbs of their own alone.
_BY_VERBS = (Amendment, Handover, Erasure)
# Behind which there is a person who may ask to be erased.
_PEOPLE = (Party, Customer, Contact)

_OPENAPI = "application/openapi+json"
_INSTANT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_WHERE = Parameter(
    "where",
    {"type": "array", "items": _TEXT, "maxItems": 20},
    "A condition: field=value, also != >= <= ~ (contains) and : (one of several, parted by commas). "
    "A dot leads over a link or into a facet: customer.name. Repeat it to narrow.",
)
_AS_OF = Parameter("as_of", _INSTANT, "As it was at that instant, of what you see now.")
_FIELDS = Parameter("fields", _TEXT, "Names of fields, parted by commas; all of them without it.")
_INCLUDE = Parameter(
    "include",
    _TEXT,
    "Links and facets to answer with, parted by commas; `titles` are the names of all.",
)
_BECAUSE = Parameter("because", _TEXT, "The reason, kept in the history.")
_SINCE = Parameter("since", _INSTANT, "After this instant.")
_UNTIL = Parameter("until", _INSTANT, "Not after this instant.")
_ACTIONS = {"type": "string", "enum": [action.value for action in Action]}
_ACTION = Parameter("action", _ACTIONS, "Which act; read without it.")
_HISTORY = (
    Parameter("field", _TEXT, "That touched this field."),
    Parameter("by", _TEXT, "By this user: a login."),
)


def _size(name: str, most: int, default: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name, schema, "At most so many.")


def routes(crm: CRM) -> Iterator[Route]:
    """Every route: those of each kind of record, of amendments and handovers, and those about the visitor."""
    yield _alone("GET", "me", _me, "me", answer=of.ME)
    yield _alone(
        "GET", "openapi.json", partial(_document, crm), "document", answer={"type": "object"}, media=_OPENAPI
    )
    for entity in entities(crm):
        row = partial(_row, entity)
        yield from _of_list(entity, row)
        yield from _of_one(entity, row)
        yield from _of_past(entity, row)
        if entity.cls.__pipeline__ is not None:
            yield from _of_stages(entity, row)
        if entity.cls not in _BY_VERBS:
            yield from _of_writing(entity, row)
        yield from _of_facets(entity)
    yield from _of_amendments()
    yield from _of_handovers()


def _me(call: Call) -> Answer:
    """Who you are here."""
    who = call.who
    told = {"id": str(who.user), "login": who.login, "name": who.name, "language": who.language}
    return Answer.json(told | {"access": who.access.value, "scope": who.scope.value})


def _document(crm: CRM, call: Call) -> Answer:
    """The OpenAPI document, as far as you know the fields."""
    from pycrm.api.openapi import document

    with call.view() as session:
        return Answer.json(document(session, routes(crm)), media=_OPENAPI)


def _said(function: Any) -> str:
    """The first line of what a function says of itself."""
    while isinstance(function, partial):
        function = function.func
    return str(function.__doc__).partition("\n")[0]


def _row(
    entity: Entity, method: str, path: str, function: Callable[..., Answer], name: str, **told: Any
) -> Route:
    """A route of one kind of record; `told` goes into its `Operation`."""
    operation = Operation(f"{entity.word.replace('-', '_')}_{name}", _said(function), entity.name, **told)
    return Route(method, path, partial(function, entity), FACE, about=operation)


def _alone(
    method: str, rest: str, function: Callable[[Call], Answer], name: str, tag: str = "me", **told: Any
) -> Route:
    """A route of no kind of record."""
    return Route(
        method, f"{BASE}/{rest}", function, FACE, about=Operation(name, _said(function), tag, **told)
    )


_Row = Callable[..., Route]


def _of_list(entity: Entity, row: _Row) -> Iterator[Route]:
    path, limit = entity.path, _size("limit", 10_001, 10_001)
    yield row("GET", path, read.list_, "list", parameters=_asked(entity), answer=of.page(entity))
    yield row(
        "GET", f"{path}/count", read.count, "count", parameters=(_WHERE, limit, _AS_OF), answer=of.COUNT
    )
    csv = {"parameters": (_WHERE, _FIELDS), "media": "text/csv"}
    yield row("GET", f"{path}/export", read.export, "export", **csv)


def _asked(entity: Entity) -> tuple[Parameter, ...]:
    """What a list may be asked for."""
    ordered = [spec.name for spec in entity.cls.__specs__.values() if spec.order]
    found = [_WHERE]
    if ordered:
        orders = {"type": "string", "enum": [sign + name for name in ordered for sign in ("", "-")]}
        found.append(Parameter("sort", orders, "The field to sort by, - in front falls."))
    if searched(entity.cls):
        found.append(Parameter("text", {"type": "string", "maxLength": 200}, "Words to look for."))
    after = Parameter("after", _TEXT, "`next` of the page before.")
    archived = Parameter("archived", {"type": "boolean"}, "Archived ones too.")
    return (*found, _size("size", 500, 50), after, _FIELDS, _INCLUDE, archived, _AS_OF)


def _of_one(entity: Entity, row: _Row) -> Iterator[Route]:
    one, told = entity.one, of.record(entity)
    yield row("GET", one, read.one, "get", parameters=(_FIELDS, _INCLUDE, _AS_OF), answer=told)
    yield row("POST", f"{one}/reveal", write.reveal, "reveal", body=of.REVEAL, answer=told)


def _of_past(entity: Entity, row: _Row) -> Iterator[Route]:
    one, dated = entity.one, (_SINCE, _UNTIL)
    asked = (*_HISTORY, *dated, _size("limit", 500, 50))
    yield row("GET", f"{one}/history", read.history, "history", parameters=asked, answer=of.items("Revision"))
    yield row("GET", f"{one}/diff", read.diff, "diff", parameters=dated, answer=of.items("Difference"))
    yield row(
        "GET", f"{one}/explain", read.explain, "explain", parameters=(_ACTION,), answer=of.items("Reason")
    )
    yield row("GET", f"{one}/amendments", read.amendments, "amendments", answer=of.items("Amendment"))
    yield row("GET", f"{one}/ahead", read.ahead, "ahead", answer=of.items("Planned"))
    if OWN_PAIR in entity.cls.__scope__.pairs:
        yield row("GET", f"{one}/owners", read.owners, "owners", answer=of.items("OwnershipInterval"))
        yield row("GET", f"{one}/team", read.team, "team", answer=of.items("Member"))


def _of_writing(entity: Entity, row: _Row) -> Iterator[Route]:
    path, one, told = entity.path, entity.one, of.record(entity)
    new: dict[str, Any] = {"status": 201, "is_act": True}
    yield row("POST", path, write.create, "create", body=of.new(entity), answer=told, **new)
    many: dict[str, Any] = {"answer": of.records(entity), "is_act": True}
    yield row(
        "POST", f"{path}/bulk", write.create_many, "create_many", body=of.many_new(entity), **many | new
    )
    changed = {"body": of.many_changed(entity), "parameters": (_BECAUSE,)}
    yield row("PATCH", f"{path}/bulk", write.change_many, "change_many", **changed, **many)
    where = {"body": of.changed_where(entity), "answer": of.number("changed"), "is_act": True}
    yield row("POST", f"{path}/change", write.change_where, "change_where", **where)
    act: dict[str, Any] = {"answer": told, "needs_version": True, "is_act": True}
    yield row("PATCH", one, write.change, "change", body=of.changed(entity), parameters=(_BECAUSE,), **act)
    reason: dict[str, Any] = {"body": of.REASON, "needs_body": False}
    yield row("POST", f"{one}/archive", write.archive, "archive", **act, **reason)
    yield row("POST", f"{one}/restore", write.restore, "restore", **act, **reason)
    waiting = {202: of.ref("Amendment")}
    yield row("POST", f"{one}/amendments", write.amend, "amend", body=of.AMEND, others=waiting, **act)
    back: dict[str, Any] = {"answer": told, "is_act": True, "others": waiting}
    yield row("POST", f"{one}/revert", passing.revert, "revert", body=of.REVERT, **back)
    if OWN_PAIR in entity.cls.__scope__.pairs:
        yield row("POST", f"{one}/assign", write.assign, "assign", body=of.ASSIGN, **act)
    if entity.cls is Lead:
        yield row(
            "POST", f"{one}/convert", passing.convert, "convert", body=of.CONVERT, needs_body=False, **act
        )
    if entity.cls in _PEOPLE:
        gone: dict[str, Any] = {"body": of.MUST_REASON, "answer": of.ref("Erasure")}
        yield row("POST", f"{one}/erase", passing.erase, "erase", **gone, **new)


def _of_stages(entity: Entity, row: _Row) -> Iterator[Route]:
    one, act = entity.one, {"answer": of.moved(entity), "body": of.MOVE, "is_act": True}
    yield row("GET", f"{one}/moves", read.moves, "moves", answer=of.items("AllowedMove"))
    yield row("GET", f"{one}/stages", read.stages, "stages", answer=of.items("Stay"))
    yield row("POST", f"{one}/moves", write.move, "move", needs_version=True, **act)
    where = {"body": of.moved_where(entity), "answer": of.number("moved"), "is_act": True}
    yield row("POST", f"{entity.path}/move", write.move_where, "move_where", **where)


def _of_facets(entity: Entity) -> Iterator[Route]:
    for word in entity.words:
        path, prefix = f"{entity.one}/{word.replace('_', '-')}", f"{entity.word.replace('-', '_')}_{word}"
        name = entity.facets[word].__name__ if word in entity.facets else f"{entity.name}Fields"
        told: dict[str, Any] = {"answer": of.ref(name)}
        new = told | {"body": of.ref(f"New{name}"), "status": 201, "is_act": True}
        changed = told | {"body": of.ref(f"Changed{name}"), "is_act": True, "needs_version": True}
        for method, function, more in (
            ("GET", read.facet, told),
            ("PUT", write.put_facet, new),
            ("PATCH", write.change_facet, changed | {"parameters": (_BECAUSE,)}),
        ):
            operation = Operation(f"{prefix}_{method.lower()}", _said(function), entity.name, **more)
            yield Route(method, path, partial(function, entity, word), FACE, about=operation)


def _of_amendments() -> Iterator[Route]:
    tag, told = "Amendment", of.ref("Amendment")
    yield _alone("GET", "inbox", deciding.inbox, "inbox", tag, answer=of.items("Waiting"))
    decided: dict[str, Any] = {"body": of.DECIDE, "answer": of.DECIDED, "is_act": True}
    yield _alone("POST", "inbox", deciding.decide, "decide", tag, **decided)
    one = "amendments/{id:str}"
    yield _alone(
        "GET", f"{one}/lines", deciding.lines, "amendments_lines", tag, answer=of.items("AmendmentLine")
    )
    for word, function in deciding.VERBS.items():
        body = of.VERB_BODIES.get(word, of.REASON)
        needed = word in ("enlist", "entrust", "reject", "return")
        more: dict[str, Any] = {"body": body, "answer": told, "is_act": True, "needs_body": needed}
        yield _alone("POST", f"{one}/{word}", function, f"amendments_{word}", tag, **more)


def _of_handovers() -> Iterator[Route]:
    tag, told = "Handover", of.ref("Handover")
    new: dict[str, Any] = {"body": of.HANDOVER, "answer": told, "status": 201, "is_act": True}
    yield _alone("POST", "handovers", passing.hand_over, "handovers_create", tag, **new)
    shown: dict[str, Any] = {"body": of.HANDOVER_PREVIEW, "answer": of.ref("HandoverPreview")}
    yield _alone("POST", "handovers/preview", passing.preview, "handovers_preview", tag, **shown)
    undone: dict[str, Any] = {"body": of.MUST_REASON, "answer": of.UNDONE, "is_act": True}
    yield _alone("POST", "handovers/{id:str}/undo", passing.undo, "handovers_undo", tag, **undone)
