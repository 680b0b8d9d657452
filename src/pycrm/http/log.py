"""One line of JSON for each request: who asked for what by which route, never a value.

Neither addresses with their parameters nor names nor messages of errors stand in it: these hold what
people typed. Of a failure it names the class and the places in the code that it passed.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs

__all__ = ["LOGGER", "Lines", "Note", "failed", "places"]

LOGGER = logging.getLogger("pycrm.http")


@attrs.define
class Note:
    """What is known of a request by the time it is answered."""

    request: str
    method: str
    route: str | None = None
    actor: UUID | None = None
    access: str | None = None
    status: int = 0
    milliseconds: float = 0.0
    waited: float | None = None
    code: str | None = None
    fault: str | None = None
    places: list[str] | None = None
    span: Any = attrs.field(default=None, repr=False)

    def write(self) -> None:
        """Write the line; a failure of ours is an error, everything else a piece of information."""
        level = logging.ERROR if self.status >= 500 else logging.INFO
        if LOGGER.isEnabledFor(level):
            LOGGER.log(level, "request", extra={"pycrm": self._told()})

    def _told(self) -> dict[str, Any]:
        found = attrs.asdict(self, filter=lambda field, _: field.name != "span")
        found["actor"] = None if self.actor is None else str(self.actor)
        found["milliseconds"] = round(self.milliseconds, 2)
        return {name: value for name, value in found.items() if value is not None}


def places(error: BaseException) -> tuple[str, list[str]]:
    """The class of an error and of its causes, and the places that it passed: file, line and function."""
    kinds: list[str] = []
    found: list[str] = []
    current: BaseException | None = error
    while current is not None and len(kinds) < 5:
        kinds.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__, limit=-8)
        found += [f"{one.filename.rpartition('site-packages/')[2]}:{one.lineno} {one.name}" for one in frames]
        current = current.__cause__ or current.__context__
    return " < ".join(kinds), found


def failed(request: str, code: str, error: BaseException | None = None) -> None:
    """Write that what was to be done after the answer to a request was not."""
    told: dict[str, Any] = {"request": request, "after": True, "code": code}
    if error is not None:
        told["fault"], told["places"] = places(error)
    LOGGER.error("after", extra={"pycrm": told})


class Lines(logging.Formatter):
    """Log records as lines of JSON; of what is not ours only level, logger and the message without its texts."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        own = getattr(record, "pycrm", None)
        told |= own if own is not None else {"message": _message(record)}
        if own is None and record.exc_info and record.exc_info[1] is not None:
            told["fault"], told["places"] = places(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """The message of another library: its numbers stand in it, its texts may be what people typed."""
    given = record.args if isinstance(record.args, tuple) else ()
    try:
        return str(record.msg) % tuple(one if isinstance(one, int | float) else "…" for one in given)
    except (TypeError, ValueError):
        return str(record.msg)
