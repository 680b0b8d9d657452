"""Every route of the face, from the declarations of core and plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pycrm.api import deciding, read, write
from pycrm.api import schema as of
from pycrm.api.entity import BASE, Entity, entities
from pycrm.api.operation import Operation, Parameter
from pycrm.declare.policy import OWN_PAIR
from pycrm.declare.search import searched
from pycrm.entities.amendment import Amendment
from pycrm.entities.org import Action
from pycrm.http import Answer, Call, Face, Route

if TYPE_CHECKING:
    from pycrm.app import CRM

__all__ = ["FACE", "routes"]

FACE = Face()

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
_INCLUDE = Parameter("include", _TEXT, "Links and facets to answer with the records, parted by commas.")
_BECAUSE = Parameter("because", _TEXT, "The reason, kept in the history.")
_SINCE = Parameter("since", _INSTANT, "After this instant.")
_UNTIL = Parameter("until", _INSTANT, "Not after this instant.")
_ACTION = Parameter(
    "action", {"type": "string", "enum": [one.value for one in Action]}, "Which act; read without it."
)


def _size(name: str, most: int, default: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name, schema, "At most so many.")


def routes(crm: CRM) -> Iterator[Route]:
    """Every route: those of each kind of record, of amendments, and those about the visitor."""
    yield Route("GET", f"{BASE}/me", _me, FACE, about=Operation("me", "Who you are here.", "me", of.ME))
    for entity in entities(crm):
        yield from _of_list(entity)
        yield from _of_one(entity)
        yield from _of_past(entity)
        yield from _of_stages(entity)
        yield from _of_facets(entity)
    yield from _of_amendments()
    described = Operation("document", "This document.", "me", {"type": "object"})
    yield Route("GET", f"{BASE}/openapi.json", partial(_document, crm), FACE, about=described)


def _document(crm: CRM, call: Call) -> Answer:
    """The OpenAPI document, as far as the visitor knows the fields."""
    from pycrm.api.openapi import document

    with call.view() as session:
        return Answer.json(document(session, routes(crm)), media="application/openapi+json")


def _me(call: Call) -> Answer:
    who = call.who
    told = {"id": str(who.user), "login": who.login, "name": who.name, "language": who.language}
    return Answer.json(told | {"access": who.access.value, "scope": who.scope.value})


def _route(
    method: str,
    path: str,
    function: Callable[..., Answer],
    entity: Entity,
    name: str,
    about: str,
    **told: Any,
) -> Route:
    operation = Operation(f"{entity.word.replace('-', '_')}_{name}", about, entity.name, **told)
    return Route(method, path, partial(function, entity), FACE, about=operation)


def _of_list(entity: Entity) -> Iterator[Route]:
    path, cls = entity.path, entity.cls
    ordered = [spec.name for spec in cls.__specs__.values() if spec.order]
    sort = {"type": "string", "enum": [sign + name for name in ordered for sign in ("", "-")]}
    asked = [
        _WHERE,
        *([Parameter("sort", sort, "The field to sort by, - in front falls.")] if ordered else []),
    ]
    if searched(cls):
        asked.append(Parameter("text", {"type": "string", "maxLength": 200}, "Words to look for."))
    asked += [
        _size("size", 500, 50),
        Parameter("after", _TEXT, "`next` of the page before."),
        _FIELDS,
        _INCLUDE,
    ]
    asked += [Parameter("archived", {"type": "boolean"}, "Archived ones too."), _AS_OF]
    yield _route(
        "GET",
        path,
        read.list_,
        entity,
        "list",
        "One page of those that you see.",
        parameters=tuple(asked),
        answer=of.page(entity),
    )
    limit = _size("limit", 10_001, 10_001)
    yield _route(
        "GET",
        f"{path}/count",
        read.count,
        entity,
        "count",
        "How many you see, up to a limit.",
        parameters=(_WHERE, limit, _AS_OF),
        answer=of.COUNT,
    )
    yield _route(
        "GET",
        f"{path}/export",
        read.export,
        entity,
        "export",
        "Those in your reach for export, as CSV.",
        parameters=(_WHERE, _FIELDS),
        media="text/csv",
    )
    if cls is Amendment:
        return
    yield _route(
        "POST",
        path,
        write.create,
        entity,
        "create",
        "Add one.",
        body=of.new(entity),
        answer=of.record(entity),
        status=201,
        is_act=True,
    )
    yield _route(
        "POST",
        f"{path}/bulk",
        write.create_many,
        entity,
        "create_many",
        "Add several, all or none.",
        body=of.many_new(entity),
        answer=of.records(entity),
        status=201,
        is_act=True,
    )
    yield _route(
        "PATCH",
        f"{path}/bulk",
        write.change_many,
        entity,
        "change_many",
        "Change several, all or none.",
        body=of.many_changed(entity),
        answer=of.records(entity),
        is_act=True,
        parameters=(_BECAUSE,),
    )
    yield _route(
        "POST",
        f"{path}/change",
        write.change_where,
        entity,
        "change_where",
        "Change all that meet the conditions, in one act.",
        body=of.changed_where(entity),
        answer=of.number("changed"),
        is_act=True,
    )
    if cls.__pipeline__ is not None:
        yield _route(
            "POST",
            f"{path}/move",
            write.move_where,
            entity,
            "move_where",
            "Move all that meet the conditions, in one act.",
            body=of.moved_where(entity),
            answer=of.number("moved"),
            is_act=True,
        )


def _of_one(entity: Entity) -> Iterator[Route]:
    one, cls = entity.one, entity.cls
    yield _route(
        "GET",
        one,
        read.one,
        entity,
        "get",
        "One with its rows; its version is the ETag.",
        parameters=(_FIELDS, _INCLUDE, _AS_OF),
        answer=of.record(entity),
    )
    yield _route(
        "POST",
        f"{one}/reveal",
        write.reveal,
        entity,
        "reveal",
        "Show masked fields; the look is kept.",
        body=of.REVEAL,
        answer=of.record(entity),
    )
    if cls is Amendment:
        return
    act: dict[str, Any] = {"answer": of.record(entity), "needs_version": True, "is_act": True}
    yield _route(
        "PATCH",
        one,
        write.change,
        entity,
        "change",
        "Change some fields.",
        **act,
        body=of.changed(entity),
        parameters=(_BECAUSE,),
    )
    reason: dict[str, Any] = {"body": of.REASON, "needs_body": False}
    yield _route("POST", f"{one}/archive", write.archive, entity, "archive", "Put it away.", **act, **reason)
    yield _route(
        "POST", f"{one}/restore", write.restore, entity, "restore", "Bring it back.", **act, **reason
    )
    yield _route(
        "POST",
        f"{one}/amendments",
        write.amend,
        entity,
        "amend",
        "Ask for a change of key fields.",
        **act,
        body=of.AMEND,
        others={202: of.ref("Amendment")},
    )
    if OWN_PAIR in cls.__scope__.pairs:
        yield _route(
            "POST",
            f"{one}/assign",
            write.assign,
            entity,
            "assign",
            "Hand it to another person.",
            **act,
            body=of.ASSIGN,
        )


def _of_past(entity: Entity) -> Iterator[Route]:
    one = entity.one
    by = Parameter("by", _TEXT, "By this user: a login.")
    asked = (
        Parameter("field", _TEXT, "That touched this field."),
        by,
        _SINCE,
        _UNTIL,
        _size("limit", 500, 50),
    )
    for name, function, about, parameters, answer in (
        ("history", read.history, "Its changes, newest first.", asked, "Revision"),
        ("diff", read.diff, "What differs between two instants.", (_SINCE, _UNTIL), "Difference"),
        ("explain", read.explain, "Why you may do something with it.", (_ACTION,), "Reason"),
        ("amendments", read.amendments, "Its amendments, newest first.", (), "Amendment"),
        ("ahead", read.ahead, "What will change of it by itself.", (), "Planned"),
    ):
        yield _route(
            "GET",
            f"{one}/{name}",
            function,
            entity,
            name,
            about,
            parameters=parameters,
            answer=of.items(answer),
        )
    if OWN_PAIR in entity.cls.__scope__.pairs:
        yield _route(
            "GET",
            f"{one}/owners",
            read.owners,
            entity,
            "owners",
            "Who held it from when to when.",
            answer=of.items("OwnershipInterval"),
        )
        yield _route(
            "GET", f"{one}/team", read.team, entity, "team", "Who works on it.", answer=of.items("Member")
        )


def _of_stages(entity: Entity) -> Iterator[Route]:
    if entity.cls.__pipeline__ is None:
        return
    one = entity.one
    yield _route(
        "GET",
        f"{one}/moves",
        read.moves,
        entity,
        "moves",
        "Each move, with what it still needs.",
        answer=of.items("AllowedMove"),
    )
    yield _route(
        "GET",
        f"{one}/stages",
        read.stages,
        entity,
        "stages",
        "The stages that it went through.",
        answer=of.items("Stay"),
    )
    yield _route(
        "POST",
        f"{one}/moves",
        write.move,
        entity,
        "move",
        "Take it to another stage.",
        answer=of.moved(entity),
        body=of.MOVE,
        needs_version=True,
        is_act=True,
    )


def _of_facets(entity: Entity) -> Iterator[Route]:
    for word, cls in entity.facets.items():
        path = f"{entity.one}/{word.replace('_', '-')}"
        for method, function, about, more in (
            ("GET", read.facet, "What is kept of it there.", {}),
            ("PUT", write.put_facet, "Begin to keep it.", {"body": of.new_facet(cls), "status": 201}),
            ("PATCH", write.change_facet, "Change some fields.", {"body": of.changed_facet(cls)}),
        ):
            name = f"{entity.word.replace('-', '_')}_{word}_{method.lower()}"
            acts = {"is_act": method != "GET", "needs_version": method == "PATCH"}
            parameters = (_BECAUSE,) if method == "PATCH" else ()
            told: dict[str, Any] = {"answer": of.ref(cls.__name__), "parameters": parameters, **acts, **more}
            operation = Operation(name, about, entity.name, **told)
            yield Route(method, path, partial(function, entity, word), FACE, about=operation)


def _of_amendments() -> Iterator[Route]:
    one = f"{BASE}/amendments/{{id:str}}"
    inbox = Operation("inbox", "What waits for your decision.", "Amendment", of.items("Waiting"))
    yield Route("GET", f"{BASE}/inbox", deciding.inbox, FACE, about=inbox)
    decide = Operation(
        "decide",
        "Decide on several, each by itself.",
        "Amendment",
        of.DECIDED,
        body=of.DECIDE,
        is_act=True,
    )
    yield Route("POST", f"{BASE}/inbox", deciding.decide, FACE, about=decide)
    lines = Operation("amendments_lines", "What it changes.", "Amendment", of.items("AmendmentLine"))
    yield Route("GET", f"{one}/lines", deciding.lines, FACE, about=lines)
    for word, function in deciding.VERBS.items():
        operation = Operation(
            *(f"amendments_{word}", f"{word.capitalize()} it.", "Amendment", of.ref("Amendment")),
            body=of.VERB_BODIES.get(word, of.REASON),
            is_act=True,
            needs_body=word in ("enlist", "entrust", "reject", "return"),
        )
        yield Route("POST", f"{one}/{word}", function, FACE, about=operation)
