"""What is declared in one CRM: its classes, by name and in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.app.core import BOOKS, Core
from pycrm.app.policies import undeclared
from pycrm.declare.table import check_tables, tables_of
from pycrm.errors import DeclarationError
from pycrm.plugin import LeftOut, Plugin, PluginDeclarationError, Registry, load
from pycrm.plugin.signature import hook_problems, hooks_of

if TYPE_CHECKING:
    from pycrm.plugin.model import Loaded
    from pycrm.scoring.catalog import Catalog
    from pycrm.store import Store

__all__ = ["Assembly", "Declared", "assemble"]

_MISSING = object()
Wanted = str | Plugin | type[Plugin]


@attrs.frozen(eq=False)
class Assembly:
    """Plugins that fit together, and the catalog of their indicators where they have any."""

    registry: Registry
    catalog: Catalog | None


class Declared:
    """The classes of a CRM, and their tables."""

    registry: Registry
    store: Store
    catalog: Any

    # Which fields of administrators it knows, the facets made of them, and the registry without these.
    custom_state: Any = None
    custom_facets: dict[Any, Any]
    _given: Registry
    _ranks: dict[Any, int]

    def _lay_out(self, assembly: Assembly) -> None:
        """Take what these plugins declare as the CRM's own."""
        self.registry = self._given = assembly.registry
        if assembly.catalog is not None:
            self.catalog = assembly.catalog
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
            registry = attrs.evolve(Registry.of((*given.loaded, custom)), left_out=given.left_out)
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
        return (*(cls for each in self.registry.loaded for cls in each.classes), *BOOKS)

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


def assemble(plugins: Iterable[Wanted], claims: Mapping[str, Any], on_error: str) -> Assembly:
    """What core and these plugins declare, once nothing is wrong with it.

    Args:
        on_error: ``"refuse"`` what is wrong, or ``"isolate"``: leave out the plugins that do not fit, and
            those that require them.

    Raises:
        DeclarationError: something is wrong with the plugins, or with core and the settings alone.
    """
    wanted = list(plugins)
    try:
        return _checked(wanted, claims)
    except DeclarationError:
        if on_error != "isolate" or not wanted:
            raise
    return _without_broken(wanted, claims)


def _without_broken(wanted: list[Wanted], claims: Mapping[str, Any]) -> Assembly:
    """As many plugins as load together, each tried beside those that do; the first of two wins."""
    fitting: list[Wanted] = []
    found = _checked(fitting, claims)
    reasons: dict[int, str] = {}
    before = -1
    while before < len(fitting):
        before = len(fitting)
        for at, each in enumerate(wanted):
            if any(each is one for one in fitting):
                continue
            try:
                found = _checked([*fitting, each], claims)
            except DeclarationError as error:
                reasons[at] = str(error)
            else:
                fitting.append(each)
                reasons.pop(at, None)
    left = [LeftOut(getattr(wanted[at], "name", None) or str(wanted[at]), why) for at, why in reasons.items()]
    return attrs.evolve(found, registry=attrs.evolve(found.registry, left_out=tuple(left)))


def _checked(plugins: Iterable[Wanted], claims: Mapping[str, Any]) -> Assembly:
    """What is declared by core and these plugins.

    Raises:
        DeclarationError: they do not fit together.
    """
    from pycrm import hooks

    registry = load([Core(), *plugins])
    problems = list(hook_problems(registry.plugins, hooks_of([hooks])))
    if problems:
        raise PluginDeclarationError(problems)
    wrong = list(undeclared(registry, claims))
    catalog = None
    if any(plugin.indicators or plugin.supplies or plugin.models for plugin in registry.plugins):
        from pycrm.scoring.catalog import Catalog

        catalog = Catalog(registry)
        wrong += catalog.problems()
    if wrong:
        raise DeclarationError("\n".join(wrong))
    classes = [cls for each in registry.loaded for cls in each.classes]
    check_tables((*classes, *BOOKS), {cls.__name__: cls.__tablename__ for cls in registry.records.values()})
    return Assembly(registry, catalog)
