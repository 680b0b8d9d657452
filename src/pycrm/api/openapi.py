"""The OpenAPI document of the face, made from the routes that are served and the declarations that check.

It is made for whoever asks: a field with which they may do nothing is no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pycrm.api.entity import Entity, entities, facet_named, facets
from pycrm.api.operation import Operation
from pycrm.api.schema import KEY, TEXT, Schema, listed, ref, thing
from pycrm.api.shape import answered, components
from pycrm.declare.codec import json_schema
from pycrm.entities.handover import HandoverReceiver
from pycrm.errors import NotFoundError
from pycrm.http import Route
from pycrm.http.problem import PROBLEM, TITLES

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["document"]

_PARAMETER = re.compile(r"\{([a-z_]+):[a-z]+\}")
_KNOWN = Callable[[Any], Iterable[str]]


def document(session: Session, routes: Iterable[Route]) -> Schema:
    """The document of these routes, as far as the actor knows the fields."""
    from pycrm import __version__
    from pycrm.api.asked import known_to

    paths: dict[str, Any] = {}
    for route in routes:
        if isinstance(route.about, Operation):
            path = _PARAMETER.sub(r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, route.about)
    return {
        "openapi": "3.1.0",
        "info": {"title": "pycrm", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **components(), **_of_classes(session, known_to(session))},
            "responses": {"Problem": _REFUSED},
            "securitySchemes": _SECURITY,
        },
    }


_ABOUT = (
    "Every kind of record of the core and of the plugins. What is out of your sight is answered as what is "
    "missing, and a field that you may not read as one that there is not."
)
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of `pycrm token new`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "pycrm",
        "description": "Needs X-CSRF-Token to write.",
    },
}
_PROBLEM = thing(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "code": {"enum": list(TITLES)},
        "message": TEXT,
        "fields": listed(thing({"path": TEXT, "code": TEXT, "message": TEXT})),
        "data": {"type": "object", "description": "What is needed in order to go on."},
        "request": {"type": "string", "description": "Of a failure of ours: the id in its log."},
    },
    required=("type", "title", "status", "code", "message", "fields", "data"),
)
_REFUSED = {"description": "Refused, or failed.", "content": {PROBLEM: {"schema": ref("Problem")}}}


def _operation(route: Route, told: Operation) -> Schema:
    answers = {str(told.status): _answer(told, told.answer)}
    answers |= {str(status): _answer(told, schema) for status, schema in told.others.items()}
    made: Schema = {
        "operationId": told.name,
        "summary": told.about,
        "tags": [told.entity],
        "parameters": [*_parameters(route, told)],
        "responses": answers | {"default": {"$ref": "#/components/responses/Problem"}},
    }
    if told.body is not None:
        made["requestBody"] = {
            "required": told.needs_body,
            "content": {"application/json": {"schema": told.body}},
        }
    return made


def _answer(told: Operation, schema: Any) -> Schema:
    if not told.media.endswith("json"):
        return {"description": told.about, "content": {told.media: {"schema": {"type": "string"}}}}
    return {"description": told.about, "content": {told.media: {"schema": schema}}}


def _parameters(route: Route, told: Operation) -> Iterable[Schema]:
    for name in _PARAMETER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": KEY}
    for one in told.parameters:
        found: Schema = {
            "name": one.name,
            "in": "query",
            "schema": dict(one.schema),
            "description": one.about,
        }
        yield found | ({"required": True} if one.is_required else {})
    if told.needs_version:
        about = 'The version that you have read: "3".'
        schema: Schema = {"type": "string", "pattern": '^"?[0-9]{1,9}"?$'}
        yield {"name": "If-Match", "in": "header", "required": True, "schema": schema, "description": about}
    if told.is_act:
        about = "Sent again with the same key and content the request takes effect once."
        schema = {"type": "string", "minLength": 1, "maxLength": 200}
        yield {"name": "Idempotency-Key", "in": "header", "schema": schema, "description": about}


def _of_classes(session: Session, known: _KNOWN) -> dict[str, Schema]:
    """What is sent and what is answered of each class, without the fields that the actor does not know."""
    found: dict[str, Schema] = {}
    for entity in entities(session.crm):
        cls, name = entity.cls, entity.name
        found[name] = answered(cls, known)
        found[f"Changed{name}"] = _sent(cls, known, patch=True)
        found[f"New{name}"] = _new(_sent(cls, known), entity)
        for word in entity.words:
            found |= _of_facet(session, entity, word, known)
        for part, target in entity.parts.items():
            given = _sent(target, known)
            for word, facet in facets(session.crm, target).items():
                given["properties"][word] = ref(f"New{facet.__name__}")
            found[f"New{name}{part.capitalize()}"] = given
    found["HandoverReceiver"] = _sent(HandoverReceiver, known)
    return {name: _titled(name, schema) for name, schema in found.items()}


def _titled(name: str, schema: Schema) -> Schema:
    """The schema under its own name, its rows under none: generators of clients call a type by it."""
    for one in schema["properties"].values():
        one.get("items", {}).pop("title", None)
    return schema | {"title": name}


def _of_facet(session: Session, entity: Entity, word: str, known: _KNOWN) -> dict[str, Schema]:
    """The same of a facet; of fields that administrators add, as they are now, which may be none."""
    try:
        cls = facet_named(session, entity.cls, word)
    except NotFoundError:
        name = f"{entity.name}Fields"
        return {each: thing({}) for each in (name, f"New{name}", f"Changed{name}")}
    name = cls.__name__
    changed, new = _sent(cls, known, patch=True), _sent(cls, known)
    return {
        name: answered(cls, known),
        f"New{name}": _without_host(new),
        f"Changed{name}": _without_host(changed),
    }


def _sent(cls: Any, known: _KNOWN, *, patch: bool = False) -> Schema:
    return _pruned(json_schema(cls, patch=patch), cls, known)


def _pruned(schema: Schema, cls: Any, known: _KNOWN) -> Schema:
    """The schema without the fields that the actor does not know, in rows of lists too."""
    from pycrm.declare.record import child_class

    names = set(known(cls))
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name in names}
    for name, one in schema["properties"].items():
        spec = cls.__specs__[name]
        if spec.child is not None:
            inner = one["items"]
            key = inner["properties"].pop("id")
            one["items"] = _pruned(inner, child_class(cls, spec), known)
            one["items"]["properties"]["id"] = key
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name in names]
        if not schema["required"]:
            del schema["required"]
    return schema


def _without_host(schema: Schema) -> Schema:
    """A facet is sent to the path of its record, which the body does not name."""
    schema["properties"].pop("of", None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name != "of"]
        if not schema["required"]:
            del schema["required"]
    return schema


_OPTIONS = {"owner": "A login or an id; else yours.", "pipeline": "The key of a pipeline."}


def _new(schema: Schema, entity: Entity) -> Schema:
    """What makes a new record: its fields, whose it is to be, and parts given whole."""
    properties = schema["properties"]
    for name in entity.parts:
        if name in properties:
            whole = ref(f"New{schema['title']}{name.capitalize()}")
            properties[name] = {"anyOf": [properties[name], whole]}
    for name in entity.options:
        properties[name] = {"type": "string", "description": _OPTIONS[name]}
    return schema
