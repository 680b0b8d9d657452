"""What a segment, a treatment or an experiment must not be, where it depends on others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from pycrm import Action, ConflictError, ForbiddenError, InvalidError, Problem, Reach, Session
from pycrm.plugins.segments.model import Experiment, Segment, SegmentMember, Treatment, TreatmentState
from pycrm.plugins.segments.treating import DIMENSIONS
from pycrm.scoring.choice import Checked, Member, parse, walk

__all__ = [
    "named_in",
    "refuse_bystander",
    "refuse_overlap",
    "refuse_unmeasured",
    "refuse_used",
    "refuse_wrong_expression",
]


def refuse_wrong_expression(session: Session, code: str, expression: str | None) -> Checked | None:
    """Refuse an expression that makes no sense, or that comes back to the segment itself (SEG-1, SEG-4).

    Raises:
        InvalidError: with every mistake and its place.
    """
    if expression is None:
        return None
    others = {one.code: one.expression for one in session.find(Segment) if one.code != code}
    found = session.understand(expression, segments={*others, code}, for_all=True)
    for one in walk(found.node):
        if isinstance(one, Member):
            path = _way(one.code, code, others)
            if path:
                said = f"position {one.at}: a circle: {' > '.join([code, *path])}"
                wrong = Problem(f"expression/{one.at}", "rule", said)
                raise InvalidError(said, fields=[wrong], data={"position": one.at})
    return found


def _way(begin: str, end: str, expressions: Mapping[str, str | None]) -> list[str]:
    """The codes by which one segment comes to another; none where it does not."""
    paths, seen = [[begin]], {begin}
    for path in paths:
        if path[-1] == end:
            return path
        for code in named_in(expressions.get(path[-1])):
            if code not in seen:
                seen.add(code)
                paths.append([*path, code])
    return []


def named_in(expression: str | None) -> list[str]:
    """The codes of the segments that an expression names, in its order."""
    if expression is None:
        return []
    return list(dict.fromkeys(one.code for one in walk(parse(expression)) if isinstance(one, Member)))


def refuse_used(session: Session, segment: Segment) -> None:
    """Refuse to put a segment away that something goes by (SEG-12).

    Raises:
        ConflictError: ``data["uses"]`` lists what is in sight.
    """
    found = [
        f"Segment {one.code}" for one in session.find(Segment) if segment.code in named_in(one.expression)
    ]
    hidden = False
    for cls, name in _linking(session):
        mine = session.find(cls, getattr(cls, name) == segment.id)
        found += [f"{cls.__name__} {getattr(one, 'name', one.id)}" for one in mine]
        hidden = hidden or _number(session, cls, name, segment) > len(mine)
    if found or hidden:
        said = ", ".join(sorted(found)) or "something that is not in your sight"
        raise ConflictError(f"the segment is in use by {said}", data={"uses": sorted(found)})


def _number(session: Session, cls: Any, name: str, segment: Segment) -> int:
    """How many name the segment, whoever sees them: it is kept for those out of sight too."""
    mine = getattr(cls, name) == segment.id
    counted = sa.select(sa.func.count()).where(mine, cls.archived_at.is_(None))
    return int(session.transaction.fetch(counted)[0][0])


def _linking(session: Session) -> list[tuple[Any, str]]:
    """Every record of any plugin that names a segment, and by which field."""
    return [
        (cls, spec.name)
        for cls in session.crm.records()
        if cls is not SegmentMember
        for spec in cls.__specs__.values()
        if spec.target == Segment.__name__
    ]


def refuse_overlap(session: Session, treatment: Treatment, after: Mapping[str, Any]) -> None:
    """Refuse two published treatments of which neither comes first (SEG-E2).

    Raises:
        ConflictError: another one of the same priority is for the same customers and the same dimension.
    """
    names = ("priority", "grade", "segment", "state", "since", "until", *DIMENSIONS)
    mine = {name: after[name] if name in after else getattr(treatment, name) for name in names}
    if mine["state"] is not TreatmentState.PUBLISHED:
        return
    for other in session.find(Treatment, Treatment.state == TreatmentState.PUBLISHED):
        same = all(mine[name] == getattr(other, name) for name in ("priority", "grade", "segment"))
        over = [name for name in DIMENSIONS if mine[name] is not None and getattr(other, name) is not None]
        apart = _ends_before(mine["until"], other.since) or _ends_before(other.until, mine["since"])
        if other.id != treatment.id and same and over and not apart:
            problems = [Problem(name, "overlap", f"{other.name} says it too") for name in over]
            said = f"{other.name} has the same priority for the same customers: {', '.join(over)}"
            raise ConflictError(said, fields=problems, data={"treatment": other.name})


def _ends_before(until: Any, since: Any) -> bool:
    return until is not None and until <= since


def refuse_bystander(session: Session, cls: type[Segment] | type[Treatment], doing: str) -> None:
    """Refuse who does not keep segments, or treatments: whose own customers they are gives no right to it.

    Raises:
        ForbiddenError: no grant to update such records.
    """
    if not session.reaches(cls, Action.UPDATE, Reach.ALL):
        entity, action = cls.__name__, Action.UPDATE.value
        raise ForbiddenError(f"{doing} is not granted: entity {entity}, action {action}")


def refuse_unmeasured(session: Session, experiment: Experiment) -> None:
    """Refuse an experiment whose measure is no indicator."""
    if experiment.measure not in session.crm.catalog.indicators:
        wrong = Problem("measure", "unknown", f"there is no indicator {experiment.measure}")
        raise InvalidError(wrong.message, fields=[wrong])
