"""From names of plugins to a registry: found, imported, checked, put in order, merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from pycrm.errors import Problem
from pycrm.plugin.errors import PluginDeclarationError
from pycrm.plugin.model import API, CUSTOM, Loaded, Plugin
from pycrm.plugin.place import place_of, place_of_raise
from pycrm.plugin.registry import Registry
from pycrm.plugin.rules import api_problems, arrange, conflicts, near, needs, requirement_problems, split

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "InstalledPlugin", "discover", "load", "required_by"]

GROUP = "pycrm.plugins"


@attrs.frozen
class InstalledPlugin:
    """A plugin that an installed distribution offers; nothing of it has been imported."""

    name: str
    target: str
    distribution: str
    version: str
    _entry: EntryPoint = attrs.field(repr=False, eq=False)

    def open(self) -> object:
        """Import the module and return what the entry point names."""
        return self._entry.load()


def discover() -> tuple[InstalledPlugin, ...]:
    """The plugins that installed distributions offer, by name, from the group ``pycrm.plugins``.

    Only the metadata of distributions is read: no plugin is imported. Two distributions that offer
    the same name are both listed, and `load` refuses that name.
    """
    from importlib.metadata import entry_points

    found = [
        InstalledPlugin(
            name=entry.name,
            target=entry.value,
            distribution=entry.dist.name if entry.dist else "unknown",
            version=entry.dist.version if entry.dist else "0",
            entry=entry,
        )
        for entry in entry_points(group=GROUP)
    ]
    return tuple(sorted(found, key=lambda each: (each.name, each.distribution)))


def load(plugins: Iterable[str | Plugin | type[Plugin]], *, api: str = API) -> Registry:
    """Load these plugins, and import no others.

    A plugin is given by the name of its entry point, as its class or as an instance. Each comes
    after what it requires, and after core; otherwise the order given is kept, and it is the order
    in which hooks are called. `api` is the version of the plugin contract to check against.

    Raises:
        PluginDeclarationError: a plugin is not installed or cannot be imported; it is written for
            another API; a requirement is missing, of another version or part of a circle; or two
            plugins claim the same name, class, table, pipeline or guard, or a table or facet that
            is not theirs. All of it is found in one pass, each problem with its places.
    """
    wanted = tuple(plugins)
    # Reading the metadata of all distributions takes a while; instances do not need it.
    installed = discover() if any(isinstance(each, str) for each in wanted) else ()
    problems: list[Problem] = []
    causes: list[BaseException] = []
    loaded: list[Loaded] = []
    for each in wanted:
        made = _named(each, installed, causes) if isinstance(each, str) else _made(each, causes)
        if isinstance(made, Problem):
            problems.append(made)
        else:
            loaded.append(made)
    # A plugin that could not be loaded has its problem already; who requires it has none.
    absent = {each.path for each in problems}
    problems += _name_clashes(loaded)
    problems += api_problems(loaded, api)
    problems += requirement_problems(loaded, {each.name for each in installed}, absent)
    problems += conflicts(loaded)
    if problems:
        raise PluginDeclarationError(problems) from (causes[0] if causes else None)
    by_name = {each.name: each for each in loaded}
    return Registry.of(by_name[name] for name in arrange(needs(loaded))[0])


def required_by(name: str) -> tuple[str, ...]:
    """The installed plugins that an installed one requires, straight or by others: each after what it requires.

    What is not installed is left out: loading says so.
    """
    offers = {each.name: each for each in discover()}
    found: list[str] = []
    seen = {name}

    def follow(one: str) -> None:
        for requirement in getattr(offers[one].open(), "requires", ()):
            wanted, _ = split(requirement)
            if wanted in offers and wanted not in seen:
                seen.add(wanted)
                follow(wanted)
                found.append(wanted)

    if name in offers:
        follow(name)
    return tuple(found)


def _named(name: str, installed: Sequence[InstalledPlugin], causes: list[BaseException]) -> Loaded | Problem:
    offers = [each for each in installed if each.name == name]
    if not offers:
        hint = near(name, (each.name for each in installed))
        return Problem(name, "unknown", f"no plugin {name} is installed{hint}")
    if len(offers) > 1:
        said = " and by ".join(f"{each.distribution} {each.version} ({each.target})" for each in offers)
        return Problem(name, "duplicate", f"plugin {name} is offered by {said}")
    offer = offers[0]
    said = f"plugin {name} ({offer.target} of {offer.distribution} {offer.version})"
    try:
        opened = offer.open()
    except (Exception, SystemExit) as error:  # a plugin's module may do anything when imported
        causes.append(error)
        return Problem(name, "import", f"{said} cannot be imported: {_reason(error)}")
    if not isinstance(opened, Plugin) and not (isinstance(opened, type) and issubclass(opened, Plugin)):
        return Problem(name, "type", f"{said} is a {type(opened).__name__}, not a Plugin")
    made = _made(opened, causes)
    if isinstance(made, Problem):
        return made
    if made.name != name:
        return Problem(name, "rule", f"{said} calls itself {made.name} ({place_of(opened)})")
    version = made.plugin.version or offer.version
    return attrs.evolve(made, version=version, distribution=offer.distribution)


def _made(plugin: object, causes: list[BaseException]) -> Loaded | Problem:
    if isinstance(plugin, type) and issubclass(plugin, Plugin) and plugin is not Plugin:
        cls = plugin
        try:
            plugin = cls()
        except Exception as error:
            causes.append(error)
            name = getattr(cls, "name", cls.__name__)
            said = f"plugin {name} ({place_of(cls)}) cannot be made: {_reason(error)}"
            return Problem(name, "rule", said)
    if not isinstance(plugin, Plugin) or type(plugin) is Plugin:
        what = plugin.__name__ if isinstance(plugin, type) else f"a {type(plugin).__name__}"
        said = f"{what} is no plugin: give a name, a subclass of Plugin or an instance of one"
        return Problem(what, "type", said)
    if plugin.name == CUSTOM:
        said = f"plugin {CUSTOM} ({place_of(plugin)}): the name is kept for fields added at run time"
        return Problem(CUSTOM, "range", said)
    return Loaded(plugin, plugin.version or "0")


def _reason(error: BaseException) -> str:
    if isinstance(error, PluginDeclarationError):
        return "; ".join(each.message for each in error.problems)
    return f"{type(error).__name__}: {error} ({place_of_raise(error)})"


def _name_clashes(loaded: Sequence[Loaded]) -> list[Problem]:
    by_name: dict[str, list[Loaded]] = {}
    for each in loaded:
        by_name.setdefault(each.name, []).append(each)
    return [
        Problem(
            name, "duplicate", f"two plugins are named {name}: {' and '.join(each.side for each in same)}"
        )
        for name, same in by_name.items()
        if len(same) > 1
    ]
