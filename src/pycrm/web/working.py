"""Long work on pages: how far it has come, a way to stop it, and what came of it.

The page of work that goes on loads itself anew every other second, without a script too.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from pycrm.errors import NotFoundError
from pycrm.web.render import page
from pycrm.web.visit import Answer, Visit, redirect
from pycrm.work import Act, Work, WorkState, ask_stop, enter_work, work_of, works

__all__ = ["begun", "stop", "work", "work_list"]

_TONES = {
    WorkState.DONE: "won",
    WorkState.WAITING: "hold",
    WorkState.WORKING: "active",
    WorkState.STOPPED: "hold",
}
# In seconds.
_AGAIN = 2


@attrs.frozen
class Row:
    """One thing that was refused: where, what it is called, and why."""

    place: str
    name: str
    path: str | None
    said: str


def begun(visit: Visit, kind: str, label: str, act: Act) -> Answer:
    """Have it done beside, and lead to the page that tells of it."""
    id = enter_work(visit.crm, visit.who, kind, label)
    return attrs.evolve(redirect(f"/work/{id}"), work=(id, act))


def work(visit: Visit) -> Answer:
    """How far a piece of work has come; of what is over, what came of it."""
    found = work_of(visit.crm, _whose(visit), _key(visit))
    percent = round(100 * found.done / found.total) if found.total else None
    with visit.view() as session:
        made = page(
            visit,
            session,
            "work.html",
            found.label,
            work=found,
            state=visit.words(f"work:{found.state.value}"),
            tone=_TONES.get(found.state, "lost"),
            percent=100 if found.state is WorkState.DONE else percent,
            said=[visit.words.said(one) for one in found.told.get("said", ())],
            counts=[(visit.words(f"came:{name}"), number) for name, number in _counts(found)],
            refused=list(map(_row, found.told.get("refused", ()))),
            lost=found.told.get("lost", 0),
        )
    if found.state.is_over:
        return made
    return attrs.evolve(made, headers={**made.headers, "Refresh": str(_AGAIN)})


def _counts(found: Work) -> list[tuple[str, int]]:
    return [(name, number) for name, number in found.told.get("counts", {}).items() if number]


def _row(told: Any) -> Row:
    line = told.get("line")
    return Row(
        "" if line is None else str(line), told.get("name", ""), told.get("path"), told.get("said", "")
    )


def _whose(visit: Visit) -> UUID:
    """Whose work is shown: of whom the pages are seen."""
    who = visit.who if visit.sees is None else visit.sees.user
    assert isinstance(who, UUID)
    return who


def _key(visit: Visit) -> UUID:
    try:
        return UUID(visit.params["id"])
    except ValueError:
        raise NotFoundError("no such work") from None


def work_list(visit: Visit) -> Answer:
    """The work that the visitor has asked for within a week."""
    found = works(visit.crm, _whose(visit))
    told = [(one, visit.words(f"work:{one.state.value}"), _TONES.get(one.state, "lost")) for one in found]
    with visit.view() as session:
        return page(visit, session, "works.html", visit.words("Long work"), works=told)


def stop(visit: Visit) -> Answer:
    """Ask work to stop before its next step."""
    id = _key(visit)
    ask_stop(visit.crm, visit.who, id)
    return redirect(f"/work/{id}")
