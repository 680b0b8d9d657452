"""The sample data of plugins: where their functions are, and what is named that is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pycrm.errors import DeclarationError

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.plugin import Plugin

__all__ = ["absent", "sample_of"]


def sample_of(plugin: Plugin) -> Callable[[CRM], object]:
    """The function that fills an empty database with sample data of a plugin.

    Raises:
        DeclarationError: the plugin brings none, or names a function that is not there.
    """
    if plugin.sample is None:
        raise DeclarationError(f"the plugin {plugin.name} brings no sample data")
    home, _, name = plugin.sample.partition(":")
    try:
        found: Any = getattr(import_module(home), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{home}.".startswith(f"{error.name}."):
            raise
        raise DeclarationError(
            f"{plugin.name}: sample names {plugin.sample}, and there is no {home}"
        ) from error
    if not callable(found):
        raise DeclarationError(f"{plugin.name}: sample names {plugin.sample}, and {home} has no {name}")
    return found  # type: ignore[no-any-return]


def absent(plugin: Plugin) -> Iterator[str]:
    """What a plugin names of its package that is not there: a line each."""
    if plugin.sample is not None:
        try:
            sample_of(plugin)
        except DeclarationError as error:
            yield str(error)
    if plugin.templates is not None and not _is_package(plugin.templates):
        yield f"{plugin.name}: there is no package {plugin.templates} of templates"


def _is_package(name: str) -> bool:
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        return False
    return found is not None and bool(found.submodule_search_locations)
