"""Every route of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pycrm.http import BACK, Call, Route
from pycrm.web import (
    admin,
    bulk,
    calendar,
    converting,
    door,
    edit,
    find,
    forgotten,
    handing,
    home,
    importing,
    inbox,
    listing,
    moving,
    notice,
    panel,
    reason,
    record,
    report,
    stars,
    talk,
    units,
    working,
)
from pycrm.web.face import FACE, page_of

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.http import Answer as Sent
    from pycrm.web.visit import Answer, Visit

__all__ = ["routes"]

Act = Callable[[Call], "Sent"]

_DOOR: tuple[tuple[str, str, Act], ...] = (
    ("GET", "/sign-in", door.sign_in),
    ("POST", "/sign-in", door.enter),
    ("GET", "/sign-in/company", door.away),
    ("GET", BACK, door.back),
    ("GET", "/forgotten", forgotten.forgotten),
    ("POST", "/forgotten", forgotten.ask),
    ("GET", "/reset", forgotten.reset),
    ("POST", "/reset", forgotten.take),
    ("POST", "/settings", door.settle),
    ("GET", "/static/{name:str}", door.static),
)
_EYES: tuple[tuple[str, str, Act], ...] = (
    ("POST", "/users/{id:str}/look", door.look),
    ("POST", "/looking/end", door.look_away),
)
_OWN: tuple[tuple[str, str, Act], ...] = (
    ("POST", "/sign-out", door.leave),
    ("GET", "/account/password", door.password),
    ("POST", "/account/password", door.take_password),
)
_PAGES: tuple[tuple[str, str, Callable[[Visit], Answer]], ...] = (
    ("GET", "/", home.home),
    ("POST", "/tasks/{id:str}/done", home.done),
    ("POST", "/users/{id:str}/password", admin.give_password),
    ("GET", "/inbox", inbox.inbox),
    ("POST", "/inbox/{id:str}", inbox.decide),
    ("GET", "/search", find.search),
    ("GET", "/lookup/{slug:str}", find.lookup),
    ("GET", "/records", listing.records),
    ("GET", "/notifications", notice.notices),
    ("GET", "/work", working.work_list),
    ("GET", "/work/{id:str}", working.work),
    ("POST", "/work/{id:str}/stop", working.stop),
    ("GET", "/import", importing.new_import),
    ("POST", "/import/{id:str}/revert", importing.revert),
    ("GET", "/calendar", calendar.month),
    ("GET", "/reports/funnel", report.funnel),
    ("GET", "/reports/funnel/{stage:str}/{number:str}", report.behind),
    ("GET", "/reports/forecast", report.forecast),
    ("GET", "/handover", handing.handover),
    ("POST", "/handover", handing.hand_over),
    ("POST", "/handover/{id:str}/undo", handing.undo),
    ("GET", "/admin/units", units.units),
    ("GET", "/leads/{id:str}/convert", converting.ask),
    ("POST", "/leads/{id:str}/convert", converting.convert),
    ("POST", "/admin/units", units.move_unit),
    ("GET", "/admin/roles", admin.roles),
    ("GET", "/admin/pipelines", admin.pipelines),
    ("GET", "/admin/pipelines/{key:str}", admin.pipeline),
    ("POST", "/admin/pipelines/{key:str}", admin.publish),
    ("GET", "/admin/plugins", admin.plugins),
    ("GET", "/board/{slug:str}", moving.board),
    ("GET", "/access/{slug:str}/{id:str}", reason.access),
    ("POST", "/views/{slug:str}", stars.keep_view),
    ("POST", "/views/{slug:str}/{id:str}/drop", stars.drop_view),
)
# Of every kind of record, under a word of its own: paths are concrete, so that none hides another.
_RECORDS: tuple[tuple[str, str, Callable[[Visit], Answer]], ...] = (
    ("GET", "", listing.listing),
    ("GET", "/export.csv", listing.export),
    ("POST", "/bulk", bulk.act),
    ("GET", "/new", edit.new),
    ("POST", "/new", edit.add),
    ("GET", "/{id:str}", record.record),
    ("GET", "/{id:str}/edit", edit.edit),
    ("POST", "/{id:str}/edit", edit.change),
    ("POST", "/{id:str}/move", moving.move),
    ("POST", "/{id:str}/archive", edit.archive),
    ("POST", "/{id:str}/talk", talk.talk),
)


def routes(crm: CRM) -> Iterator[Route]:
    """The routes of a CRM's pages, with those of its plugins' records and screens."""
    from pycrm.web.catalog import classes

    for method, path, act in _DOOR:
        yield Route(method, path, act, FACE, is_open=True)
    for method, path, act in _EYES:
        yield Route(method, path, act, FACE)
    for method, path, act in _OWN:
        yield Route(method, path, act, FACE, is_unchanged=True)
    yield Route("GET", "/calendar/{user:str}/{sign:str}/feed.ics", page_of(calendar.feed), FACE, is_open=True)
    for method, path, page in _PAGES:
        yield Route(method, path, page_of(page), FACE)
    yield Route("POST", "/import", page_of(importing.imports), FACE, body=importing.LARGEST)
    for slug in classes(crm):
        for method, path, page in _RECORDS:
            yield Route(method, f"/{slug}{path}", page_of(page, slug=slug), FACE)
    for plugin in crm.registry.plugins:
        for one in plugin.screens:
            path = f"/{plugin.name}/{one.key}"
            yield Route("GET", path, page_of(panel.screen, plugin=plugin.name, key=one.key), FACE)
