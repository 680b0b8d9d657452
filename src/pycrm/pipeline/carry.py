"""Where a record comes to stand that goes over to another version of its pipeline: pure functions.

A stage that both versions have keeps its records. One that is no more, or that a mapping names, sends
them where the mapping says; without it they have nowhere to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from pycrm.pipeline.chart import Visit
from pycrm.pipeline.gate import Need
from pycrm.pipeline.model import Stage
from pycrm.pipeline.tree import ROOT, Tree

__all__ = ["Route", "carried", "route", "settled", "unmapped"]


@attrs.frozen
class Route:
    """The way of the records of one place into another version.

    Attributes:
        before, leaves: the innermost stages, there and here.
        stage: the stage of the pipeline itself in which they come to stand.
        visits: the stages entered that they did not stand in; without any, nothing but the version changes.
        fields, needs: what is asked for on the way: all that entered stages ask for, and of those that
            stay what their old version did not.
    """

    before: tuple[str, ...]
    leaves: tuple[str, ...]
    stage: Stage
    visits: tuple[Visit, ...]
    fields: tuple[str, ...]
    needs: tuple[Need, ...]

    @property
    def is_gated(self) -> bool:
        """Whether anything is asked for on the way."""
        return bool(self.fields or self.needs)

    @property
    def changes_stage(self) -> bool:
        """Whether the stage of the pipeline itself becomes another."""
        return any(visit.region == ROOT for visit in self.visits)


def unmapped(old: Tree, new: Tree, leaves: Iterable[str], mapping: Mapping[str, str]) -> tuple[str, ...]:
    """The stages among leaves that the new version lacks and no mapping sends anywhere."""
    return tuple(leaf for leaf in leaves if leaf not in new.stages and _sent(old, leaf, mapping) is None)


def carried(old: Tree, new: Tree, leaves: Iterable[str], mapping: Mapping[str, str]) -> tuple[str, ...]:
    """The leaves in the new version; none where they have nowhere to go, or to places that exclude each other."""
    leaves = tuple(leaves)
    wanted = {_sent(old, leaf, mapping) or leaf for leaf in leaves}
    if not wanted <= new.stages.keys():
        return ()
    return settled(new, wanted)


def _sent(old: Tree, leaf: str, mapping: Mapping[str, str]) -> str | None:
    """Where a mapping sends a leaf: by its own name, or by that of a stage that holds it."""
    path = old.path(leaf) if leaf in old.stages else (leaf,)
    return next((mapping[key] for key in path if key in mapping), None)


def settled(tree: Tree, wanted: Iterable[str]) -> tuple[str, ...]:
    """The leaves where a record stands that stands in these stages, with what begins by itself.

    None where one region would have to hold two of them at once.
    """
    active = set(tree.active(wanted))
    for key in sorted(active, key=tree.order.__getitem__):
        stage = tree.stages[key]
        within = [one.key for one in stage.stages]
        if stage.parallel:
            lacking = [one for one in within if one not in active]
        else:
            lacking = [] if not within or not active.isdisjoint(within) else [tree.first_of(key)]
        for one in lacking:
            active.update(tree.begun(one))
    regions = [region for key in active if (region := tree.region(key)) is not None]
    return tree.leaves(active) if len(regions) == len(set(regions)) else ()


def route(old: Tree, new: Tree, before: tuple[str, ...], leaves: tuple[str, ...]) -> Route:
    """The way from the leaves of one version to those of another."""
    stood = {key: old.stages[key] for key in old.active(before)}
    held = {old.region(key): key for key in stood}
    visits, fields, needs = [], dict[str, None](), dict[str, Need]()
    for key in new.active(leaves):
        stage, former, region = new.stages[key], stood.get(key), new.region(key)
        if region is not None and (former is None or held.get(region) != key):
            visits.append(Visit(region, held.get(region), stage))
        fields |= dict.fromkeys(name for name in stage.required if not former or name not in former.required)
        needs |= {need.key: need for need in stage.records if not former or need not in former.records}
    return Route(
        before, leaves, new.stages[new.top(leaves[0])], tuple(visits), tuple(fields), tuple(needs.values())
    )
