"""Putting together what core and plugins declare, and refusing what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.app.core import BOOKS, Core
from pycrm.app.policies import undeclared
from pycrm.declare.table import check_tables
from pycrm.errors import DeclarationError
from pycrm.plugin import LeftOut, Plugin, PluginDeclarationError, Registry, load
from pycrm.plugin.signature import hook_problems, hooks_of

if TYPE_CHECKING:
    from pycrm.scoring.catalog import Catalog

__all__ = ["Assembly", "assemble"]

Wanted = str | Plugin | type[Plugin]


@attrs.frozen(eq=False)
class Assembly:
    """Plugins that fit together, pycrm's own books, and the catalog of their indicators where they have any."""

    registry: Registry
    catalog: Catalog | None
    books: tuple[Any, ...] = BOOKS


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
