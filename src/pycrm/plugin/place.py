"""Where something is declared or raised, as file and line, so that a message can be followed."""

from __future__ import annotations

import importlib
import inspect
import os
import traceback

__all__ = ["place_of", "place_of_raise"]

# Frames of loading and calling plugins, which lead to the plugin but say nothing of it.
_MACHINERY = (
    "<frozen",
    os.path.join(os.path.dirname(__file__), ""),
    os.path.join(os.path.dirname(importlib.__file__), ""),
)


def place_of(thing: object) -> str:
    """``file.py:12`` of a class, a function or an object's class; its full name where it has no source."""
    target = inspect.unwrap(thing) if callable(thing) else thing
    target = getattr(target, "__func__", target)
    code = getattr(target, "__code__", None)
    if code is not None:
        return f"{_short(code.co_filename)}:{code.co_firstlineno}"
    cls = target if isinstance(target, type) else type(target)
    try:
        file = inspect.getsourcefile(cls)
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return f"{cls.__module__}.{cls.__qualname__}"
    return f"{_short(file or cls.__module__)}:{line}"


def place_of_raise(error: BaseException) -> str:
    """Where an error left the plugin, ``file.py:12``, and where it began, if in another file."""
    way = [
        (_short(frame.f_code.co_filename), line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(_MACHINERY)
    ]
    if not way:
        return "an unknown place"
    (file, line), (deepest, raised) = way[0], way[-1]
    if deepest == file:
        return f"{file}:{raised}"
    return f"{file}:{line}, raised in {deepest}:{raised}"


def _short(file: str) -> str:
    """The path from the working directory where the file lies below it, else the whole path."""
    try:
        below = os.path.relpath(file)
    except ValueError:  # another drive
        return file
    return file if below.startswith(os.pardir) else below
