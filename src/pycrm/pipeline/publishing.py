"""Publishing versions of pipelines: drafts, previews, and moving over what runs (PIP-3, PIP-4)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.declare.row import layout
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, Problem, StaleError
from pycrm.pipeline import rules
from pycrm.pipeline.book import DRAFT, DRAFTED, IN_FORCE, PipelineVersion, StageEntry, enter, retire, text_of
from pycrm.pipeline.carry import Route
from pycrm.pipeline.crowd import Group
from pycrm.pipeline.edition import Edition, PipelineDraft, PipelinePreview
from pycrm.pipeline.entering import entries, write_entries
from pycrm.pipeline.model import Pipeline, Stage
from pycrm.pipeline.succession import Succession, declared_problems
from pycrm.revision.amendment.judge import comment_of
from pycrm.revision.guard import stamp
from pycrm.revision.log import jsonable, note
from pycrm.revision.rows import stamps
from pycrm.scope.actor import Actor, may_function

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["archive_stage", "carry_over", "draft", "editions", "one", "preview", "publish"]

_RIGHT = "pipelines"


def _may(tx: Transaction, action: str) -> bool:
    actor: Actor = tx.actor
    if actor.is_system:
        return any(grant in ("*", _RIGHT, f"{_RIGHT}.{action}") for grant in actor.grants)
    return may_function(actor, _RIGHT, action)


def _refuse_without(tx: Transaction, action: str) -> None:
    if not _may(tx, action):
        verb = "publishing" if action == Action.UPDATE else "seeing drafts of"
        raise ForbiddenError(f"{verb} pipelines is not granted: entity {_RIGHT}, action {action}")


# --- reading -------------------------------------------------------------------------------------------


def editions(tx: Transaction) -> list[Edition]:
    """See `Session.pipelines`."""
    made, table, may_see = layout(PipelineVersion), PipelineVersion.__table__.c, _may(tx, Action.READ)
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.key, table.version)
    found = []
    for row in made.build(tx.fetch(statement)):
        if row.state == DRAFTED and not may_see:
            continue
        held = json.loads(row.definition)
        more = {"at": row.at, "by": row.by, "reason": row.reason} if may_see else {}
        found.append(Edition(row.key, held["version"], row.state, row.entity, held["label"], **more))
    book = tx.crm.pipelines
    for key, version in book.offered(tx) if may_see else ():
        declared = book.declared[key, version]
        found.append(Edition(key, version, "declared", declared.entity, declared.label))
    return sorted(found, key=lambda edition: (edition.key, edition.version))


def one(tx: Transaction, key: str, version: int | None, *, declared: bool) -> Pipeline:
    """See `Session.pipeline`."""
    book = tx.crm.pipelines
    if version == DRAFT:
        _refuse_without(tx, Action.READ)
        return _drafted(tx, key)
    number = book.number(tx, key)
    if declared:
        _refuse_without(tx, Action.READ)
        if (key, version) not in book.declared:
            raise NotFoundError(f"no plugin declares a version {version} of a pipeline {key}")
        found: Pipeline = book.declared[key, version]
        return attrs.evolve(found, version=(number or 0) + 1)
    if number is None or (version is not None and version not in book.numbers(tx, key)):
        raise NotFoundError(f"there is no version {version or ''} of a pipeline {key}".replace("  ", " "))
    shown: Pipeline = book.chart(tx, key, version or number).pipeline
    return shown


def _drafted(tx: Transaction, key: str) -> Pipeline:
    table = PipelineVersion.__table__.c
    rows = tx.fetch(sa.select(table.definition).where(table.key == key, table.version == DRAFT))
    if not rows:
        raise NotFoundError(f"there is no draft of a pipeline {key}")
    return Pipeline.from_dict(json.loads(rows[0][0]))


def preview(
    tx: Transaction, what: Any, mapping: Mapping[str, str] | None, running: Any, failing: Any, named: int
) -> PipelinePreview:
    """See `Session.preview_pipeline`."""
    _refuse_without(tx, Action.READ)
    return _succession(tx, what, mapping, running, failing).preview(named)


def _succession(tx: Transaction, what: Any, mapping: Any, running: Any, failing: Any) -> Succession:
    wrong = [
        Problem(name, "type", f"must be {' or '.join(words)}")
        for name, value, words in (
            ("running", running, ("move", "keep")),
            ("failing", failing, ("leave", "move")),
        )
        if value not in words
    ]
    given = {} if mapping is None else mapping
    if not isinstance(given, Mapping) or not all(
        isinstance(part, str) for pair in given.items() for part in pair
    ):
        wrong.append(Problem("mapping", "type", "must be a table of old and new stages"))
    if wrong:
        raise InvalidError(wrong[0].message, fields=wrong)
    return Succession(tx, _read(tx, what), dict(given), running, failing)


def _read(tx: Transaction, what: Any) -> Pipeline:
    """The pipeline that somebody means: itself, its data, its TOML, or the key of a draft."""
    if isinstance(what, Pipeline):
        return what
    if isinstance(what, Mapping):
        return Pipeline.from_dict(what)
    if not isinstance(what, str):
        wrong = Problem("pipeline", "type", "must be a pipeline, its data, its TOML or the key of a draft")
        raise InvalidError(wrong.message, fields=[wrong])
    return _drafted(tx, what) if what.isidentifier() else Pipeline.from_toml(what)


# --- drafts --------------------------------------------------------------------------------------------


def draft(tx: Transaction, what: Any, because: str | None) -> PipelineDraft:
    """See `Session.draft_pipeline`."""
    _refuse_without(tx, Action.UPDATE)
    pipeline = _read(tx, what)
    _hold(tx, pipeline.key)
    base = Succession(tx, pipeline, {}).base
    wrong = declared_problems(tx, pipeline, None if base is None else base.pipeline)
    if wrong:
        raise _refused(pipeline, wrong)
    _drop_draft(tx, pipeline.key)
    enter(tx, pipeline, version=DRAFT, state=DRAFTED, at=tx.moment, by=tx.actor.ref, reason=because)
    return PipelineDraft(pipeline, rules.warnings(pipeline))


def _refused(
    pipeline: Pipeline, wrong: Iterable[Problem], data: Mapping[str, Any] | None = None
) -> InvalidError:
    wrong = list(wrong)
    lines = "; ".join(
        f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in wrong
    )
    message = f"pipeline {pipeline.key} version {pipeline.version} cannot be published: {lines}"
    return InvalidError(message, fields=wrong, data=data)


def _drop_draft(tx: Transaction, key: str) -> None:
    table = PipelineVersion.__table__
    tx.execute(sa.delete(table).where(table.c.key == key, table.c.version == DRAFT))


def _hold(tx: Transaction, key: str) -> None:
    """Let nobody else publish a version of this pipeline until the transaction ends."""
    table = PipelineVersion.__table__.c
    statement = sa.select(table.version).where(table.key == key).order_by(table.version)
    tx.fetch(statement.with_for_update() if tx.dialect == "postgresql" else statement)
    # What was current before others published may not be so any more.
    tx.memo.pop(IN_FORCE, None)


# --- publishing ----------------------------------------------------------------------------------------


def publish(
    tx: Transaction,
    what: Any,
    mapping: Mapping[str, str] | None,
    because: str,
    *,
    running: Any,
    failing: Any,
    seen: PipelinePreview | None,
    named: int,
) -> PipelinePreview:
    """See `Session.publish_pipeline`."""
    _refuse_without(tx, Action.UPDATE)
    comment_of(because)
    succession = _succession(tx, what, mapping, running, failing)
    pipeline = succession.pipeline
    _hold(tx, pipeline.key)
    if pipeline.version in tx.crm.pipelines.numbers(tx, pipeline.key):
        raise _taken(pipeline)
    found = succession.preview(named)
    if seen is not None and not found.tells_the_same(seen):
        raise StaleError(
            "records or versions changed since the preview; look at it again",
            data={"seen": _told(seen), "now": _told(found)},
        )
    if found.problems:
        records = {stage: [str(ref.id) for ref in refs] for stage, refs in found.stranded.items()}
        raise _refused(pipeline, found.problems, {"records": records})
    _enter(tx, succession, because)
    _carry_out(succession, because, "publish", found)
    return found


def carry_over(tx: Transaction, key: str, because: str, failing: Any, named: int) -> PipelinePreview:
    """See `Session.carry_over`."""
    _refuse_without(tx, Action.UPDATE)
    comment_of(because)
    _hold(tx, key)
    succession = _succession(tx, one(tx, key, None, declared=False), None, "move", failing)
    succession.is_in_force = True
    found = succession.preview(named)
    if found.problems:
        raise _refused(succession.pipeline, found.problems)
    _carry_out(succession, because, "carry_over", found)
    return found


def _going(seen: PipelinePreview) -> Counter[tuple[int, str]]:
    """How many records a preview promised to move over, by version and place."""
    found: Counter[tuple[int, str]] = Counter()
    for line in seen.lines:
        if line.to is not None:
            found[line.version, line.stage] += line.count - (line.failing if seen.left == "leave" else 0)
    return +found


def _taken(pipeline: Pipeline) -> ConflictError:
    taken = Problem("version", "unique", f"version {pipeline.version} of {pipeline.key} is published already")
    return ConflictError(taken.message, fields=[taken])


def _told(seen: PipelinePreview) -> dict[str, Any]:
    lines = [{"version": line.version, "stage": line.stage, "count": line.count} for line in seen.lines]
    return {"base": seen.base, "lines": lines}


def _enter(tx: Transaction, succession: Succession, because: str) -> None:
    """Write the row of the version, retire what it follows, and forget the draft that it was."""
    pipeline, book = succession.pipeline, tx.crm.pipelines
    mapping = dict(succession.mapping)
    text = json.dumps(mapping, ensure_ascii=False, sort_keys=True) if mapping else None
    try:
        enter(tx, pipeline, at=tx.moment, by=tx.actor.ref, reason=because, mapping=text)
    except ConflictError as error:
        raise _taken(pipeline) from error
    table = PipelineVersion.__table__.c
    drafts = sa.select(table.definition).where(table.key == pipeline.key, table.version == DRAFT)
    if [row[0] for row in tx.fetch(drafts)] == [text_of(pipeline)]:
        _drop_draft(tx, pipeline.key)
    retire(tx, pipeline.key)
    book.keep(tx, book.compiled(pipeline), mapping)


def _carry_out(succession: Succession, because: str, act: str, seen: PipelinePreview) -> None:
    """Move over what goes.

    Raises:
        StaleError: other records than the preview promised, by version and place.
    """
    moved: Counter[tuple[int, str]] = Counter()
    if succession.base is None or succession.running == "keep":
        return
    routes = {
        group: way for group in succession.crowd.groups() if (way := succession.route(group)) is not None
    }
    for batch in succession.people(routes, locked=True):
        going: dict[Group, list[Any]] = {}
        for group, person in batch:
            if succession.left == "move" or not succession.missing(routes[group], person):
                going.setdefault(group, []).append(person.record)
        for group, records in going.items():
            _move_over(succession, routes[group], records, because, act)
            moved[group.version, "+".join(group.leaves)] += len(records)
    if moved != _going(seen):
        raise _overtaken()


def _overtaken() -> StaleError:
    return StaleError("records moved while the version was published; try again")


def _move_over(succession: Succession, way: Route, records: list[Any], because: str, act: str) -> None:
    """Write one batch of records of one place: one statement, a change row for each, and entries of stages."""
    tx, cls, pipeline = succession.tx, succession.cls, succession.pipeline
    values: dict[str, Any] = {"pipeline_version": pipeline.version}
    if way.changes_stage:
        values |= {"stage": way.stage.key, "stage_at": tx.moment}
        values |= dict.fromkeys(cls.dropped_by_moves)
    config = succession.tree.config(way.leaves)
    if config != records[0].stage_config:
        values["stage_config"] = config
    table, specs = cls.__table__, cls.__specs__
    columns = {
        column: _bound(table.c[column], value)
        for name, value in values.items()
        for column in specs[name].columns
    }
    ids = [record.id for record in records]
    number = tx.execute(
        sa.update(table)
        .where(table.c.id.in_(ids))
        .values(columns | stamps(tx, cls))
        .execution_options(preserve_rowcount=True)
    )
    if number != len(records):
        raise _overtaken()
    stays: list[StageEntry] = []
    for record in records:
        made = layout(cls).copy(record, values | stamp(tx, record))
        pairs = {
            name: [jsonable(specs[name], getattr(record, name)), jsonable(specs[name], value)]
            for name, value in values.items()
            if getattr(record, name) != value
        }
        note(tx, made, act, pairs)
        stays += entries(tx, made, way.visits, because)
    if stays:
        write_entries(tx, stays)


def _bound(column: Any, value: Any) -> Any:
    return sa.null() if value is None else sa.bindparam(None, value, type_=column.type, unique=True)


def archive_stage(tx: Transaction, key: str, stage: str, because: str) -> PipelinePreview:
    """See `Session.archive_pipeline_stage`."""
    _refuse_without(tx, Action.UPDATE)
    _hold(tx, key)
    current = one(tx, key, None, declared=False)
    if not current.has_stage(stage):
        wrong = Problem("stage", "unknown", f"{key} has no stage {stage}")
        raise InvalidError(wrong.message, fields=[wrong])
    if current.stage(stage).archived:
        raise ConflictError(f"{stage} is archived already")
    stages = tuple(_archived(each, stage) for each in current.stages)
    following = attrs.evolve(current, version=max(tx.crm.pipelines.numbers(tx, key)) + 1, stages=stages)
    return publish(tx, following, None, because, running="move", failing="leave", seen=None, named=0)


def _archived(stage: Stage, key: str) -> Stage:
    if stage.key == key:
        return attrs.evolve(stage, archived=True)
    return attrs.evolve(stage, stages=tuple(_archived(each, key) for each in stage.stages))
