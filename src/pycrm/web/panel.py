"""What plugins show: panels on records and screens of their own, each behind its right and a boundary."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from markupsafe import Markup

from pycrm.errors import ForbiddenError, InvalidError, NotFoundError
from pycrm.web.catalog import permits
from pycrm.web.render import environment, page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit

if TYPE_CHECKING:
    from pycrm.plugin import Panel, Plugin

__all__ = ["Shown", "panels", "screen"]

_log = logging.getLogger("pycrm.web")


@attrs.frozen
class Shown:
    """A panel as it stands on the page; without a body it is not available."""

    label: str
    plugin: str
    body: Markup | None


def panels(visit: Visit, record: Any) -> list[Shown]:
    """The panels of plugins on a record, for its reader."""
    entity = type(record).__name__
    found = []
    for plugin in visit.crm.registry.plugins:
        for panel in plugin.panels:
            if panel.entity == entity:
                made = _panel(visit, plugin, panel, record)
                found += [made] if made is not None else []
    return found


def _panel(visit: Visit, plugin: Plugin, panel: Panel, record: Any) -> Shown | None:
    """One panel, in a session of its own: what goes wrong in it goes wrong nowhere else."""
    label = visit.words(panel.label)
    try:
        with visit.view() as session:
            if not permits(session, panel.permission):
                return None
            data = panel.data(session, record)
            if data is None:
                return None
            return Shown(label, plugin.name, _body(visit, session, panel, data))
    except (ForbiddenError, NotFoundError, InvalidError):
        # What the reader may not see is left out, as everywhere.
        return None
    except Exception as error:
        # No values: an error's text may hold them.
        _log.error("panel %s/%s failed: %s", plugin.name, panel.key, type(error).__name__)
        return Shown(label, plugin.name, None)


def _body(visit: Visit, session: Any, panel: Panel, data: Mapping[str, Any]) -> Markup:
    show = Show(visit, session)
    if panel.template is None:
        cells = [(visit.words(label), show.value(value)) for label, value in data.items()]
        context: dict[str, Any] = {"cells": cells}
    else:
        context = dict(data)
    template = environment(visit.crm).get_template(panel.template or "panel.html")
    return Markup(template.render(visit=visit, t=visit.words, session=session, show=show, **context))


def screen(visit: Visit) -> Answer:
    """A screen of a plugin."""
    for plugin in visit.crm.registry.plugins:
        for one in plugin.pages if plugin.name == visit.params["plugin"] else ():
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
