"""Why somebody sees a record: each path that gives it; for who leads it, of everybody."""

from __future__ import annotations

from pycrm.errors import ForbiddenError
from pycrm.session.naming import label_of
from pycrm.web.catalog import class_of, path_of
from pycrm.web.render import page
from pycrm.web.visit import Answer, Visit

__all__ = ["access"]

_ACTIONS = ("read", "update", "assign", "export", "approve")


def access(visit: Visit) -> Answer:
    """By which paths the visitor reaches a record, and who else does."""
    with visit.view() as session:
        cls = class_of(session.crm, visit.params["slug"])
        record = session.get(cls, visit.params["id"])
        words = visit.words
        own = [
            (words(f"action:{action}"), [words.said(str(one)) for one in session.explain(action, record)])
            for action in _ACTIONS
        ]
        try:
            others = [(login, [words.said(str(one)) for one in some]) for login, some in session.who(record)]
        except ForbiddenError:
            others = None
        return page(
            visit,
            session,
            "access.html",
            words("Why do I see this?"),
            name=label_of(record),
            path=path_of(session.crm, record),
            own=own,
            others=others,
            team=session.team(record),
        )
