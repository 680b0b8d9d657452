"""Where pipelines and stage histories are kept: published versions are immutable rows."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.declare.row import layout
from pycrm.entities.org import Action, User
from pycrm.errors import DeclarationError, Problem
from pycrm.pipeline import rules
from pycrm.pipeline.chart import Chart, compile_pipeline
from pycrm.pipeline.effect import SetField
from pycrm.pipeline.facts import Function
from pycrm.pipeline.model import OWNER, Move, Pipeline, Stage
from pycrm.pipeline.settable import settable
from pycrm.revision.sql import insert_text

if TYPE_CHECKING:
    from pycrm.plugin import Registry
    from pycrm.store import Transaction

__all__ = [
    "DRAFT",
    "DRAFTED",
    "IN_FORCE",
    "LONGEST",
    "PUBLISHED",
    "RETIRED",
    "Book",
    "PipelineVersion",
    "StageEntry",
    "enter",
    "in_force",
    "retire",
    "text_of",
]

_log = logging.getLogger("pycrm.pipeline")

DRAFT: Final = 0
"""The number under which the one draft of a pipeline is kept."""

LONGEST: Final = 1_000_000
DRAFTED, PUBLISHED, RETIRED = "draft", "published", "retired"


class PipelineVersion(Row, table="crm_pipeline_version", primary=("key", "version")):
    """One version of a pipeline; once published it never changes but for its state.

    The draft of a pipeline has the number `DRAFT` here and its own in its definition. `declared` tells
    what came from a plugin's code from what somebody published. `mapping` is where the stages went that
    are no more: records that were moved over find by it where they may return to.
    """

    key: Field[str] = field("Key", longest=100)
    version: Field[int] = field("Version")
    entity: Field[str] = field("Entity", longest=100)
    state: Field[str] = field("State", longest=20)
    definition: Field[str] = field("Definition", longest=LONGEST)
    declared: Field[bool] = field("Declared", default=False)
    mapping: Field[str | None] = field("Mapping", default=None, longest=LONGEST)
    at: Field[datetime | None] = field("At", default=None)
    by: Link[User | None] = link("By", default=None)
    reason: Field[str | None] = field("Reason", default=None)


class StageEntry(
    Row,
    table="crm_stage_entry",
    primary=("record_id", "seq", "region"),
    indexes=(("pipeline", "stage", "at"),),
    clustered=True,
):
    """A record entered a stage: with label and probability as they were then.

    The region of the pipeline's own stages is empty; of a stage within another it is the stage that
    holds it. What one act entered has one sequence, the record's version. `back_at` is when the record was
    first back in the stage that it left by this row.
    """

    record: Field[UUID] = field("Record", column="record_id")
    seq: Field[int] = field("Sequence")
    region: Field[str] = field("Region", default="", longest=100)
    pipeline: Field[str] = field("Pipeline", longest=100)
    version: Field[int] = field("Pipeline version")
    source: Field[str | None] = field("From", default=None, longest=100)
    stage: Field[str] = field("Stage", longest=100)
    label: Field[str] = field("Label", longest=200)
    probability: Field[int | None] = field("Probability", default=None)
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    reason: Field[str | None] = field("Reason", default=None)
    back_at: Field[datetime | None] = field("Back at", default=None)


class Book:
    """The compiled pipelines of one CRM, by key and version.

    What is kept from one transaction to the next was read from rows that were committed; what a
    transaction has published itself, it keeps for itself.
    """

    def __init__(
        self,
        declared: Mapping[tuple[str, int], Pipeline],
        guards: Mapping[str, Function],
        actions: Mapping[str, Function],
        records: Mapping[str, Any],
    ) -> None:
        """Compiles every declared pipeline; raises `DeclarationError` with all that is wrong."""
        self._guards, self._actions, self._records = dict(guards), dict(actions), records
        self.declared = dict(declared)
        for one in declared.values():
            self.compiled(one)
        self._charts: dict[tuple[str, int], Chart] = {}
        self._mappings: dict[tuple[str, int], Mapping[str, str]] = {}

    @classmethod
    def listed(cls, registry: Registry) -> Book:
        """The pipelines that plugins list, with their guards and actions."""
        return cls(registry.pipelines, registry.guards, registry.actions, registry.records)

    def compiled(self, pipeline: Pipeline) -> Chart:
        """The chart of a pipeline with the functions and fields of this CRM."""
        cls = self._records.get(pipeline.entity)
        specs = {} if cls is None else cls.__specs__
        words = {
            name: {"type": "rows" if spec.kind is None else spec.kind.name, "label": spec.label}
            for name, spec in specs.items()
        }
        return compile_pipeline(pipeline, self._guards, actions=self._actions, words=words)

    def problems(self, pipeline: Pipeline) -> tuple[Problem, ...]:
        """Everything that keeps a pipeline from working in this CRM."""
        cls = self._records.get(pipeline.entity)
        known = None if cls is None else cls.__specs__.keys()
        found = list(
            rules.problems(pipeline, fields=known, guards=self._guards.keys(), actions=self._actions.keys())
        )
        entities = {one.entity for (key, _), one in self.declared.items() if key == pipeline.key}
        if entities and pipeline.entity not in entities:
            message = f"{pipeline.key} is a pipeline of {', '.join(sorted(entities))}"
            found.append(Problem("entity", "rule", message))
        elif cls is None or cls.__pipeline__ is None:
            message = f"the records of {pipeline.entity} run through no pipeline: no class names one"
            found.append(Problem("entity", "unknown", message))
        rights = {action.value for action in Action}
        for place, move in enumerate(pipeline.moves):
            if move.permission is not None and move.permission not in rights:
                message = f"{move.permission} is no right of a role"
                found.append(Problem(f"moves/{place}/permission", "unknown", message))
            if move.reach == OWNER and cls is not None and "owner" not in cls.__specs__:
                message = f"{pipeline.entity} has no owner"
                found.append(Problem(f"moves/{place}/reach", "rule", message))
            for at, one in enumerate(move.effects):
                if isinstance(one, SetField) and cls is not None and one.field not in settable(cls):
                    message = f"no move sets {one.field}"
                    found.append(Problem(f"moves/{place}/effects/{at}/field", "rule", message))
        return (*found, *self._needed(pipeline))

    def _needed(self, pipeline: Pipeline) -> Iterator[Problem]:
        """Whatever records are asked for are of a class that there is."""
        asking: list[Stage | Move] = [*pipeline.every, *pipeline.moves]
        cls = self._records.get(pipeline.entity)
        rows = set() if cls is None else {spec.child for spec in cls.__specs__.values()}
        for one in asking:
            for need in one.records:
                if need.entity not in self._records and need.entity not in rows:
                    yield Problem(f"{one.key}/records/{need.key}", "unknown", f"there is no {need.entity}")

    # --- what is declared in code ----------------------------------------------------------------------

    def publish(self, tx: Transaction) -> None:
        """Store the declared versions that are not stored yet.

        One whose number somebody has published with another content stays where it is: see `offered`.

        Raises:
            DeclarationError: a version that was stored from code was declared anew with another content.
        """
        for key, version in self.unpublished(tx):
            enter(tx, self.declared[key, version], at=tx.moment, declared=True)
        for key, version in self.edited(tx):
            raise DeclarationError(_edited(key, version))
        for key in {key for key, _ in self.declared}:
            retire(tx, key)

    def edited(self, tx: Transaction) -> list[tuple[str, int]]:
        """The versions that were stored from code and are declared with another content now."""
        return sorted(
            (key, version)
            for key, version, text, declared in _definitions(tx)
            if declared and self._is_edited(key, version, text)
        )

    def _is_edited(self, key: str, version: int, text: str) -> bool:
        found = self.declared.get((key, version))
        return found is not None and text_of(found) != text

    def unpublished(self, tx: Transaction) -> list[tuple[str, int]]:
        """The key and version of each pipeline that `publish` would store."""
        newest, stored = _by_hand(_definitions(tx))
        return sorted(one for one in self.declared.keys() - stored if one[1] > newest.get(one[0], 0))

    def offered(self, tx: Transaction) -> list[tuple[str, int]]:
        """The declared versions in whose place others were published by hand."""
        rows = _definitions(tx)
        newest, _ = _by_hand(rows)
        stored = {(key, version): text for key, version, text, _ in rows}
        return sorted(
            one
            for one, pipeline in self.declared.items()
            if stored.get(one) != text_of(pipeline) and one[1] <= newest.get(one[0], 0)
        )

    def keys_of(self, tx: Transaction, cls: Any) -> list[str]:
        """The pipelines of a class: those in code in the order of their declaration, then what was published."""
        declared = [key for (key, _), one in self.declared.items() if one.entity == cls.__name__]
        published = [key for key, (_, entity) in sorted(in_force(tx).items()) if entity == cls.__name__]
        return list(dict.fromkeys([*declared, *published]))

    # --- what is in force ------------------------------------------------------------------------------

    def current(self, tx: Transaction, key: str) -> Chart:
        """The newest published version, as this transaction sees it.

        Raises:
            DeclarationError: no pipeline of that key is published.
        """
        version = self.number(tx, key)
        if version is None:
            raise DeclarationError(f"no pipeline {key} is published: run the migrations")
        return self.chart(tx, key, version)

    def number(self, tx: Transaction, key: str) -> int | None:
        """The number of the newest published version, or None."""
        found = in_force(tx).get(key)
        return None if found is None else found[0]

    def numbers(self, tx: Transaction, key: str) -> set[int]:
        """The numbers of all versions that are or were in force; a draft is none of them."""
        rows = tx.kept("versions that were in force", _were_in_force)
        return {version for of, version in rows if of == key}

    def chart(self, tx: Transaction, key: str, version: int) -> Chart:
        """The compiled version, from memory or from its row."""
        found: Chart | None = tx.memo.get(("chart", key, version)) or self._charts.get((key, version))
        if found is None:
            text, mapping, from_code = self._row(tx, key, version)
            pipeline = self.declared.get((key, version))
            if pipeline is None or self._is_edited(key, version, text):
                if pipeline is not None and from_code:
                    # Whoever edited it would otherwise wait in vain for what they wrote.
                    _log.warning("%s", _edited(key, version))
                pipeline = Pipeline.from_dict(json.loads(text))
            self._mappings[key, version] = json.loads(mapping) if mapping else {}
            found = self._charts[key, version] = self.compiled(pipeline)
        return found

    def mapping(self, tx: Transaction, key: str, version: int) -> Mapping[str, str]:
        """Where the stages of older versions went when records were moved over to this one."""
        own: Mapping[str, str] | None = tx.memo.get(("mapping", key, version))
        if own is not None:
            return own
        self.chart(tx, key, version)
        return self._mappings.get((key, version), {})

    def _row(self, tx: Transaction, key: str, version: int) -> tuple[str, str | None, bool]:
        table = PipelineVersion.__table__.c
        statement = sa.select(table.definition, table.mapping, table.declared).where(
            table.key == key, table.version == version, table.state != DRAFTED
        )
        rows = tx.fetch(statement)
        if not rows:
            raise DeclarationError(f"there is no version {version} of pipeline {key}")
        return rows[0][0], rows[0][1], bool(rows[0][2])

    def of(self, tx: Transaction, record: Any) -> Chart:
        """The version under which a record runs: the one it was started with, or moved over to."""
        return self.chart(tx, record.pipeline, record.pipeline_version)

    def keep(self, tx: Transaction, chart: Chart, mapping: Mapping[str, str]) -> None:
        """Let this transaction use a version that it has just published; others read its row."""
        key, version = chart.pipeline.key, chart.pipeline.version
        known = in_force(tx) | {key: (version, chart.pipeline.entity)}
        own = {("chart", key, version): chart, ("mapping", key, version): mapping, IN_FORCE: known}
        before = {name: tx.memo.get(name) for name in own}
        tx.memo.update(own)

        def forget() -> None:
            for name, value in before.items():
                tx.memo.pop(name, None)
                if value is not None:
                    tx.memo[name] = value

        tx.after_savepoint.append(forget)


def _edited(key: str, version: int) -> str:
    return f"pipeline {key} version {version} is published and differs; declare version {version + 1}"


IN_FORCE: Final = "pipelines in force"


def in_force(tx: Transaction) -> dict[str, tuple[int, str]]:
    """Of each pipeline the newest published version and the entity, as this transaction sees them."""
    found: dict[str, tuple[int, str]] | None = tx.memo.get(IN_FORCE)
    if found is None:
        rows = tx.kept(IN_FORCE, _in_force)
        found = tx.memo[IN_FORCE] = {key: (version, entity) for key, version, entity in rows}
    return found


def _were_in_force() -> Any:
    table = PipelineVersion.__table__.c
    return sa.select(table.key, table.version).where(table.state != DRAFTED)


def _in_force() -> Any:
    table = PipelineVersion.__table__.c
    found = sa.select(table.key, table.version, table.entity).where(table.state == PUBLISHED)
    return found.order_by(table.version)


def text_of(pipeline: Pipeline) -> str:
    """A pipeline as its row holds it."""
    return json.dumps(pipeline.as_dict(), ensure_ascii=False, sort_keys=True)


def enter(tx: Transaction, pipeline: Pipeline, *, version: int | None = None, **more: Any) -> None:
    """Write the row of a version, published unless it is told otherwise.

    Raises:
        ConflictError: that number is taken.
    """
    values = {"state": PUBLISHED} | more
    row = PipelineVersion(
        key=pipeline.key,
        version=pipeline.version if version is None else version,
        entity=pipeline.entity,
        definition=text_of(pipeline),
        **values,
    )
    tx.write_one(insert_text(tx, PipelineVersion), layout(PipelineVersion).dump[tx.dialect](row))


def retire(tx: Transaction, key: str) -> None:
    """Retire all published versions of a pipeline but the newest: nothing begins in them any more."""
    table = PipelineVersion.__table__
    other = table.alias("other")
    newest = (
        sa.select(sa.func.max(other.c.version))
        .where(other.c.key == key, other.c.state == PUBLISHED)
        .scalar_subquery()
    )
    older = sa.and_(table.c.key == key, table.c.state == PUBLISHED, table.c.version < newest)
    if tx.fetch(sa.select(table.c.version).where(older).limit(1)):
        tx.execute(sa.update(table).where(older).values(state=RETIRED))


def _by_hand(rows: Iterable[Any]) -> tuple[dict[str, int], set[tuple[str, int]]]:
    """The newest number that somebody has published of each pipeline, and all that are stored."""
    newest: dict[str, int] = {}
    stored = set()
    for key, version, _, declared in rows:
        stored.add((key, version))
        if not declared:
            newest[key] = max(version, newest.get(key, 0))
    return newest, stored


def _definitions(tx: Transaction) -> list[Any]:
    table = PipelineVersion.__table__.c
    statement = sa.select(table.key, table.version, table.definition, table.declared)
    return tx.fetch(statement.where(table.state != DRAFTED))
