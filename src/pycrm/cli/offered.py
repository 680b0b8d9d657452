"""The commands that plugins offer, each group under its plugin's name: ``pycrm segments refresh``.

A plugin is looked up only where a word names no command of our own, so that nothing is imported for
those that are not used.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.cli.answer import Fields, Part, Table
from pycrm.cli.call import Call, command, group

if TYPE_CHECKING:
    import typer

    from pycrm.plugin import Plugin

__all__ = ["offered"]


def offered(name: str, settings: Mapping[str, Any] | None) -> typer.Typer | None:
    """The commands of the plugin of that name; None where none offers any.

    Args:
        settings: of the product that runs the command line, whose `plugins` come first.
    """
    plugin = _plugin(name, (settings or {}).get("plugins", ()))
    if plugin is None or not plugin.commands:
        return None
    made = group(plugin.title + ".", name=name)

    @made.callback()
    def _part() -> None:
        pass

    for one in plugin.commands:
        command(made, one.__name__.rstrip("_").replace("_", "-"))(_face(name, one))
    return made


def _plugin(name: str, given: Sequence[Any]) -> Plugin | None:
    for one in given:
        if getattr(one, "name", None) == name:
            made: Any = one
            return made() if isinstance(one, type) else made  # type: ignore[no-any-return]
    from pycrm.plugin import discover

    if all(one.name != name for one in discover()):
        return None
    # The plugin alone: what it requires is loaded with the database.
    found: Any = next(one.open() for one in discover() if one.name == name)
    return found() if isinstance(found, type) else found  # type: ignore[no-any-return]


def _face(name: str, function: Callable[..., Any]) -> Callable[..., None]:
    """The command of a function that takes a session and answers something."""

    def face(call: Call, **given: Any) -> None:
        known = (*call.plugins, *(getattr(one, "name", one) for one in call.settings.get("plugins", ())))
        # Whoever asks for a plugin's command means that plugin.
        asked = call if name in known else attrs.evolve(call, plugins=(*call.plugins, name))
        told = asked.run(lambda session: function(session, **given))
        call.answer(_data(told), *_parts(told))

    signature = inspect.signature(function, eval_str=True)
    first = inspect.Parameter("call", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Call)
    described: Any = face
    described.__signature__ = signature.replace(
        parameters=[first, *list(signature.parameters.values())[1:]], return_annotation=None
    )
    described.__doc__, described.__name__ = function.__doc__, function.__name__
    return face


def _data(told: Any) -> Any:
    if isinstance(told, list | tuple):
        return [_data(one) for one in told]
    return attrs.asdict(told, recurse=True) if attrs.has(type(told)) else told


def _parts(told: Any) -> list[Part]:
    """A sentence, a value with its fields, or values as a table."""
    if isinstance(told, str):
        return [told]
    if attrs.has(type(told)):
        return [Fields([(_label(name), _text(value)) for name, value in _fields(told)])]
    if not told:
        return ["Nothing."]
    columns = [_label(name) for name, _ in _fields(told[0])]
    return [Table(columns, [[_text(value) for _, value in _fields(one)] for one in told])]


def _fields(told: Any) -> list[tuple[str, Any]]:
    return [(one.name, getattr(told, one.name)) for one in attrs.fields(type(told))]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(one) for one in value)
    return "" if value is None else str(value)
