"""What the plugins of one CRM contribute, merged and frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from pycrm.errors import DeclarationError
from pycrm.plugin.model import Loaded, Plugin, hook_methods, host_name

__all__ = ["Contents", "LeftOut", "Registry"]


@attrs.frozen
class LeftOut:
    """A plugin that was wanted and could not be loaded, and why."""

    name: str
    reason: str


@attrs.frozen
class Contents:
    """One plugin in words: what ``pycrm plugin list`` shows of it."""

    name: str
    title: str
    description: str
    version: str
    api: str
    distribution: str | None
    requires: tuple[str, ...]
    records: tuple[str, ...]
    children: tuple[str, ...]
    facets: tuple[str, ...]
    pipelines: tuple[str, ...]
    guards: tuple[str, ...]
    actions: tuple[str, ...]
    commands: tuple[str, ...]
    jobs: tuple[str, ...]
    indicators: tuple[str, ...]
    feeds: tuple[str, ...]
    hooks: tuple[str, ...]
    has_migrations: bool
    has_sample: bool


@attrs.frozen(eq=False)
class Registry:
    """The result of loading: plugins in order, and who contributed what. It does not change.

    `load` makes one; each CRM has its own. Records and children are found by class name, they and
    facets by table, facets by the record class they extend, pipelines by key and version, guards
    and actions by name.
    """

    loaded: tuple[Loaded, ...]
    records: Mapping[str, type[Any]]
    children: Mapping[str, type[Any]]
    tables: Mapping[str, type[Any]]
    facets: Mapping[type[Any], tuple[type[Any], ...]]
    pipelines: Mapping[tuple[str, int], Any]
    guards: Mapping[str, Callable[..., object]]
    actions: Mapping[str, Callable[..., object]]
    _homes: Mapping[type[Any], Plugin] = attrs.field(repr=False)
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def of(cls, loaded: Iterable[Loaded]) -> Registry:
        """The registry of plugins that are in order and free of conflicts; `load` sees to both."""
        loaded = tuple(loaded)
        plugins = [each.plugin for each in loaded]
        records = {each.__name__: each for plugin in plugins for each in plugin.records}
        facets: dict[type[Any], tuple[type[Any], ...]] = {}
        for plugin in plugins:
            for facet in plugin.facets:
                host = records[host_name(facet) or ""]
                facets[host] = (*facets.get(host, ()), facet)
        homes = {table: each.plugin for each in loaded for table in each.classes}
        pipelines = [pipeline for plugin in plugins for pipeline in plugin.pipelines]
        return cls(
            loaded=loaded,
            records=MappingProxyType(records),
            children=MappingProxyType({each.__name__: each for it in plugins for each in it.children}),
            tables=MappingProxyType({each.__tablename__: each for each in homes}),
            facets=MappingProxyType(facets),
            pipelines=MappingProxyType({(each.key, each.version): each for each in pipelines}),
            guards=MappingProxyType({name: it for plugin in plugins for name, it in plugin.guards.items()}),
            actions=MappingProxyType({name: it for plugin in plugins for name, it in plugin.actions.items()}),
            homes=MappingProxyType(homes),
        )

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins in the order in which they were loaded."""
        return tuple(each.plugin for each in self.loaded)

    def plugin(self, name: str) -> Plugin:
        """The plugin of that name.

        Raises:
            DeclarationError: no plugin of that name is loaded.
        """
        for each in self.loaded:
            if each.name == name:
                return each.plugin
        raise DeclarationError(f"no plugin {name} is loaded")

    def plugin_of(self, cls: type[Any]) -> Plugin:
        """The plugin that lists this class of records, children or facets.

        Raises:
            DeclarationError: no loaded plugin lists the class.
        """
        try:
            return self._homes[cls]
        except KeyError:
            raise DeclarationError(f"no loaded plugin lists {cls.__name__}") from None

    def describe(self) -> tuple[Contents, ...]:
        """Each plugin in words, in the order of loading."""
        return tuple(_contents(each) for each in self.loaded)


def _contents(each: Loaded) -> Contents:
    plugin = each.plugin
    return Contents(
        name=plugin.name,
        title=plugin.title,
        description=plugin.description,
        version=each.version,
        api=plugin.api,
        distribution=each.distribution,
        requires=plugin.requires,
        records=tuple(cls.__name__ for cls in plugin.records),
        children=tuple(cls.__name__ for cls in plugin.children),
        facets=tuple(cls.__name__ for cls in plugin.facets),
        pipelines=tuple(f"{pipeline.key} {pipeline.version}" for pipeline in plugin.pipelines),
        guards=tuple(plugin.guards),
        actions=tuple(plugin.actions),
        commands=tuple(getattr(command, "__name__", repr(command)) for command in plugin.commands),
        jobs=tuple(one.name for one in plugin.jobs),
        indicators=tuple(one.code for one in plugin.indicators),
        feeds=tuple(sorted({one.feed.name for one in plugin.supplies})),
        hooks=tuple(sorted({method.hook for method in hook_methods(plugin)})),
        has_migrations=plugin.migrations is not None,
        has_sample=plugin.sample is not None,
    )
