"""Reading pipelines from plain data: strict, and with every problem at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.effect import KEYS, AddTask, Emit, SetField, StartAmendment
from pycrm.pipeline.gate import OPERATORS, Need, Use, Where
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

    def made(self, cls: Any, value: Any, path: str, shape: Mapping[str, _Entry]) -> Any:
        """What a table declares; nothing is made of one with problems, which refuse the whole."""
        found = len(self.problems)
        arguments = self.table(value, path, shape)
        return cls(**arguments) if len(self.problems) == found else None

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

    def operator(self, value: Any, path: str) -> str:
        if value not in OPERATORS:
            self.refuse(path, "type", f"must be one of {', '.join(OPERATORS)}")
        return str(value)

    def plain(self, value: Any, path: str) -> Any:
        """A value as JSON has it: a text, a number, a truth, a list or a table of such."""
        if isinstance(value, Mapping):
            return {str(name): self.plain(one, _below(path, name)) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(item, place) for item, place in self.rows(value, path)]
        if isinstance(value, str):
            return self.text(value, path)
        if value is not None and not isinstance(value, bool | int | float):
            self.refuse(path, "type", "must be a text, a number, a truth, a list or a table")
        return value

    def values(self, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.refuse(path, "type", "must be a table of names and values")
            return {}
        return {str(name): self.plain(one, _below(path, name)) for name, one in value.items()}

    def stages(self, value: Any, path: str) -> list[Any]:
        return [self.made(Stage, item, place, _STAGE) for item, place in self.rows(value, path)]

    def moves(self, value: Any, path: str) -> list[Any]:
        return [self.made(Move, item, place, _MOVE) for item, place in self.rows(value, path)]

    def needs(self, value: Any, path: str) -> list[Any]:
        return [self.made(Need, item, place, _NEED) for item, place in self.rows(value, path)]

    def wheres(self, value: Any, path: str) -> list[Any]:
        return [self.made(Where, item, place, _WHERE) for item, place in self.rows(value, path)]

    def uses(self, value: Any, path: str) -> list[Any]:
        return [self.use(item, place) for item, place in self.rows(value, path)]

    def use(self, value: Any, path: str) -> Any:
        return self.text(value, path) if isinstance(value, str) else self.made(Use, value, path, _USE)

    def effects(self, value: Any, path: str) -> list[Any]:
        return [self.effect(item, place) for item, place in self.rows(value, path)]

    def effect(self, value: Any, path: str) -> Any:
        if not isinstance(value, Mapping) or "effect" not in value:
            return self.use(value, path)
        for cls, shape in _EFFECTS.items():
            if value["effect"] == KEYS[cls]:
                return self.made(cls, {n: one for n, one in value.items() if n != "effect"}, path, shape)
        self.refuse(_below(path, "effect"), "type", f"must be one of {', '.join(KEYS.values())}")
        return None


def _below(path: str, key: object) -> str:
    return f"{path}/{key}" if path else str(key)


def _optional(method: Callable[[_Reading, Any, str], Any]) -> _Entry:
    return _Entry(method, optional=True)


_WHERE = {
    "field": _Entry(_Reading.text),
    "op": _optional(_Reading.operator),
    "value": _optional(_Reading.plain),
}
_NEED = {
    "key": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "entity": _Entry(_Reading.text),
    "match": _optional(_Reading.translations),
    "where": _optional(_Reading.wheres),
    "least": _optional(_Reading.whole),
    "then": _optional(_Reading.texts),
    "translations": _optional(_Reading.translations),
}
_USE = {"name": _Entry(_Reading.text), "parameters": _optional(_Reading.values)}
_EFFECTS: Mapping[type, Mapping[str, _Entry]] = {
    AddTask: {
        "title": _Entry(_Reading.text),
        "days": _optional(_Reading.whole),
        "priority": _optional(_Reading.text),
    },
    SetField: {"field": _Entry(_Reading.text), "value": _optional(_Reading.plain)},
    StartAmendment: {"values": _Entry(_Reading.values), "because": _Entry(_Reading.text)},
    Emit: {"event": _Entry(_Reading.text)},
}
_STAGE = {
    "key": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "kind": _optional(_Reading.kind),
    "probability": _optional(_Reading.whole),
    "expected_days": _optional(_Reading.whole),
    "stall_days": _optional(_Reading.whole),
    "required": _optional(_Reading.texts),
    "records": _optional(_Reading.needs),
    "archived": _optional(_Reading.flag),
    "stages": _optional(_Reading.stages),
    "initial": _optional(_Reading.text),
    "parallel": _optional(_Reading.flag),
    "on_done": _optional(_Reading.text),
    "translations": _optional(_Reading.translations),
}
_MOVE = {
    "key": _Entry(_Reading.text),
    "sources": _Entry(_Reading.texts),
    "target": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "into": _optional(_Reading.texts),
    "permission": _optional(_Reading.text),
    "reach": _optional(_Reading.text),
    "approval": _optional(_Reading.text),
    "guards": _optional(_Reading.uses),
    "required": _optional(_Reading.texts),
    "records": _optional(_Reading.needs),
    "reason": _optional(_Reading.flag),
    "within_days": _optional(_Reading.whole),
    "effects": _optional(_Reading.effects),
    "translations": _optional(_Reading.translations),
}
_PIPELINE = {
    "key": _Entry(_Reading.text),
    "version": _Entry(_Reading.whole),
    "entity": _Entry(_Reading.text),
    "label": _Entry(_Reading.text),
    "translations": _optional(_Reading.translations),
    "initial": _optional(_Reading.text),
    "when": _optional(_Reading.wheres),
    "stages": _Entry(_Reading.stages),
    "moves": _optional(_Reading.moves),
}
