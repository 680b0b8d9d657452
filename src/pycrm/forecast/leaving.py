"""Where records stand among the stages of a course, and by which moves they left them.

What stands or stood in a pipeline's own stages tell the record and the rows of its history, which say
what was left. Nothing is written when a stage within another is left from outside. So a stay within
ends with the next entry of its own region, or of one around it, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.raw import RawInstant
from pycrm.forecast.period import midnight
from pycrm.forecast.stage import entries
from pycrm.forecast.standing import stalled
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.tree import ROOT, Tree

if TYPE_CHECKING:
    from pycrm.forecast.stage import Course
    from pycrm.pipeline.model import Pipeline, Stage
    from pycrm.scope.gateway import Query

__all__ = ["Departure", "Place", "departing", "ends", "left_at", "places"]


@attrs.frozen
class Place:
    """The columns of where a record stands: the stage, since when, and the condition that it is stalled."""

    stage: Any
    at: Any
    late: Any


def places(asked: Query, of: Course) -> Place:
    """Where the records that are asked for stand in a course; in each region where it has several."""
    table = asked.table.c
    if not of.outer:
        return Place(table.stage, table.stage_at, stalled(asked.tx, asked.cls))
    entry = entries(asked, of)
    later = StageEntry.__table__.alias("later")
    asked.where.append(~sa.exists().where(*ends(entry, later, of)))
    return Place(entry.stage, entry.at, _stalled(asked, entry, of))


def _stalled(asked: Query, entry: Any, of: Course) -> Any:
    """That it stands there for longer than its stage allows, as that was when it entered."""
    today, options = asked.tx.crm.calendar_day(asked.tx.moment), []
    for number, pipeline in of.versions.items():
        known = Tree(pipeline).stages
        for key in of.stages:
            days = known[key].stall_days if key in known else None
            if days is not None:
                before = midnight(asked.tx, today - timedelta(days=days))
                options.append(
                    sa.and_(
                        *(entry.version == number, entry.stage == key),
                        entry.at < sa.literal(before, RawInstant()),
                    )
                )
    return sa.or_(*options) if options else sa.false()


def ends(entry: Any, later: Any, of: Course) -> list[Any]:
    """The conditions that another row of its record ends a stay, which the very act that began it may do.

    That act may also have entered all that holds the stage, which ends nothing.
    """
    after = later.c.seq > entry.seq
    whole: Any = sa.and_(after, later.c.region == entry.region)
    if of.outer:
        around = later.c.region.in_(of.outer)
        at_once = sa.and_(later.c.seq == entry.seq, later.c.stage.not_in(of.holders))
        whole = sa.or_(whole, sa.and_(around, sa.or_(after, at_once)))
    return [later.c.record_id == entry.record_id, later.c.pipeline == entry.pipeline, whole]


def left_at(entry: Any, of: Course, what: str = "at") -> Any:
    """The instant at which a stay ended, or the sequence of the act that ended it; nothing where it lasts."""
    later = StageEntry.__table__.alias("next")
    found = sa.select(sa.func.min(later.c[what])).where(*ends(entry, later, of))
    return found.correlate(StageEntry.__table__).scalar_subquery()


@attrs.frozen
class Departure:
    """The columns of a move by which a record left a stage: in which version, from where, and where to."""

    version: Any
    source: Any
    region: Any
    target: Any

    def of(self, stages: Course, key: str, *, forward: bool) -> Any:
        """That a stage was left, perhaps forward, by the version under which that was.

        Of most rows the first comparison says that it was another one.
        """
        ways: dict[Any, list[int]] = {}
        for number, pipeline in stages.versions.items():
            # Where a version has no such stage it was taken over from an older one; nobody moved it.
            if pipeline.has_stage(key):
                to = tuple((one, tuple(keys)) for one, keys in ahead(pipeline, key)) if forward else None
                ways.setdefault(to, []).append(number)
        return sa.and_(self.source == key, sa.or_(*(self._by(*way, stages) for way in ways.items())))

    def _by(self, to: Any, numbers: list[int], stages: Course) -> Any:
        """That it was under one of these versions, and if asked for, to where all of them lead forward."""
        under = sa.true() if len(numbers) == len(stages.versions) else self.version.in_(numbers)
        if to is None:
            return under
        return sa.and_(
            under,
            sa.or_(sa.false(), *(sa.and_(self.region == one, self.target.in_(keys)) for one, keys in to)),
        )


def departing(asked: Query, of: Course, since: datetime | None, until: datetime | None) -> Departure:
    """Join the moves by which records left a stage in a period without coming back in it."""
    entry = entries(asked, of)
    bound = None if until is None else sa.literal(until, RawInstant())
    made, at, back = _own(entry, bound) if not of.outer else _outwards(asked, entry, of, bound)
    asked.where += [made.source.is_not(None), made.source != made.target, ~back]
    if bound is not None:
        asked.where.append(at < bound)
    if since is not None:
        asked.where.append(at >= sa.literal(since, RawInstant()))
    return made


def _own(entry: Any, until: Any) -> tuple[Departure, Any, Any]:
    """Each row of a pipeline's own stages says itself what was left, and when that was entered again."""
    back = (
        entry.back_at.is_not(None) if until is None else sa.func.coalesce(entry.back_at < until, sa.false())
    )
    return Departure(entry.version, entry.source, entry.region, entry.stage), entry.at, back


def _outwards(asked: Query, entry: Any, of: Course, until: Any) -> tuple[Departure, Any, Any]:
    """What was entered within is left by what follows: in its region, or around where nothing does there.

    Where what is around was left for itself, it is begun anew, and goes on in the region.
    """
    later, beside = StageEntry.__table__.alias("later"), StageEntry.__table__.alias("beside")
    here = sa.exists().where(
        beside.c.record_id == entry.record_id,
        beside.c.region == entry.region,
        beside.c.seq == later.c.seq,
        beside.c.seq > entry.seq,
    )
    around = [later.c.region.in_(of.outer), later.c.source.is_distinct_from(later.c.stage), ~here]
    asked.source = asked.source.join(
        later,
        sa.and_(
            later.c.record_id == entry.record_id,
            later.c.seq == left_at(entry, of, "seq"),
            sa.or_(sa.and_(later.c.region == entry.region, later.c.seq > entry.seq), sa.and_(*around)),
        ),
    )
    again = StageEntry.__table__.alias("again")
    back = [
        again.c.record_id == entry.record_id,
        again.c.pipeline == entry.pipeline,
        again.c.region == entry.region,
        again.c.stage == entry.stage,
        again.c.seq > entry.seq,
    ]
    if until is not None:
        back.append(again.c.at < until)
    made = Departure(later.c.version, entry.stage, later.c.region, later.c.stage)
    return made, later.c.at, sa.exists().where(*back)


def ahead(pipeline: Pipeline, key: str) -> Iterator[tuple[str, list[str]]]:
    """In each region in which a stage lies what is forward of it: later in the order and alive or done, or won."""
    tree = Tree(pipeline)
    for one in tree.path(key):
        region = tree.region(one)
        if region is not None:
            beside = pipeline.stages if region == ROOT else tree.stages[region].stages
            yield region, _later(beside, one)


def _later(stages: tuple[Stage, ...], key: str) -> list[str]:
    keys = [stage.key for stage in stages]
    later = [stage.key for stage in stages[keys.index(key) + 1 :] if stage.kind in ("open", "done")]
    won = [stage.key for stage in stages if stage.kind == "won"]
    return list(dict.fromkeys([*later, *won]))
