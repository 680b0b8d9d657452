"""Packages that import what they name when somebody asks for it: each costs those alone who use it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

__all__ = ["collector_at_rest", "on_demand"]


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
    with collector_at_rest():
        return import_module(module)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No search for reference cycles meanwhile: for making much that stays, as importing does, or makes no cycles.

    Python would go through all that the process holds again and again, for a fifth of the time or more.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
