"""Saved views: a list as somebody has filtered it, under a name of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import attrs

from pycrm.entities.view import SavedView
from pycrm.web.catalog import class_of
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Star", "drop_view", "keep_view", "stars_of"]

_KEPT = ("q", "sort", "columns")


@attrs.frozen
class Star:
    """A saved view as a tab of its list."""

    id: str
    name: str
    path: str
    is_here: bool


def stars_of(session: Session, visit: Visit, cls: Any) -> list[Star]:
    """The views that somebody has saved of a list."""
    found = session.find(SavedView, SavedView.entity == cls.__name__, order=SavedView.name, limit=50)
    here = _words(visit.address().partition("?")[2])
    slug = visit.params["slug"]
    return [
        Star(str(one.id), one.name, f"/{slug}?{one.query}", one.query == here and bool(here)) for one in found
    ]


def _words(query: str) -> str:
    """What of an address is kept: filters, order, columns, and nothing else."""
    pairs = [(name, text) for name, text in parse_qsl(query) if name in _KEPT or name.startswith("f:")]
    return urlencode(sorted(pairs))


def keep_view(visit: Visit) -> Answer:
    """Save the list as it is under a name."""
    slug = visit.params["slug"]
    cls = class_of(visit.crm, slug)
    query = _words(visit.typed("query"))
    view = SavedView(entity=cls.__name__, name=visit.typed("name").strip(), query=query)
    visit.run(lambda session: session.add(view))
    return redirect(f"/{slug}?{query}" if query else f"/{slug}")


def drop_view(visit: Visit) -> Answer:
    """Take away a saved view of one's own."""
    visit.run(lambda session: session.archive(session.get(SavedView, visit.params["id"])))
    return redirect(f"/{visit.params['slug']}")
