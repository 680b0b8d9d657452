"""The stages of a pipeline over all its versions, and the history of those records that a reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.errors import InvalidError, Problem
from pycrm.pipeline.book import StageEntry
from pycrm.pipeline.choosing import refuse_other
from pycrm.pipeline.judging import refuse_without_pipeline
from pycrm.pipeline.model import Pipeline, Stage
from pycrm.pipeline.tree import ROOT, Tree
from pycrm.scope.gateway import Query, query
from pycrm.store.cache import scanning

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Course",
    "course",
    "courses",
    "entries",
    "in_versions",
    "limited",
    "part",
    "percent",
    "running",
    "scanned",
    "staged",
]

_CENT = Decimal("0.01")


@attrs.frozen
class Course:
    """The stages that a question is about: those of a pipeline, or those directly within one of its stages.

    Args:
        key: the pipeline.
        versions: each published version by its number, the newest first.
        stages: by their keys those of the newest version in its order, then what older ones had besides.
        regions: where they take turns, several where a stage holds some at once.
        outer: the regions around these, whose moves leave what is within.
        holders: the stage that holds these, and all that hold it.
    """

    key: str
    versions: dict[int, Pipeline]
    stages: dict[str, Stage]
    regions: tuple[str, ...] = (ROOT,)
    outer: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()

    def named(self, key: str) -> Stage:
        """The stage of that key.

        Raises:
            InvalidError: no version has one here.
        """
        if key not in self.stages:
            wrong = Problem("stage", "unknown", f"no stage {key!r}")
            raise InvalidError(wrong.message, fields=[wrong])
        return self.stages[key]

    def within(self, key: str) -> Course:
        """The stages directly within one of the pipeline's, wherever that lies.

        Raises:
            InvalidError: no version has such a stage that holds others.
        """
        inside: dict[str, Stage] = {}
        regions: list[str] = []
        outer: list[str] = []
        holders: list[str] = []
        for pipeline in self.versions.values():
            holder = pipeline.stage(key) if pipeline.has_stage(key) else None
            for region in () if holder is None else holder.stages if holder.parallel else (holder,):
                regions.append(region.key)
                for one in region.stages:
                    inside.setdefault(one.key, one)
            if holder is not None:
                tree = Tree(pipeline)
                holders += tree.path(key)
                outer += [found for one in tree.path(key) if (found := tree.region(one)) is not None]
        if not inside:
            wrong = Problem("within", "unknown", f"no stage {key!r} that holds others")
            raise InvalidError(wrong.message, fields=[wrong])
        return Course(self.key, self.versions, inside, _once(regions), _once(outer), _once(holders))


def _once(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def staged(tx: Transaction, cls: Any, conditions: Iterable[Any] = ()) -> Query:
    """A scoped reading of records with stages, by a reader who is shown their stages.

    Raises:
        InvalidError: the class has no pipeline, or a condition or a stage is not the reader's to read.
    """
    asked = query(tx, cls, conditions)
    refuse_without_pipeline(cls, "entity")
    asked.column(cls.stage)
    asked.column(cls.stage_at)
    return asked


def running(
    tx: Transaction, cls: Any, conditions: Iterable[Any], pipeline: str | None, within: str | None = None
) -> tuple[Query, Course]:
    """A scoped reading of records of one pipeline, by default the one that the class names, and its stages.

    Raises:
        InvalidError: as `staged`, the pipeline is none of the class's, or it has no such stage.
    """
    asked = staged(tx, cls, conditions)
    found = limited(asked, pipeline)
    return asked, found if within is None else found.within(within)


def limited(asked: Query, pipeline: str | None) -> Course:
    """Limit a reading to the records of one pipeline, and say what stages that has.

    Raises:
        InvalidError: as `running`.
    """
    # Which pipeline a record runs through is told to whoever is shown that of the record.
    key = asked.cls.__pipeline__ if pipeline is None else pipeline
    asked.where.append(asked.column(asked.cls.pipeline) == sa.literal(key, sa.Text()))
    return course(asked.tx, asked.cls, key)


def entries(asked: Query, of: Course) -> Any:
    """The columns of the stage history of what is asked for, joined to it: of a course's stages.

    A join, since SQLite looks up a list of keys for each row of the history anew. Left to itself it
    also begins with an index of the history and looks up each row and its record in no order, which
    takes twice as long: the sign keeps it to records first, and the rows of each by their key. A record
    keeps its pipeline, by which the records are limited, so its rows are of no other.
    """
    table, key = StageEntry.__table__, asked.table.c.id
    if asked.tx.dialect == "sqlite":
        key = sa.literal_column(f"+{asked.table.name}.id")
    asked.source = asked.source.join(table, sa.and_(table.c.record_id == key, table.c.region.in_(of.regions)))
    return table.c


def scanned(asked: Query, statement: Any) -> list[Any]:
    """The rows of a statement that reads large parts of the stage history, or of all that is asked for."""
    if asked.nothing:
        return []
    with scanning(asked.tx):
        return asked.tx.fetch(statement)


def course(tx: Transaction, cls: Any, key: str) -> Course:
    """The stages of one of a class's pipelines.

    Raises:
        InvalidError: it is none of the class's.
    """
    memo = ("course", key)
    if memo not in tx.memo:
        refuse_other(tx, cls, key)
        book = tx.crm.pipelines
        numbers = sorted(book.numbers(tx, key), reverse=True)
        versions = {one: book.chart(tx, key, one).pipeline for one in numbers}
        stages: dict[str, Stage] = {}
        for pipeline in versions.values():
            for stage in pipeline.stages:
                stages.setdefault(stage.key, stage)
        tx.memo[memo] = Course(key, versions, stages)
    found: Course = tx.memo[memo]
    return found


def courses(tx: Transaction, cls: Any) -> list[Course]:
    """The stages of each pipeline of a class."""
    return [course(tx, cls, key) for key in tx.crm.pipelines.keys_of(tx, cls)]


def in_versions(tx: Transaction, cls: Any, holds: Callable[[Stage], bool], of: str | None = None) -> Any:
    """The condition that a record stands in a stage for which something holds, by its own version.

    Args:
        of: of which pipeline; without it of any that the class has.
    """
    found, options = courses(tx, cls), []
    for one in [each for each in found if of in (None, each.key)]:
        of_pipeline = [cls.pipeline == one.key] if len(found) > 1 else []
        for number, pipeline in one.versions.items():
            keys = [stage.key for stage in pipeline.stages if holds(stage)]
            if keys:
                options.append(sa.and_(*of_pipeline, cls.pipeline_version == number, cls.stage.in_(keys)))
    return sa.or_(*options) if options else sa.false()


def part(number: Any, whole: Any, places: Decimal = _CENT) -> Decimal | None:
    """The quotient of two numbers, rounded half up to 2 places; None where there is no basis."""
    return (Decimal(number) / Decimal(whole)).quantize(places, ROUND_HALF_UP) if whole else None


def percent(number: Any, whole: Any) -> Decimal | None:
    """So many in a hundred, to 2 places; None where there is no basis."""
    return part(Decimal(number) * 100, whole)
