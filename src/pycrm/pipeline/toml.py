"""Pipelines written as TOML, such as `Pipeline.from_toml` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pycrm.pipeline.model import Pipeline

__all__ = ["toml"]

# What reads best as a table of its own for each; all else stands in one line.
_TABLES = ("stages", "moves")


def toml(pipeline: Pipeline) -> str:
    """The pipeline as TOML, ending in a line break; reading it gives an equal pipeline.

    Raises:
        ValueError: a parameter or a value is nothing, for which TOML has no word.
    """
    return "\n".join(_table(pipeline.as_dict(), "")) + "\n"


def _table(values: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in values.items():
        if name not in _TABLES:
            yield f"{_key(name)} = {_value(value)}"
    for name in _TABLES:
        for one in values.get(name, ()):
            here = f"{path}.{name}" if path else name
            yield ""
            yield f"[[{here}]]"
            yield from _table(one, here)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if value is None:
        raise ValueError("TOML has no word for nothing")
    # JSON writes texts, numbers and truths as TOML does, but for this one sign.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else _value(name)
