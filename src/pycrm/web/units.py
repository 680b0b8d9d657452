"""Units as a tree, with their people and leaders, and one hung below another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import Reach
from pycrm.errors import RefusedError
from pycrm.web.admin import refuse_others
from pycrm.web.catalog import path_of
from pycrm.web.problem import sentences
from pycrm.web.render import page
from pycrm.web.show import Show
from pycrm.web.visit import Answer, Visit, redirect

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["move_unit", "units"]

_MOST = 2000


@attrs.define
class Branch:
    """A unit with those below it, and its people."""

    id: str
    name: str
    path: str | None
    kind: str
    people: list[tuple[str, str | None, str, str]] = attrs.field(factory=list)
    below: list[Branch] = attrs.field(factory=list)
    leaders: list[str] = attrs.field(factory=list)


def units(visit: Visit, said: tuple[str, ...] = (), status: int = 200) -> Answer:
    """The units as a tree, with who leads them and who is there; `said` is why one was not moved."""
    with visit.view() as session:
        refuse_others(session, "RoleAssignment")
        crm = session.crm
        unit, user, given = crm.record("OrgUnit"), crm.record("User"), crm.record("RoleAssignment")
        today = crm.calendar_day(session.now)
        held = [
            one for one in session.find(given, limit=10 * _MOST) if one.until is None or one.until >= today
        ]
        show = Show(visit, session)
        roles = {one.id: one for one in session.find(crm.record("Role"))}
        every = session.find(unit, order=unit.name, limit=_MOST)
        branches = {
            one.id: Branch(str(one.id), one.name, path_of(crm, one), visit.words.value(one.kind))
            for one in every
        }
        for one in session.find(user, order=user.name, limit=5 * _MOST):
            mine = sorted({roles[each.role.id].name for each in held if each.user.id == one.id})
            if one.home_unit.id in branches:
                branches[one.home_unit.id].people.append(
                    (one.name, path_of(crm, one), ", ".join(mine), one.state.value)
                )
        for each in held:
            role = roles[each.role.id]
            if role.level.value in ("leader", "top") and each.unit.id in branches:
                branches[each.unit.id].leaders.append(show.name(each.user))
        roots: list[Branch] = []
        for one in every:
            parent = branches.get(one.parent.id) if one.parent is not None else None
            (parent.below if parent is not None else roots).append(branches[one.id])
        return page(
            *(visit, session, "units.html", visit.words.many(unit)),
            status=status,
            roots=roots,
            may_add=session.reaches(unit, "create", Reach.OWN),
            may_move=session.reaches(unit, "update", Reach.OWN),
            choices=[(str(one.id), one.name) for one in every],
            said=said,
        )


def move_unit(visit: Visit) -> Answer:
    """Hang a unit below another one, by an amendment, since the parent of a unit is key data."""

    def do(session: Session) -> Any:
        unit = session.crm.record("OrgUnit")
        moved, parent = session.get(unit, visit.typed("unit")), session.get(unit, visit.typed("parent"))
        return session.amend(moved, parent=parent, because=visit.typed("because").strip())

    try:
        made = visit.run(do)
    except RefusedError as error:
        return units(visit, tuple(sentences(visit.words, error)), error.status)
    asked = type(made).__name__ == "Amendment"
    said = visit.words("Others have been asked for their consent") if asked else visit.words("Moved")
    return redirect("/admin/units", said=said)
