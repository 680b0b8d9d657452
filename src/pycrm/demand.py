"""Packages that import what they name when somebody asks for it: each costs those alone who use it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

__all__ = ["on_demand", "staying"]


def on_demand(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package, which imports its modules and their names at first use.

    Args:
        package: its ``__name__``.
        homes: its modules, each with those of its names that the package has too.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name in homes:
            return _imported(f"{package}.{name}")
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(_imported(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


def _imported(module: str) -> Any:
    if module in sys.modules:
        # Perhaps another thread is about it still; then this waits for it.
        return import_module(module)
    with staying():
        return import_module(module)


@contextmanager
def staying() -> Iterator[None]:
    """For making what stays, as importing does: to look for garbage in it would take a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
