"""What a CRM refuses to start with: anything whose policy is missing, or names what there is not.

Closed by default: each rule yields one line for each thing that is wrong, naming plugin and thing.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pycrm.declare.policy import ClaimPolicy, Through, UsedBy
from pycrm.declare.word import word_of
from pycrm.entities.org import Action
from pycrm.pipeline import SetField, problems
from pycrm.pipeline.settable import settable
from pycrm.plugin import Registry

__all__ = ["undeclared"]


def undeclared(registry: Registry, claims: Mapping[str, Any]) -> Iterator[str]:
    """Everything that lacks a policy, or whose policy could not hold, one line each."""
    naked = [
        f"{registry.plugin_of(cls).name}: {cls.__name__}"
        for cls in registry.records.values()
        if cls.__scope__ is None
    ]
    if naked:
        yield f"no scope declared (owned(), through(…), reference() …): {', '.join(naked)}"
    for cls in registry.records.values():
        for wrong in (*_links(registry, cls), *_team(registry, cls), *_pipeline_of(registry, cls)):
            yield f"{_name(registry, cls)} {wrong}"
    yield from _extensions(registry)
    yield from _rows(registry)
    yield from _names_in(registry)
    yield from _pipelines(registry)
    yield from _commands(registry)
    yield from _shown(registry)
    yield from _claims(registry, claims)


def _name(registry: Registry, cls: Any) -> str:
    return f"{registry.plugin_of(cls).name}: {cls.__name__}"


def _links(registry: Registry, cls: Any) -> Iterator[str]:
    """A record that is seen through another names it by a link, and the other has an owner."""
    policy = cls.__scope__
    if isinstance(policy, Through | UsedBy) and not policy.links:
        yield "is seen through no link"
    for name in policy.links if isinstance(policy, Through) else ():
        spec = cls.__specs__.get(name)
        parent = registry.records.get(spec.target) if spec is not None and spec.target else None
        if spec is None or not spec.target:
            yield f"is seen through {name}, which is no link of it"
        elif parent is not None and parent.__scope__ is not None and not parent.__scope__.pairs:
            yield f"is seen through {name}, but a {spec.target} has no owner"
    if isinstance(policy, UsedBy):
        yield from _users(registry, cls, policy)


def _team(registry: Registry, cls: Any) -> Iterator[str]:
    """A team is told by records that name the record and the person, each from a day to a day."""
    team, parts = getattr(cls.__scope__, "team", None), getattr(cls.__scope__, "parts", ())
    if team is not None:
        member = registry.records.get(team.entity)
        specs = {} if member is None else member.__specs__
        ends = {name: specs.get(name) for name in (team.record, team.user, team.since, team.until)}
        targets = {team.record: cls.__name__, team.user: "User"}
        missing = [name for name, spec in ends.items() if spec is None or spec.target != targets.get(name)]
        if team.part is not None and team.part not in specs:
            missing.append(team.part)
        if member is None:
            yield f"has a team of {team.entity}, which is no record"
        elif missing:
            yield f"has a team of {team.entity}, of which {missing[0]} is no such field"
    above = (
        [registry.records.get(cls.__specs__[name].target) for name in cls.__scope__.links] if parts else []
    )
    if parts and not any(getattr(getattr(one, "__scope__", None), "team", None) for one in above):
        yield f"is for {', '.join(parts)} of a team, but what it is seen through has none"


def _users(registry: Registry, cls: Any, policy: UsedBy) -> Iterator[str]:
    found = 0
    for path in policy.links:
        name, _, field = path.partition(".")
        user = registry.records.get(name)
        # The plugin of a user may be absent, as long as somebody is left who shows the record.
        found += user is not None
        spec = None if user is None else user.__specs__.get(field)
        if not field or (user is not None and (spec is None or spec.target != cls.__name__)):
            yield f"is used by {path}, which is no link to it"
    if policy.links and not found:
        yield f"is used by {', '.join(policy.links)}, of which no record is loaded"


def _pipeline_of(registry: Registry, cls: Any) -> Iterator[str]:
    key = cls.__pipeline__
    if key is not None and key not in {name for name, _ in registry.pipelines}:
        yield f"runs through the pipeline {key}, which no plugin lists"


def _extensions(registry: Registry) -> Iterator[str]:
    """A facet is seen with its record, and rows with theirs: neither has a scope of its own."""
    parts = [*(facet for some in registry.facets.values() for facet in some), *registry.children.values()]
    for cls in parts:
        if cls.__scope__ is not None:
            yield f"{_name(registry, cls)} has a scope, but is seen with the record that it belongs to"


def _rows(registry: Registry) -> Iterator[str]:
    """Rows belong to a list of some record or facet, and each list holds rows that a plugin lists."""
    held: set[str] = set()
    for cls in registry.tables.values():
        for spec in cls.__specs__.values():
            if spec.child is None:
                continue
            held.add(spec.child)
            if spec.child not in registry.children:
                yield f"{_name(registry, cls)}.{spec.name} holds {spec.child}, which no plugin lists as children"
    for name, cls in registry.children.items():
        if name not in held:
            yield f"{_name(registry, cls)} are rows that no record holds"


def _names_in(registry: Registry) -> Iterator[str]:
    """What repeats or follows from fields names fields that there are."""
    for cls in registry.tables.values():
        for name, link in getattr(cls, "mirrors", {}).items():
            spec = cls.__specs__.get(link)
            if name not in cls.__specs__ or spec is None or not spec.target:
                yield f"{_name(registry, cls)} mirrors {name} of {link}, which are no field and link of it"
            elif _leads_back(registry, cls, name):
                yield f"{_name(registry, cls)} mirrors {name} of {link}, which mirrors it in turn, without end"
        for name, path in getattr(cls, "keeps_latest", {}).items():
            if not _keeps(registry, cls, name, path):
                yield f"{_name(registry, cls)} keeps in {name} the latest {path}, which is no moment by a link"
        for name in getattr(cls, "derives_from", ()):
            if name not in cls.__specs__:
                yield f"{_name(registry, cls)} derives from {name}, which is no field of it"
        yield from _derived(registry, cls)


def _derived(registry: Registry, cls: Any) -> Iterator[str]:
    """What is computed is a field, from fields, and only what is computed is declassified."""
    for name, inputs in getattr(cls, "derives", {}).items():
        wrong = [path for path in inputs if not _is_input(registry, cls, path)]
        if name not in cls.__specs__ or wrong:
            of = wrong[0] if wrong else name
            yield f"{_name(registry, cls)} derives {name} of {', '.join(inputs)}, and {of} is no field of it"
    for name in getattr(cls, "declassified", ()):
        if name not in cls.derives:
            yield f"{_name(registry, cls)} declassifies {name}, which it does not derive"


def _is_input(registry: Registry, cls: Any, path: str) -> bool:
    name, _, inner = path.partition(".")
    spec = cls.__specs__.get(name)
    if spec is None or not inner:
        return spec is not None
    rows = registry.children.get(spec.child or "")
    return rows is not None and inner in rows.__specs__


def _leads_back(registry: Registry, cls: Any, name: str) -> bool:
    """Whether a field repeats one that repeats it: nobody could say what it is."""
    passed: list[Any] = []
    at: Any = cls
    while at is not None and name in getattr(at, "mirrors", {}) and at not in passed:
        passed.append(at)
        link = at.__specs__.get(at.mirrors[name])
        at = None if link is None or not link.target else registry.records.get(link.target)
    return at in passed


def _keeps(registry: Registry, cls: Any, name: str, path: str) -> bool:
    entity, link, moment = (*path.split("."), "", "")[:3]
    specs = getattr(registry.records.get(entity), "__specs__", {})
    ends = (cls.__specs__.get(name), specs.get(moment))
    leads_here = link in specs and specs[link].target == cls.__name__
    return leads_here and all(
        one is not None and one.kind is not None and one.kind.name == "instant" for one in ends
    )


def _pipelines(registry: Registry) -> Iterator[str]:
    """A pipeline is of a record that runs through it, and a move asks for a right that roles can hold."""
    rights = {action.value for action in Action}
    for (key, version), pipeline in registry.pipelines.items():
        name = f"pipeline {key} version {version}"
        cls = registry.records.get(pipeline.entity)
        if cls is None or cls.__pipeline__ is None:
            yield f"{name} is of {pipeline.entity}, which is no record that runs through it"
            continue
        for wrong in problems(pipeline, fields=cls.__specs__):
            yield f"{name}: {wrong.path}: {wrong.message}"
        yield from _set_by(name, cls, pipeline)
        for move in pipeline.moves:
            if move.permission is not None and move.permission not in rights:
                yield f"{name}: the move {move.key} asks for {move.permission}, which is no right of a role"


def _set_by(name: str, cls: Any, pipeline: Any) -> Iterator[str]:
    """What moves set are plain fields, of which nothing else follows."""
    for move in pipeline.moves:
        for one in move.effects:
            if isinstance(one, SetField) and one.field not in settable(cls):
                yield f"{name}: the move {move.key} sets {one.field}, which no move sets"


def _commands(registry: Registry) -> Iterator[str]:
    """A command runs in somebody's session."""
    for plugin in registry.plugins:
        for command in plugin.commands:
            try:
                first = next(iter(inspect.signature(command).parameters), None)
            except (TypeError, ValueError):
                first = None
            if first != "session":
                title = getattr(command, "__name__", repr(command))
                yield f"{plugin.name}: the command {title} takes no session first, so nobody would run it"


