"""Requests that Schemathesis makes up from the OpenAPI document, and what it says of the answers.

They go to the application in this process, as those of a server would, so that ten thousand of them take a minute.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .browser import Browser, Reply

__all__ = ["Found", "fuzz"]

# What a client may not send by itself, or what stands for the connection.
_OURS = frozenset(
    ("content-length", "host", "cookie", "user-agent", "connection", "accept-encoding", "authorization")
)

_TOO_LARGE = 413


@attrs.define
class Found:
    """What came of so many requests: how many were answered with which status, and what was wrong."""

    statuses: Counter[int] = attrs.field(factory=Counter)
    faults: list[str] = attrs.field(factory=list)

    @property
    def number(self) -> int:
        """How many requests were answered."""
        return sum(self.statuses.values())


def fuzz(program: Browser, number: int, start: int) -> Found:
    """Send about so many requests, to all operations alike: some as documented, some that are not.

    Half of the ids in addresses are those of records that there are, since others are not found.
    """
    import schemathesis
    from schemathesis import GenerationMode

    schema = schemathesis.openapi.from_dict(program.get("/api/v1/openapi.json").data)
    operations = [one.ok() for one in schema.get_all_operations()]
    known, found, draw = _ids(program, operations), Found(), random.Random(start)
    each = max(1, -(-number // (2 * len(operations))))
    if number < 2 * len(operations):
        operations = draw.sample(operations, max(1, number // 2))
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _try(program, operation, operation.as_strategy(generation_mode=mode), each, known, found, draw)
    return found


def _ids(program: Browser, operations: list[Any]) -> dict[str, list[str]]:
    """The ids of some records by the beginning of the addresses that take them."""
    listed = {one.path for one in operations if one.method == "get" and "{" not in one.path}
    found = {}
    for path in sorted({one.path.partition("/{")[0] for one in operations if "{" in one.path} & listed):
        reply = program.get(f"{path}?size=20")
        items = reply.data.get("items", []) if reply.status == 200 else []
        found[path] = [str(one["id"]) for one in items if "id" in one]
    return found


def _try(
    program: Browser,
    operation: Any,
    cases: Any,
    number: int,
    known: dict[str, list[str]],
    found: Found,
    draw: random.Random,
) -> None:
    ids = known.get(operation.path.partition("/{")[0], [])

    @seed(draw.getrandbits(64))
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, real=st.sampled_from(ids) if ids else st.none(), is_real=st.booleans())
    def send(case: Any, real: str | None, is_real: bool) -> None:
        if real is not None and is_real and "id" in case.path_parameters:
            case.path_parameters["id"] = real
        _send(program, case, found, is_altered=real is not None and is_real)

    send()


def _send(program: Browser, case: Any, found: Found, *, is_altered: bool) -> None:
    import requests

    given = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
    wanted = ("method", "url", "headers", "files", "data", "json", "params", "cookies")
    try:
        made = requests.Request(**{name: given[name] for name in wanted if name in given}).prepare()
        headers = [
            (name, value if isinstance(value, str) else value.decode("latin-1"))
            for name, value in made.headers.items()
            if name.lower() not in _OURS
        ]
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        [value.encode("latin-1") for pair in headers for value in pair]
    except (UnicodeError, ValueError, requests.RequestException):
        # No client could send it.
        return
    reply = program.ask(str(made.method), str(made.path_url), body=body, headers=headers)
    found.statuses[reply.status] += 1
    for wrong in _wrong(case, made, reply, is_altered=is_altered):
        found.faults.append(f"{made.method} {made.path_url} {body[:300]!r}: {reply.status} {wrong}")


def _wrong(case: Any, sent: Any, reply: Reply, *, is_altered: bool) -> Iterator[str]:
    """What Schemathesis finds wrong with an answer."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.failures import FailureGroup
    from schemathesis.core.transport import Response
    from schemathesis.specs.openapi import checks

    headers: dict[str, list[str]] = {}
    for name, value in reply.headers:
        headers.setdefault(name, []).append(value)
    asked = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    if not is_altered and reply.status != _TOO_LARGE:
        # With another id than the one that was drawn wrong, it may be right; too large is refused as well.
        asked.append(checks.negative_data_rejection)
    try:
        case.validate_response(Response(reply.status, headers, reply.body, sent, 0.0, False), checks=asked)
    except FailureGroup as group:
        yield from (str(one)[:600] for one in group.exceptions)
