"""Where pipelines and stage histories are kept: published versions are immutable rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.entities.org import User
from pycrm.errors import DeclarationError
from pycrm.pipeline.chart import Chart, compile_pipeline
from pycrm.pipeline.facts import Function
from pycrm.pipeline.model import Pipeline
from pycrm.revision.sql import insert_text

if TYPE_CHECKING:
    from pycrm.plugin import Registry
    from pycrm.store import Transaction

__all__ = ["Book", "PipelineVersion", "StageEntry"]


class PipelineVersion(Row, table="crm_pipeline_version", primary=("key", "version")):
    """One published version of a pipeline; it never changes."""

    key: Field[str] = field("Key", longest=100)
    version: Field[int] = field("Version")
    entity: Field[str] = field("Entity", longest=100)
    state: Field[str] = field("State", longest=20)
    definition: Field[str] = field("Definition", longest=1_000_000)


class StageEntry(
    Row,
    table="crm_stage_entry",
    primary=("record_id", "seq", "region"),
    indexes=(("pipeline", "stage", "at"),),
):
    """A record entered a stage: with label and probability as they were then.

    The region of the pipeline's own stages is empty; of a stage within another it is the stage that
    holds it. What one act entered has one sequence, the record's version.
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


class Book:
    """The compiled pipelines of one CRM, by key and version."""

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
        self._charts = {key: self._compiled(one) for key, one in declared.items()}

    @classmethod
    def listed(cls, registry: Registry) -> Book:
        """The pipelines that plugins list, with their guards and actions."""
        return cls(registry.pipelines, registry.guards, registry.actions, registry.records)

    def _compiled(self, pipeline: Pipeline) -> Chart:
        cls = self._records.get(pipeline.entity)
        specs = {} if cls is None else cls.__specs__
        words = {
            name: {"type": "rows" if spec.kind is None else spec.kind.name, "label": spec.label}
            for name, spec in specs.items()
        }
        return compile_pipeline(pipeline, self._guards, actions=self._actions, words=words)

    def __getitem__(self, key: tuple[str, int]) -> Chart:
        return self._charts[key]

    def publish(self, tx: Transaction) -> None:
        """Store the declared versions that are not stored yet.

        Raises:
            DeclarationError: a published version was declared anew with another content.
        """
        stored = {(key, version): text for key, version, text in tx.fetch(_definitions())}
        for (key, version), pipeline in sorted(self.declared.items()):
            text = json.dumps(pipeline.as_dict(), ensure_ascii=False, sort_keys=True)
            if (key, version) not in stored:
                values = {"key": key, "version": version, "entity": pipeline.entity}
                values |= {"state": "published", "definition": text}
                names = ("key", "version", "entity", "state", "definition")
                tx.write_one(insert_text(tx, PipelineVersion), [values[name] for name in names])
            elif stored[key, version] != text:
                raise DeclarationError(
                    f"pipeline {key} version {version} is published and differs; declare version {version + 1}"
                )

    def unpublished(self, tx: Transaction) -> list[tuple[str, int]]:
        """The key and version of each pipeline that `publish` would store."""
        stored = {(key, version) for key, version, _ in tx.fetch(_definitions())}
        return sorted(self.declared.keys() - stored)

    def current(self, tx: Transaction, key: str) -> Chart:
        """The newest published version, as this transaction sees it.

        Raises:
            DeclarationError: no pipeline of that key is published.
        """
        memo = ("pipeline", key)
        if memo not in tx.memo:
            table = PipelineVersion.__table__.c
            statement = sa.select(sa.func.max(table.version)).where(
                table.key == key, table.state == "published"
            )
            tx.memo[memo] = tx.fetch(statement)[0][0]
        version = tx.memo[memo]
        if version is None:
            raise DeclarationError(f"no pipeline {key} is published: run the migrations")
        return self.chart(tx, key, version)

    def chart(self, tx: Transaction, key: str, version: int) -> Chart:
        """The compiled version, from memory or from its row."""
        found = self._charts.get((key, version))
        if found is None:
            table = PipelineVersion.__table__.c
            rows = tx.fetch(sa.select(table.definition).where(table.key == key, table.version == version))
            if not rows:
                raise DeclarationError(f"there is no version {version} of pipeline {key}")
            pipeline = Pipeline.from_dict(json.loads(rows[0][0]))
            found = self._charts[key, version] = self._compiled(pipeline)
        return found

    def of(self, tx: Transaction, record: Any) -> Chart:
        """The version under which a record runs: the one it was started with."""
        return self.chart(tx, record.pipeline, record.pipeline_version)


def _definitions() -> Any:
    table = PipelineVersion.__table__.c
    return sa.select(table.key, table.version, table.definition)
