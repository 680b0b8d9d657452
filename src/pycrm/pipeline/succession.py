"""A version that follows others: what it changes, and where the records of those others go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.declare import Ref
from pycrm.errors import Problem
from pycrm.pipeline import rules
from pycrm.pipeline.book import LONGEST, text_of
from pycrm.pipeline.carry import Route, carried, route, unmapped
from pycrm.pipeline.chart import Chart
from pycrm.pipeline.compare import differences
from pycrm.pipeline.crowd import Crowd, Group, Person, in_sight, told_of
from pycrm.pipeline.edition import FailingRecord, PipelinePreview, PreviewLine
from pycrm.pipeline.model import RETURN, Pipeline
from pycrm.pipeline.standing import standings
from pycrm.pipeline.tree import Tree
from pycrm.scope.fields import whole

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Succession", "declared_problems"]

_CLOSED = ("won", "lost")


def declared_problems(tx: Transaction, pipeline: Pipeline, base: Pipeline | None) -> list[Problem]:
    """All that keeps a version from being published, whatever records there are (PIP-18)."""
    found = list(tx.crm.pipelines.problems(pipeline))
    if len(text_of(pipeline)) > LONGEST:
        found.append(Problem("", "range", f"is longer than {LONGEST} characters"))
    if base is None:
        return found
    if pipeline.entity != base.entity:
        message = f"{pipeline.key} is a pipeline of {base.entity}"
        found.append(Problem("entity", "rule", message))
    if pipeline.version <= base.version:
        message = f"version {base.version} is published: the next is {base.version + 1}"
        found.append(Problem("version", "rule", message))
    former = {stage.key: stage for stage in base.every}
    for stage in pipeline.every:
        was = former.get(stage.key)
        if was is not None and was.kind != stage.kind and {was.kind, stage.kind} != {"open", "hold"}:
            message = f"{stage.key} was {was.kind}: a stage that is {stage.kind} needs a key of its own"
            found.append(Problem(f"stages/{stage.key}/kind", "rule", message))
    return found


@attrs.define(eq=False)
class Succession:
    """A version about to be published, with what its publisher says about the records of older ones.

    Args:
        pipeline: the version.
        given: old stages, each with the stage of the new version that its records go to.
        running: ``move`` them over, or let all ``keep`` their version.
        left: what becomes of those that lack something: ``leave`` them, or ``move`` them all the same.
        is_in_force: it is published already, and takes what stayed behind.
    """

    tx: Transaction
    pipeline: Pipeline
    given: Mapping[str, str]
    running: Any = "move"
    left: Any = "leave"
    is_in_force: bool = False

    @cached_property
    def base(self) -> Chart | None:
        """The version in force."""
        book = self.tx.crm.pipelines
        number = book.number(self.tx, self.pipeline.key)
        return None if number is None else book.chart(self.tx, self.pipeline.key, number)

    @cached_property
    def tree(self) -> Tree:
        """The stages of the version."""
        return Tree(self.pipeline)

    @cached_property
    def cls(self) -> Any:
        """The class of the records."""
        return self.tx.crm.record(self.pipeline.entity)

    @cached_property
    def crowd(self) -> Crowd:
        """The records of older versions."""
        return Crowd(self.tx, self.cls, self.pipeline.key, self.pipeline.version)

    @cached_property
    def mapping(self) -> Mapping[str, str]:
        """Where old stages go, those that were dropped by earlier versions too.

        A record may have stayed in a version long gone, or have been paused in one: what was said of its
        stages then still holds.
        """
        if self.base is None:
            return dict(self.given)
        before = self.tx.crm.pipelines.mapping(self.tx, self.pipeline.key, self.base.pipeline.version)
        inherited = {
            old: self.given.get(new, new) for old, new in before.items() if old not in self.tree.stages
        }
        held = {old: new for old, new in inherited.items() if new in self.tree.stages}
        return held | dict(self.given)

    def chart(self, version: int) -> Chart:
        """A version in which records stand."""
        found: Chart = self.tx.crm.pipelines.chart(self.tx, self.pipeline.key, version)
        return found

    # --- what would be done ----------------------------------------------------------------------------

    def preview(self, named: int) -> PipelinePreview:
        """What publishing it would do; `named` records that lack something are named at most."""
        base = None if self.base is None else self.base.pipeline
        wrong = [] if self.is_in_force else declared_problems(self.tx, self.pipeline, base)
        seen = PipelinePreview(
            pipeline=self.pipeline,
            base=None if base is None else base.version,
            differences=() if base is None else differences(base, self.pipeline),
            warnings=rules.warnings(self.pipeline),
            lines=(),
            failing=(),
            problems=tuple(wrong),
            mapping=dict(self.given),
            running=self.running,
            left=self.left,
        )
        # Where it cannot work at all, nobody asks where records would go.
        return seen if wrong or base is None else self._followed(seen, named)

    def _followed(self, seen: PipelinePreview, named: int) -> PipelinePreview:
        groups = self.crowd.groups()
        problems = [*self._mapping_problems(groups)]
        if problems or self.running == "keep":
            lines = tuple(self._line(group) for group in groups)
            return attrs.evolve(seen, lines=lines, problems=tuple(problems))
        routes = {group: found for group in groups if (found := self.route(group)) is not None}
        stranded = [group for group in groups if self._is_alive(group) and group not in routes]
        problems += self._dropped(groups, stranded)
        problems += self._without_return(groups, routes)
        judged, failing = self._judged(routes, named)
        lines = tuple(
            self._line(group, routes.get(group), judged.get(group, (0, Counter()))) for group in groups
        )
        return attrs.evolve(
            seen,
            lines=lines,
            failing=tuple(failing),
            problems=tuple(problems),
            stranded=self._in_sight(stranded, named),
        )

    def _line(
        self, group: Group, way: Route | None = None, judged: tuple[int, Counter[str]] = (0, Counter())
    ) -> PreviewLine:
        tree = self.chart(group.version).routes.tree
        return PreviewLine(
            version=group.version,
            stage="+".join(group.leaves),
            label=" + ".join(tree.stages[leaf].label for leaf in group.leaves),
            kind=tree.stages[group.stage].kind,
            count=group.count,
            to=None if way is None else "+".join(way.leaves),
            failing=judged[0],
            lacking=dict(judged[1]),
        )

    def _is_alive(self, group: Group) -> bool:
        """Whether the records of a place are open or paused; decided ones stay as they were decided."""
        return self.chart(group.version).routes.tree.stages[group.stage].kind not in _CLOSED

    def route(self, group: Group) -> Route | None:
        """The way of the records of one place; None where they stay, or have nowhere to go."""
        old = self.chart(group.version).routes.tree
        leaves = carried(old, self.tree, group.leaves, self.mapping) if self._is_alive(group) else ()
        return route(old, self.tree, group.leaves, leaves) if leaves else None

    # --- what is refused -------------------------------------------------------------------------------

    def _mapping_problems(self, groups: Sequence[Group]) -> Iterator[Problem]:
        versions = {group.version for group in groups}
        versions |= set() if self.base is None else {self.base.pipeline.version}
        stages = {
            key: one for number in versions for key, one in self.chart(number).routes.tree.stages.items()
        }
        for old, new in self.given.items():
            path = f"mapping/{old}"
            if old not in stages:
                yield Problem(path, "unknown", f"no version in use has a stage {old}")
            elif stages[old].is_closed:
                yield Problem(path, "rule", f"records in {old} are decided, and stay in their version")
            elif new not in self.tree.stages:
                yield Problem(path, "unknown", f"there is no stage {new}")
            elif any(self.tree.stages[one].archived for one in self.tree.path(new)):
                yield Problem(path, "rule", f"{new} is archived, so nothing enters it")
            elif self.tree.stages[self.tree.top(new)].is_closed:
                yield Problem(path, "rule", f"nothing is decided by a new version, so {new} takes no records")
            elif self.tree.stages[new].kind == "hold" and stages[old].kind != "hold":
                yield Problem(path, "rule", f"nothing is paused by a new version, so {new} takes no records")

    def _dropped(self, groups: Sequence[Group], stranded: Sequence[Group]) -> Iterator[Problem]:
        number = sum(group.count for group in groups if self._is_alive(group))
        lacking: Counter[str] = Counter()
        for group in stranded:
            old = self.chart(group.version).routes.tree
            dropped = unmapped(old, self.tree, group.leaves, self.mapping)
            for leaf in dropped:
                lacking[leaf] += group.count
            if not dropped:
                place = "+".join(group.leaves)
                message = (
                    f"{group.count} records stand in {place}, which lead to places that exclude each other"
                )
                yield Problem(f"mapping/{place}", "rule", message)
        for leaf, count in lacking.items():
            yield Problem(
                f"mapping/{leaf}",
                "required",
                f"{count} of {number} records stand in {leaf}, which version {self.pipeline.version}"
                " drops: say where they go",
            )

    def _without_return(self, groups: Sequence[Group], routes: Mapping[Group, Route]) -> Iterator[Problem]:
        """Paused records that come from a stage that is dropped would never find back."""
        lost: Counter[str] = Counter()
        for version, stage in dict.fromkeys(
            (group.version, group.stage) for group in groups if group in routes
        ):
            chart = self.chart(version)
            places = [one.leaves for one in routes if (one.version, one.stage) == (version, stage)]
            if not any(_returns(chart, leaf) for leaves in places for leaf in leaves):
                continue
            for batch in self.crowd.batches(version, stage):
                with whole(self.tx):
                    stood = standings(self.tx, [one.record for one in batch])
                for found in stood:
                    for leaves in found.before.values():
                        if leaves and not carried(chart.routes.tree, self.tree, leaves, self.mapping):
                            lost[leaves[0]] += 1
        for leaf, count in lost.items():
            message = f"{count} paused records would return to {leaf}, which version {self.pipeline.version}"
            yield Problem(f"mapping/{leaf}", "required", f"{message} drops: say where they go")

    def _in_sight(self, stranded: Sequence[Group], named: int) -> dict[str, tuple[Ref[Any], ...]]:
        found: dict[str, tuple[Ref[Any], ...]] = {}
        for group in stranded:
            at = (
                self.cls.pipeline == self.pipeline.key,
                self.cls.pipeline_version == group.version,
                self.cls.stage == group.stage,
            )
            seen = [
                one.ref
                for one in in_sight(self.tx, self.cls, at, named)
                if (one.stage_config or (one.stage,)) == group.leaves
            ]
            for leaf in group.leaves if seen else ():
                found[leaf] = (*found.get(leaf, ()), *seen)[:named]
        return found

    # --- gates -----------------------------------------------------------------------------------------

    def people(
        self, routes: Mapping[Group, Route], *, locked: bool = False
    ) -> Iterator[list[tuple[Group, Person]]]:
        """The records of all places with a route, in batches."""
        at = {(group.version, group.stage, group.leaves): group for group in routes}
        for version, stage in dict.fromkeys((group.version, group.stage) for group in routes):
            mine = [routes[group] for group in routes if (group.version, group.stage) == (version, stage)]
            for batch in self.crowd.batches(version, stage, mine, locked=locked):
                yield [
                    (group, one)
                    for one in batch
                    if (group := at.get((version, stage, one.leaves))) is not None
                ]

    def missing(self, way: Route, person: Person) -> list[Any]:
        """What a record lacks on its way."""
        return person.missing(way, self.words) if way.is_gated else []

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """Type and label of the fields."""
        found: Mapping[str, Mapping[str, str]] = self.tx.crm.pipelines.compiled(self.pipeline).words
        return found

    def _judged(
        self, routes: Mapping[Group, Route], named: int
    ) -> tuple[dict[Group, tuple[int, Counter[str]]], list[FailingRecord]]:
        """Of each place how many lack something, and what; and those of them that are named."""
        found: dict[Group, tuple[int, Counter[str]]] = {}
        told: list[FailingRecord] = []
        gated = {group: way for group, way in routes.items() if way.is_gated}
        for batch in self.people(gated):
            failing = [
                (group, one, missing) for group, one in batch if (missing := self.missing(gated[group], one))
            ]
            for group, _, missing in failing:
                number, lacking = found.setdefault(group, (0, Counter()))
                lacking.update(one["name"] for one in missing)
                found[group] = (number + 1, lacking)
            told += self._told(gated, failing, named - len(told))
        return found, told

    def _told(self, routes: Mapping[Group, Route], failing: Sequence[Any], limit: int) -> list[FailingRecord]:
        tellable = {
            one.record.id: (group, missing)
            for group, one, missing in failing
            if limit > 0 and told_of(self.tx, self.cls, routes[group])
        }
        if not tellable:
            return []
        seen = in_sight(self.tx, self.cls, [self.cls.id.in_(list(tellable))], limit)
        return [
            FailingRecord(
                one.ref, "+".join(group.leaves), "+".join(routes[group].leaves), tuple(tellable[one.id][1])
            )
            for one in seen
            for group in [tellable[one.id][0]]
        ]


def _returns(chart: Chart, leaf: str) -> bool:
    return any(move.target == RETURN for move in chart.routes.moves_from(leaf))
