"""What people see of projects in the browser: how each is doing, who decides on it, what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pycrm import Contact, Finder, Hint, Panel, Session, Tile
from pycrm.plugins.projects.backing import support, visits
from pycrm.plugins.projects.cost import CostKind
from pycrm.plugins.projects.desk import Desk, picture
from pycrm.plugins.projects.drawing import stakeholder_map
from pycrm.plugins.projects.finance import CostLine, costs
from pycrm.plugins.projects.lights import Light, health
from pycrm.plugins.projects.project import ProjectFile
from pycrm.plugins.projects.stakeholder import Stakeholder

__all__ = ["FINDERS", "PANELS", "TILES"]

_MOST = 8


def _health(session: Session, project: ProjectFile) -> Mapping[str, Any]:
    seen = picture(session, project)
    return {"health": health(seen), "support": support(seen)}


def _people(session: Session, project: ProjectFile) -> Mapping[str, Any] | None:
    due = visits(picture(session, project))
    if not due:
        return None
    people = [one.stakeholder for one in due]
    return {"due": due, "draw": lambda words: stakeholder_map(people, words)}


def _costs(session: Session, project: ProjectFile) -> Mapping[str, Any] | None:
    """Costs against budget as far as the reader sees them."""
    lines = [one for one in costs(session, project) if one.spent.units or one.budget.units]
    return {"lines": [(_kind(one), one) for one in lines]} if lines else None


def _kind(line: CostLine) -> CostKind | None:
    """What was spent on; None of all together."""
    return None if line.kind == "total" else CostKind(line.kind)


def _lights(session: Session) -> Mapping[str, Any] | None:
    """The projects in sight that need somebody, the worst first."""
    lit = [(one, health(one)) for one in Desk(session, session.find(ProjectFile)).pictures() if one.is_open]
    if not lit:
        return None
    worst = list(Light)[::-1]
    lit.sort(key=lambda pair: (worst.index(pair[1].light), pair[0].project.name))
    counts = Counter(found.light for _, found in lit)
    return {
        "counts": [(light, counts[light]) for light in worst],
        "lines": [(seen.project, found) for seen, found in lit if found.light is not Light.GREEN][:_MOST],
    }


def _whom(session: Session, text: str) -> Iterator[Hint]:
    """The projects in which somebody of that name has a say."""
    people = [one.id for one in session.search(Contact, text, size=_MOST).items]
    some = session.find(Stakeholder, Stakeholder.contact.in_(people), limit=_MOST) if people else []
    for one in some:
        yield Hint(session.get(one.project).name, one.project, one.name)


PANELS = (
    Panel(
        "health", "Health", ProjectFile, _health, template="projects/health.html", permission="project.read"
    ),
    Panel(
        *("people", "Who decides", ProjectFile, _people),
        template="projects/people.html",
        permission="stakeholder.read",
        wide=True,
    ),
    Panel(
        *("costs", "Costs against budget", ProjectFile, _costs),
        template="projects/costs.html",
        permission="cost.read",
    ),
)
TILES = (Tile("lights", "Projects", _lights, template="projects/lights.html", permission="project.read"),)
FINDERS = (Finder("people", "Projects of these people", _whom, permission="stakeholder.read"),)
