"""What plugins show: on records, on the day, above every page, in the search, and on screens of their own.

Each stands behind its right, and behind a boundary: what goes wrong in it goes wrong nowhere else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from markupsafe import Markup

from pycrm.errors import ForbiddenError, InvalidError, NotFoundError
from pycrm.web.catalog import path_of, permits
from pycrm.web.render import environment, page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.plugin import Hint, Plugin
    from pycrm.session import Session

__all__ = ["Line", "Shown", "banners", "finds", "panels", "screen", "tiles"]

T = TypeVar("T")
_log = logging.getLogger("pycrm.web")
_MOST = 8


@attrs.frozen
class Shown:
    """A panel or tile as it stands on the page; without a body it is not available."""

    label: str
    plugin: str
    body: Markup | None
    is_wide: bool = False


@attrs.frozen
class Line:
    """One thing that a plugin has found or tells: where it leads, and the move that puts it away."""

    text: str
    under: str
    path: str | None
    move: str = ""


def panels(visit: Visit, record: Any) -> list[Shown]:
    """The panels of plugins on a record, for its reader."""
    entity = type(record).__name__
    some = [(plugin, one) for plugin, one in _offered(visit, "panels") if one.entity == entity]
    made = [_shown(visit, plugin, one, partial(_of_record, one, record)) for plugin, one in some]
    return [one for one in made if one is not None]


def _of_record(panel: Any, record: Any, session: Session) -> Any:
    return panel.data(session, record)


def tiles(visit: Visit) -> list[Shown]:
    """The tiles of plugins on somebody's day."""
    made = [_shown(visit, plugin, one, one.data) for plugin, one in _offered(visit, "tiles")]
    return [one for one in made if one is not None]


def finds(visit: Visit, text: str) -> Iterator[tuple[str, list[Line]]]:
    """What the finders of plugins find, each under its heading; one that fails finds nothing."""
    for plugin, one in _offered(visit, "finders"):
        found = _bounded(visit, plugin, one, partial(_found, one, text), None)
        if found:
            yield visit.words(one.label), found


def _found(finder: Any, text: str, session: Session) -> list[Line]:
    return _lines(session, finder.find(session, text))


def banners(visit: Visit) -> list[tuple[str, list[Line]]]:
    """What plugins have to tell above every page; one that fails tells nothing."""
    told = []
    for plugin, one in _offered(visit, "banners"):
        found = _bounded(visit, plugin, one, partial(_told, one), None)
        if found:
            told.append((visit.words(one.label), found))
    return told


def _told(banner: Any, session: Session) -> list[Line]:
    return _lines(session, banner.data(session))


def _offered(visit: Visit, entry: str) -> Iterator[tuple[Plugin, Any]]:
    for plugin in visit.crm.registry.plugins:
        for one in getattr(plugin, entry):
            yield plugin, one


def _lines(session: Session, hints: Any) -> list[Line]:
    found: list[Line] = []
    for one in hints:
        if len(found) == _MOST:
            break
        hint: Hint = one
        found.append(Line(hint.text, hint.under, path_of(session.crm, hint.record), hint.move or ""))
    return found


def _bounded(
    visit: Visit, plugin: Plugin, one: Any, make: Callable[[Session], T | None], failed: T | None
) -> T | None:
    """What is made in a session of its own, for who holds the right; `failed` where that went wrong."""
    try:
        with visit.view() as session:
            return make(session) if permits(session, one.permission) else None
    except (ForbiddenError, NotFoundError, InvalidError):
        # What the reader may not see is left out, as everywhere.
        return None
    except Exception as error:
        # No values: an error's text may hold them.
        what = type(one).__name__.lower()
        _log.error("%s %s/%s failed: %s", what, plugin.name, one.key, type(error).__name__)
        return failed


def _shown(visit: Visit, plugin: Plugin, one: Any, data: Callable[[Session], Any]) -> Shown | None:
    empty = Shown(visit.words(one.label), plugin.name, None, getattr(one, "wide", False))

    def make(session: Session) -> Shown | None:
        told = data(session)
        return None if told is None else attrs.evolve(empty, body=_body(visit, session, one.template, told))

    return _bounded(visit, plugin, one, make, empty)


def _body(visit: Visit, session: Any, template: str | None, data: Mapping[str, Any]) -> Markup:
    show = Show(visit, session)
    if template is None:
        cells = [(visit.words(label), show.value(value)) for label, value in data.items()]
        context: dict[str, Any] = {"cells": cells}
    else:
        context = dict(data)
    made = environment(visit.crm).get_template(template or "panel.html")
    return Markup(made.render(visit=visit, t=visit.words, session=session, show=show, **context))


def screen(visit: Visit) -> Answer:
    """A screen of a plugin."""
    for plugin in visit.crm.registry.plugins:
        for one in plugin.screens if plugin.name == visit.params["plugin"] else ():
            if one.key == visit.params["key"]:
                return _screen(visit, plugin, one)
    raise NotFoundError("no such page")


def _screen(visit: Visit, plugin: Plugin, one: Any) -> Answer:
    title = visit.words(one.label)
    with visit.view() as session:
        if not permits(session, one.permission):
            raise NotFoundError("no such page")
        try:
            data = one.data(session, {name: values[-1] for name, values in visit.query.items() if values})
            return page(visit, session, one.template, title, show=Show(visit, session), **data)
        except (ForbiddenError, NotFoundError, InvalidError):
            raise
        except Exception as error:
            _log.error("screen %s/%s failed: %s", plugin.name, one.key, type(error).__name__)
    with visit.view() as session:
        return page(visit, session, "refused.html", title, status=500, said=[visit.words("not available")])
