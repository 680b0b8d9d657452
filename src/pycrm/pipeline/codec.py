"""Reading pipelines from plain data: strict, and with every problem at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.model import KINDS, Move, Stage
from pycrm.values import clean_text

__all__ = ["parse", "read"]

_LONGEST = 200


def parse(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        InvalidError: it is not TOML; the message says where.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits, deep nesting
        sentence = str(error) if isinstance(error, tomllib.TOMLDecodeError) else type(error).__name__
        problem = Problem("", "format", f"not TOML: {sentence}")
        raise InvalidError("The pipeline cannot be read.", fields=[problem]) from error


def read(data: object) -> dict[str, Any]:
    """The arguments of a `Pipeline`, with its stages and moves made.

    Raises:
        InvalidError: with every unknown or missing key and every wrong type.
    """
    reading = _Reading()
    arguments = reading.table(data, "", _PIPELINE)
    if reading.problems:
        raise InvalidError("The pipeline cannot be read.", fields=reading.problems)
    arguments["stages"] = tuple(Stage(**stage) for stage in arguments["stages"])
    arguments["moves"] = tuple(Move(**move) for move in arguments.get("moves", ()))
    return arguments


@attrs.frozen
class _Entry:
    """How one key of a table is read, and whether it may be absent."""

    method: Callable[[_Reading, Any, str], Any]
    optional: bool = False


@attrs.define
class _Reading:
    """One pass over the data, which goes on after a problem."""

    problems: list[Problem] = attrs.Factory(list)

    def refuse(self, path: str, code: str, message: str) -> None:
        self.problems.append(Problem(path, code, message))

    def table(self, value: Any, path: str, shape: Mapping[str, _Entry]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.refuse(path, "type", "must be a table of keys and values")
            return {}
        for key in value:
            if key not in shape:
                known = ", ".join(shape)
                self.refuse(_below(path, key), "unknown", f"is not a known key; known are {known}")
        found = {}
        for key, entry in shape.items():
            if key in value:
                found[key] = entry.method(self, value[key], _below(path, key))
            elif not entry.optional:
                self.refuse(_below(path, key), "required", "must be given")
        return found

    def text(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            self.refuse(path, "type", "must be a text")
            return ""
        try:
            return clean_text(value, longest=_LONGEST)
        except ValueError as error:
            self.refuse(path, "format", str(error))
            return ""

    def kind(self, value: Any, path: str) -> str:
        if value not in KINDS:
            self.refuse(path, "type", f"must be one of {', '.join(KINDS)}")
        return str(value)

    def whole(self, value: Any, path: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(path, "type", "must be a whole number")
            return 0
        return value

    def flag(self, value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            self.refuse(path, "type", "must be true or false")
        return value is True

    def rows(self, value: Any, path: str) -> list[tuple[Any, str]]:
        if not isinstance(value, list | tuple):
            self.refuse(path, "type", "must be a list")
            return []
        return [(item, f"{path}/{place}") for place, item in enumerate(value)]

    def texts(self, value: Any, path: str) -> tuple[str, ...]:
        return tuple(self.text(item, place) for item, place in self.rows(value, path))

    def translations(self, value: Any, path: str) -> dict[str, str]:
        if not isinstance(value, Mapping):
            self.refuse(path, "type", "must be a table of languages and texts")
            return {}
        return {str(language): self.text(text, _below(path, language)) for language, text in value.items()}

    def stages(self, value: Any, path: str) -> list[dict[str, Any]]:
        return [self.table(item, place, _STAGE) for item, place in self.rows(value, path)]

    def moves(self, value: Any, path: str) -> list[dict[str, Any]]:
        return [self.table(item, place, _MOVE) for item, place in self.rows(value, path)]


def _below(path: str, key: object) -> str:
    return f"{path}/{key}" if path else str(key)


_STAGE = {
    "key": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "kind": _Entry(_Reading.kind, optional=True),
    "probability": _Entry(_Reading.whole, optional=True),
    "expected_days": _Entry(_Reading.whole, optional=True),
    "stall_days": _Entry(_Reading.whole, optional=True),
    "required": _Entry(_Reading.texts, optional=True),
    "archived": _Entry(_Reading.flag, optional=True),
    "translations": _Entry(_Reading.translations, optional=True),
}
_MOVE = {
    "key": _Entry(_Reading.text),
    "sources": _Entry(_Reading.texts),
    "target": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "permission": _Entry(_Reading.text, optional=True),
    "guards": _Entry(_Reading.texts, optional=True),
    "required": _Entry(_Reading.texts, optional=True),
    "reason": _Entry(_Reading.flag, optional=True),
    "translations": _Entry(_Reading.translations, optional=True),
}
_PIPELINE = {
    "key": _Entry(_Reading.text),
    "version": _Entry(_Reading.whole),
    "entity": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "translations": _Entry(_Reading.translations, optional=True),
    "initial": _Entry(_Reading.text, optional=True),
    "stages": _Entry(_Reading.stages),
    "moves": _Entry(_Reading.moves, optional=True),
}