def _shown(registry: Registry) -> Iterator[str]:
    """What stands on pages names the right that it asks for: a kind of record and an action."""
    words = {word for cls in registry.records.values() for word in (word_of(cls), cls.__name__.lower())}
    actions = {action.value for action in Action}
    for plugin in registry.plugins:
        offered: list[Any] = [*plugin.menus, *plugin.panels, *plugin.screens]
        offered += [*plugin.tiles, *plugin.finders, *plugin.banners]
        for one in offered:
            word, _, action = str(one.permission).partition(".")
            if word not in words or action not in actions:
                yield f"{plugin.name}: {one.label} asks for {one.permission}, which is no right such as customer.read"
        for panel in plugin.panels:
            if panel.entity not in registry.records:
                yield f"{plugin.name}: the panel {panel.key} is of {panel.entity}, which there is not"


def _claims(registry: Registry, claims: Mapping[str, Any]) -> Iterator[str]:
    classes = {cls.__name__: cls for cls in registry.tables.values()}
    for name, policy in claims.items():
        entity, _, field = name.partition(".")
        cls = classes.get(entity)
        spec = None if cls is None else cls.__specs__.get(field)
        known = hasattr(cls, "claim") if not field else spec is not None and spec.unique
        # The key by which rows are imported is unique as far as the policy goes.
        known = known or (entity in registry.records and field == "key")
        if name != "*" and not known:
            yield f"claims: {name} is no unique field, and no row that claims"
        if policy not in set(ClaimPolicy):
            yield f"claims: {policy!r} for {name} is no policy"
