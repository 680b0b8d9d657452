"""Everything that is wrong with plugins before they meet a database, found at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pycrm.app.core import Core
from pycrm.app.policies import undeclared
from pycrm.app.sample import absent
from pycrm.declare.table import check_tables
from pycrm.errors import DeclarationError, Problem
from pycrm.plugin import Plugin, PluginDeclarationError, load
from pycrm.plugin.signature import hook_problems, hooks_of

if TYPE_CHECKING:
    from pycrm.plugin import Registry

__all__ = ["examine", "load_problems", "wrong_hooks"]


def examine(plugins: Iterable[str | Plugin | type[Plugin]]) -> list[str]:
    """What is wrong with plugins loaded beside core: a line each, none where all is well.

    A CRM stops at the first kind of mistake; this looks for all of them: what plugins claim of each
    other, hooks, policies, tables, indicators, and migrations that lag behind the declarations.
    Only an empty database in memory is opened.
    """
    wanted = list(plugins)
    try:
        registry = load([Core(), *wanted])
    except PluginDeclarationError as error:
        return [each.message for each in error.problems]
    found = [*load_problems(registry), *(each.message for each in wrong_hooks(registry))]
    found += [line for plugin in registry.plugins for line in absent(plugin)]
    return found or list(_behind(wanted))


def load_problems(registry: Registry) -> Iterator[str]:
    """What of loaded plugins a CRM refuses, hooks aside."""
    from pycrm.scoring.catalog import Catalog

    yield from undeclared(registry, {})
    classes: list[Any] = [cls for each in registry.loaded for cls in each.classes]
    tables = {name: cls.__tablename__ for name, cls in registry.records.items()}
    for cls in classes:
        try:
            check_tables([cls], tables)
        except DeclarationError as error:
            yield f"{registry.plugin_of(cls).name}: {error}"
    if any(plugin.indicators or plugin.supplies or plugin.models for plugin in registry.plugins):
        yield from Catalog(registry).problems()


def wrong_hooks(registry: Registry) -> list[Problem]:
    """Hook methods that would never be called, or not as their author expects."""
    from pycrm import hooks

    return list(hook_problems(registry.plugins, hooks_of([hooks])))


def _behind(plugins: list[str | Plugin | type[Plugin]]) -> Iterator[str]:
    """Migrations that cannot be taken, or do not lead to what is declared."""
    from pycrm.app.crm import CRM
    from pycrm.app.setup import lagging
    from pycrm.errors import CRMError

    crm = CRM("sqlite://", plugins=plugins)
    try:
        lag = lagging(crm)
        yield from (f"migrations: {line}" for line in lag)
        if not lag:
            crm.migrate()
    except CRMError as error:
        yield f"migrations: {error}"
    finally:
        crm.close()
