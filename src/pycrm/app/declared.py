"""What is declared in one CRM: its classes, by name and in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.table import tables_of
from pycrm.demand import collector_at_rest
from pycrm.errors import DeclarationError

if TYPE_CHECKING:
    from pycrm.app.assembly import Assembly
    from pycrm.pipeline.book import Book
    from pycrm.plugin import HookCaller, LeftOut, Registry
    from pycrm.plugin.model import Loaded
    from pycrm.store import Store

__all__ = ["Declared"]

_MISSING = object()


class Declared:
    """The classes of a CRM, and their tables."""

    registry: Registry
    store: Store
    catalog: Any
    pipelines: Book
    hooks: HookCaller

    # Which fields of administrators it knows, the facets made of them, and the registry without these.
    custom_state: Any = None
    custom_facets: dict[Any, Any]
    _given: Registry
    _books: tuple[Any, ...]
    _claims: Mapping[str, Any]
    _ranks: dict[Any, int]

    def _put_together(self, plugins: Iterable[Any], on_error: Any) -> None:
        """Assemble core and plugins, compile their pipelines, and gather their hooks."""
        with collector_at_rest():
            # Whoever only names the class of CRMs does not pay for what one is put together from.
            from pycrm.app.assembly import assemble
            from pycrm.pipeline.book import Book
            from pycrm.plugin import HookCaller

            self._lay_out(assemble(plugins, self._claims, on_error))
            self.pipelines = Book.listed(self.registry)
            self.hooks = HookCaller(
                self.registry.plugins,
                on_error=on_error,
                savepoint=lambda session: session.transaction.savepoint(),
            )
            self.hooks.freeze()

    def _lay_out(self, assembly: Assembly) -> None:
        """Take what these plugins declare as the CRM's own."""
        self.registry = self._given = assembly.registry
        if assembly.catalog is not None:
            self.catalog = assembly.catalog
        self._books = assembly.books
        self.custom_facets = {}
        self._ranks = {cls: rank for rank, cls in enumerate(self.classes())}
        self._tables = {cls.__name__: cls.__tablename__ for cls in self.records()}

    def take_custom(self, state: Any, custom: Loaded | None) -> None:
        """Take over the fields that administrators have added by now.

        The classes that stood for them before stay known, so that sessions that use them go on.
        """
        given = self._given
        registry = given
        if custom is not None:
            registry = attrs.evolve(given.of((*given.loaded, custom)), left_out=given.left_out)
            known = dict(self._ranks)
            for cls in custom.classes:
                known.setdefault(cls, len(known))
            self._ranks = known
        self.registry = registry
        self.custom_state = state
        self.__dict__.pop("metadata", None)

    def records(self) -> tuple[type[Any], ...]:
        """Every record class, of core and plugins, in the order of loading."""
        return tuple(self.registry.records.values())

    def classes(self) -> tuple[Any, ...]:
        """Every class with a table: records, children, facets and pycrm's own books."""
        return (*(cls for each in self.registry.loaded for cls in each.classes), *self._books)

    def record(self, name: str, default: Any = _MISSING) -> Any:
        """The record or facet class of that name.

        Raises:
            DeclarationError: no loaded plugin has one, and there is no default.
        """
        found = self.registry.records.get(name)
        if found is None:
            found = next((cls for cls in self.registry.tables.values() if cls.__name__ == name), None)
        if found is None and default is _MISSING:
            raise DeclarationError(f"no loaded plugin has a record {name}")
        return found if found is not None else default

    def is_registered(self, cls: Any) -> bool:
        """Whether the class belongs to this CRM."""
        return cls in self._ranks

    def facets_of(self, cls: Any) -> tuple[Any, ...]:
        """The facets that extend a record class."""
        return self.registry.facets.get(cls, ())

    def declared_facets_of(self, cls: Any) -> tuple[Any, ...]:
        """The facets that plugins declare, without the fields that administrators added."""
        return self._given.facets.get(cls, ())

    def rank(self, cls: Any) -> int:
        """The place of a class in the order of writing: what is referred to comes first."""
        return self._ranks[cls]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The plugins that could not be loaded and were left out, each with its reason."""
        return self.registry.left_out

    @cached_property
    def metadata(self) -> sa.MetaData:
        """All tables as declared; made when first asked for, which a CRM at work never does."""
        return tables_of(self.classes(), self.store.dialect, tuple(self._tables.items()))
