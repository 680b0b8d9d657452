"""A plugin on trial: loaded beside core in the sample organisation, with examples of its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from pycrm.app import CRM
from pycrm.app.core import Core
from pycrm.declare.policy import Administered, Owned, Policy, Private, Reference, Through, UsedBy
from pycrm.plugin import Plugin, PluginDeclarationError, Registry, load
from pycrm.testing.databases import KINDS, Databases
from pycrm.testing.examples import Examples
from pycrm.testing.organisation import Organisation
from pycrm.testing.values import UnfitError

__all__ = ["Trial"]


class Trial:
    """What the checks of a plugin work with; what is made is made once.

    Args:
        plugin: its class, an instance, or the name that it is installed by.
        beside: the plugins that it requires, likewise.
        values: what declarations cannot tell of examples, for each class.
        common: the records that everybody may see.
        by_system: the records that people may not enter, and the system enters for them.
        databases: where databases come from.
        kinds: the kinds of databases on which the plugin is tried.
    """

    def __init__(
        self,
        plugin: Any,
        *,
        beside: tuple[Any, ...] = (),
        values: Mapping[type[Any], Mapping[str, Any]] | None = None,
        common: tuple[type[Any], ...] = (),
        by_system: tuple[type[Any], ...] = (),
        databases: Databases,
        kinds: tuple[str, ...] = KINDS,
    ) -> None:
        self.plugins = (*beside, plugin)
        self.beside, self.values = beside, values
        self.common, self.by_system = common, by_system
        self.databases, self.kinds = databases, kinds

    @cached_property
    def registry(self) -> Registry | str:
        """The plugins as loaded, or why they cannot be."""
        try:
            return load([Core(), *self.plugins])
        except PluginDeclarationError as error:
            return str(error)

    @property
    def plugin(self) -> Plugin:
        """The plugin on trial."""
        wanted = self.plugins[-1]
        if isinstance(wanted, str):
            assert isinstance(self.registry, Registry), self.registry
            return self.registry.plugin(wanted)
        return wanted() if isinstance(wanted, type) else wanted  # type: ignore[no-any-return]

    @cached_property
    def organisation(self) -> Organisation:
        """The sample organisation with the plugin, on a database of its own."""
        return Organisation(self.open())

    @cached_property
    def examples(self) -> Examples:
        """Enters records there."""
        return Examples(self.organisation, self.values, by_system=self.by_system)

    def further(self, crm: CRM) -> Examples:
        """Enters records besides those, in the same database or in another."""
        return Examples(Organisation(crm), self.values, self.examples.numbers, self.by_system)

    def open(self, url: str | None = None) -> CRM:
        """A CRM with the plugin and all that it requires."""
        return self.databases.open(self.plugins, url=url)

    @cached_property
    def unfit(self) -> Mapping[type[Any], str]:
        """The classes of which no example is taken, each with the reason."""
        found: dict[type[Any], str] = {}
        for cls in self.classes:
            try:
                self.add(cls, "ana")
            except UnfitError as error:
                found[cls] = str(error)
        return found

    @property
    def classes(self) -> tuple[type[Any], ...]:
        """Its records and facets."""
        return (*self.plugin.records, *self.plugin.facets)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        every: tuple[Any, ...] = (*self.classes, *self.plugin.children)
        return tuple(cls.__tablename__ for cls in every)

    def belonging(self) -> Iterator[type[Any]]:
        """Its classes that are somebody's: with an owner, through a parent, or beside what they extend."""
        for cls in self.classes:
            if isinstance(self.policy(cls), Owned | Through | Private | UsedBy):
                yield cls

    def policy(self, cls: Any) -> Policy:
        """How a class is owned; a facet as the record is that it extends."""
        if cls.__facet_of__ is not None:
            cls = self.organisation.crm.record(cls.__facet_of__)
        found: Policy = cls.__scope__
        return found

    def is_common(self, cls: Any) -> bool:
        """Whether everybody sees the class, or only the administration."""
        return isinstance(self.policy(cls), Reference | Administered)

    def add(self, cls: Any, login: str, **given: Any) -> Any:
        """Enter an example of a class that is that person's; of what is used, also what uses it."""
        made = self.examples.add(cls, login, **given)
        if isinstance(cls.__scope__, UsedBy):
            name, _, link = cls.__scope__.links[0].partition(".")
            self.examples.add(self.organisation.crm.record(name), login, **{link: made})
        return made

    def rows(self, crm: CRM, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table, whoever may see them."""
        with crm.store.connect() as connection:
            found = connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()
            connection.rollback()
        return [tuple(row) for row in found]

    def names(self, crm: CRM) -> set[str]:
        """The names of all tables there are."""
        with crm.store.connect() as connection:
            found = set(sa.inspect(connection).get_table_names(schema=crm.store.schema))
            connection.rollback()
        return found
