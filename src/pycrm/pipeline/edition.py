"""What is told of the versions of a pipeline: what there are, and what publishing one would do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs

from pycrm.declare import Ref
from pycrm.errors import Problem
from pycrm.pipeline.facts import Requirement
from pycrm.pipeline.model import Kind, Pipeline

if TYPE_CHECKING:
    from pycrm.entities.org import User

__all__ = [
    "Edition",
    "EditionState",
    "Failing",
    "FailingRecord",
    "PipelineDifference",
    "PipelineDraft",
    "PipelinePreview",
    "PreviewLine",
    "Running",
]

EditionState = Literal["draft", "published", "retired", "declared"]
Running = Literal["move", "keep"]
Failing = Literal["leave", "move"]


@attrs.frozen
class Edition:
    """One version of a pipeline that there is.

    Attributes:
        state: ``published`` is where new records begin, ``retired`` what was published before it,
            ``draft`` what is not published yet, and ``declared`` what a plugin declares under a number
            that somebody has published with another content.
        at, by, reason: when it was published or drafted, by whom and why; None to who may not see drafts.
    """

    key: str
    version: int
    state: EditionState
    entity: str
    label: str
    at: datetime | None = None
    by: Ref[User] | None = None
    reason: str | None = None


@attrs.frozen
class PipelineDraft:
    """A draft as it is stored, and what is odd about it."""

    pipeline: Pipeline
    warnings: tuple[Problem, ...]


@attrs.frozen
class PipelineDifference:
    """One thing in which a version differs from another.

    Attributes:
        subject: ``pipeline``, ``stage`` or ``move``.
        key: of the stage; of a move its key and target, as ``back to filed``.
        change: ``added``, ``removed``, ``archived``, ``reopened`` (archived no more) or ``changed``.
        field: what was changed: ``label``, ``probability``, ``required`` …
        before, after: the values, as plain data.
    """

    subject: Literal["pipeline", "stage", "move"]
    key: str
    change: Literal["added", "removed", "archived", "reopened", "changed"]
    field: str | None = None
    before: Any = None
    after: Any = None


@attrs.frozen
class PreviewLine:
    """What becomes of the records that stand in one stage of one version.

    Attributes:
        version, stage, label, kind: where they stand; of stages within others the innermost, joined by
            ``+`` where a record stands in several at once.
        count: how many there are.
        to: the stage that they come to, in the same way; None where they stay in their version.
        failing: how many of them lack something that is asked for there.
        lacking: how many lack what, by the name of the field or need.
    """

    version: int
    stage: str
    label: str
    kind: Kind
    count: int
    to: str | None = None
    failing: int = 0
    lacking: Mapping[str, int] = attrs.field(factory=dict, hash=False)


@attrs.frozen
class FailingRecord:
    """A record in the asker's sight that lacks what is asked for where it would come to."""

    record: Ref[Any]
    stage: str
    to: str
    missing: tuple[Requirement, ...]


@attrs.frozen
class PipelinePreview:
    """What publishing a version would do, or has done.

    Attributes:
        pipeline: the version.
        base: the number of the version that it follows, None where it is the first.
        differences: in what it differs from that one.
        warnings: what is permitted but odd.
        lines: what becomes of the records, stage by stage; decided ones stay in their version.
        failing: records that lack something, as many as were asked for and the asker sees.
        problems: what publishing is refused for.
        stranded: of each stage that is dropped and stands in no mapping, records that the asker sees.
        running, left: whether records are moved over, and what happens to those that lack something.
    """

    pipeline: Pipeline
    base: int | None
    differences: tuple[PipelineDifference, ...]
    warnings: tuple[Problem, ...]
    lines: tuple[PreviewLine, ...]
    failing: tuple[FailingRecord, ...]
    problems: tuple[Problem, ...]
    stranded: Mapping[str, tuple[Ref[Any], ...]] = attrs.field(factory=dict, hash=False)
    mapping: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    running: Running = "move"
    left: Failing = "leave"

    @property
    def is_possible(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems

    @property
    def count(self) -> int:
        """How many records run in older versions: open or paused ones."""
        return sum(line.count for line in self.lines if line.kind not in ("won", "lost"))

    @property
    def moving(self) -> int:
        """How many records are moved over to the version."""
        gone = [line for line in self.lines if line.to is not None]
        return sum(line.count - (line.failing if self.left == "leave" else 0) for line in gone)

    @property
    def failing_count(self) -> int:
        """How many records lack something that is asked for where they come to."""
        return sum(line.failing for line in self.lines)

    def tells_the_same(self, other: PipelinePreview) -> bool:
        """Whether another preview promises the same of the same version."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("pipeline", "base", "lines", "problems", "mapping", "running", "left")
        )
