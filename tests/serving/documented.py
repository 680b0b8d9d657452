"""The OpenAPI document as a measure: whether an answer is what it says, and requests made up from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

import attrs
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .browser import Browser, Reply

__all__ = ["Checked", "Document", "Request", "requests"]

METHODS = ("get", "put", "post", "patch", "delete")


@attrs.define(slots=False)
class Document:
    """An OpenAPI document, as somebody was given it."""

    data: dict[str, Any]

    @property
    def operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Each operation by method and path."""
        return {
            (method.upper(), path): item[method]
            for path, item in self.data["paths"].items()
            for method in METHODS
            if method in item
        }

    @cached_property
    def _patterns(self) -> list[tuple[Any, str]]:
        concrete_first = sorted(self.data["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\\?\{[a-z_]+\\?\}", "[^/]+", path)), path) for path in concrete_first]

    def path_of(self, target: str) -> str | None:
        """The documented path that an address is of."""
        plain = target.partition("?")[0]
        return next((path for pattern, path in self._patterns if pattern.fullmatch(plain)), None)

    @cached_property
    def _registry(self) -> Any:
        return Registry().with_resource("doc:", Resource(contents=self.data, specification=DRAFT202012))

    def faults(self, method: str, target: str, reply: Reply) -> list[str]:
        """What in an answer is not as documented."""
        path = self.path_of(target)
        operation = self.operations.get((method, path or ""))
        if path is None or operation is None:
            return [] if reply.status in (404, 405) else [f"{method} {target} is not documented"]
        status = str(reply.status) if str(reply.status) in operation["responses"] else "default"
        if status == "default" and reply.status < 400:
            return [f"{reply.status} is not documented"]
        if status == "default":
            return self._wrong("#/components/schemas/Problem", reply, "application/problem+json")
        ((media, _),) = operation["responses"][status]["content"].items()
        escaped = path.replace("~", "~0").replace("/", "~1")
        place = (
            f"#/paths/{escaped}/{method.lower()}/responses/{status}/content/{media.replace('/', '~1')}/schema"
        )
        return self._wrong(quote(place, safe="#/~"), reply, media)

    def _wrong(self, place: str, reply: Reply, media: str) -> list[str]:
        said = reply.header("content-type").partition(";")[0]
        if said != media:
            return [f"{said} instead of {media}"]
        if not media.endswith("json"):
            return []
        found = self._validator(place).iter_errors(reply.data)
        return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]

    def _validator(self, place: str) -> Any:
        kept = self.__dict__.setdefault("_validators", {})
        if place not in kept:
            kept[place] = Draft202012Validator({"$ref": f"doc:{place}"}, registry=self._registry)
        return kept[place]


@attrs.define
class Checked(Browser):
    """A program that holds every answer against the document."""

    document: Document | None = None

    def ask(self, method: str, target: str, **more: Any) -> Reply:
        reply = super().ask(method, target, **more)
        if self.document is not None and target.startswith("/api/"):
            assert self.document.faults(method, target, reply) == [], (method, target, reply.text[:500])
        return reply


# --- requests made up from the document ------------------------------------------------------------------


@attrs.frozen
class Request:
    """One request that the document allows, or nearly."""

    method: str
    target: str
    json: Any
    headers: dict[str, str]


ODD = (
    "",
    " ",
    "'",
    '" OR 1=1 --',
    "%00",
    "\u0000",
    "é́\u202e",
    "9" * 400,
    "null",
    "-1",
    "1e9",
    "💥" * 50,
    "../../etc",
)


def requests(document: Document, random: Random, ids: dict[str, list[str]], number: int) -> Iterator[Request]:
    """So many requests, over all operations in some order; about half of them with something odd."""
    operations = sorted(document.operations.items())
    random.shuffle(operations)
    for index in range(number):
        (method, path), operation = operations[index % len(operations)]
        yield _request(document, random, ids, method, path, operation)


def _request(
    document: Document, random: Random, ids: dict[str, list[str]], method: str, path: str, operation: Any
) -> Request:
    headers: dict[str, str] = {}
    query: list[str] = []
    known = ids.get(operation["tags"][0], []) or [str(UUID(int=random.getrandbits(128)))]
    id = random.choice(known) if random.random() < 0.8 else random.choice(ODD[1:]).replace("/", "")
    target = path.replace("{id}", quote(id or "x", safe=""))
    for parameter in operation["parameters"]:
        if parameter["in"] == "path" or not (parameter.get("required") or random.random() < 0.3):
            continue
        value = _value(document, random, parameter["schema"], ids, 0)
        text = ",".join(map(str, value)) if isinstance(value, list) else _text(value)
        if parameter["in"] == "query":
            query.append(f"{parameter['name']}={quote(text, safe='')}")
        else:
            headers[parameter["name"]] = "".join(sign for sign in text if 31 < ord(sign) < 127) or "1"
    if random.random() < 0.1:
        query.append(
            f"{random.choice(('where', 'sort', 'fields', 'x'))}={quote(random.choice(ODD), safe='')}"
        )
    body = None
    if "requestBody" in operation and random.random() < 0.97:
        body = _value(
            document, random, operation["requestBody"]["content"]["application/json"]["schema"], ids, 0
        )
    return Request(method, f"{target}?{'&'.join(query)}" if query else target, body, headers)


def _text(value: Any) -> str:
    return {True: "true", False: "false", None: ""}.get(value) if value in (True, False, None) else str(value)  # type: ignore[return-value]


def _value(document: Document, random: Random, schema: Any, ids: dict[str, list[str]], depth: int) -> Any:
    """A value that the schema allows, or in one case of twelve another one."""
    if random.random() < 0.08:
        return random.choice((*ODD, None, True, -1, 2**70, 1.5, [], {}, [[]], {"a": {"b": []}}))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _value(document, random, document.data["components"]["schemas"][name], ids, depth)
    if "anyOf" in schema:
        return _value(document, random, random.choice(schema["anyOf"]), ids, depth)
    if "enum" in schema:
        return random.choice(schema["enum"])
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = random.choice(kind)
    if kind == "object":
        return _object(document, random, schema, ids, depth)
    if kind == "array":
        some = range(random.randint(schema.get("minItems", 0), max(schema.get("minItems", 0), 2)))
        return [_value(document, random, schema["items"], ids, depth + 1) for _ in some]
    return _plain(random, schema, kind, ids)


def _object(document: Document, random: Random, schema: Any, ids: dict[str, list[str]], depth: int) -> Any:
    needed = set(schema.get("required", ()))
    return {
        name: _value(document, random, one, ids, depth + 1)
        for name, one in schema.get("properties", {}).items()
        if name in needed or (depth < 4 and random.random() < 0.3)
    }


def _plain(random: Random, schema: Any, kind: str, ids: dict[str, list[str]]) -> Any:
    if kind == "boolean":
        return random.random() < 0.5
    if kind == "null":
        return None
    if kind in ("integer", "number"):
        return random.randint(schema.get("minimum", 0), min(schema.get("maximum", 5), 5))
    form = schema.get("format")
    if form == "uuid":
        return random.choice(
            [*(id for some in ids.values() for id in some), str(UUID(int=random.getrandbits(128)))]
        )
    if form == "date":
        return f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    if form == "date-time":
        return f"2026-0{random.randint(1, 9)}-11T08:00:00Z"
    if form == "decimal" or schema.get("title") == "amount":
        return f"{random.randint(0, 10**6)}.00"
    if "pattern" in schema:
        return str(random.randint(1, 3))
    return random.choice(("name=x", "name~a", "abc", "CNY", "10.00", "Alder", "kept for the record", "name"))
