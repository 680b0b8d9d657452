"""What must hold of plugins that are loaded together. Pure functions: plugins in, problems out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pycrm.errors import Problem
from pycrm.plugin.model import CORE, Loaded, host_name
from pycrm.plugin.place import place_of

__all__ = ["api_problems", "arrange", "conflicts", "near", "needs", "requirement_problems", "split"]

_PLAIN_VERSION = re.compile(r"\d+(\.\d+)*", re.ASCII)
_REQUIREMENT = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(.*)", re.DOTALL)


def arrange(needs: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Names in an order in which each comes after what it needs, and the circles that prevent one.

    The order is stable: of the names that could come next, the one given first does. A name in a
    circle, or that needs one, is left out of the order. Each circle is given as the names on it,
    each needing the next and the last the first; no name is on two of them. What is needed but not
    given is passed over.

    >>> arrange({"exam": ["billing"], "billing": [], "pool": []})
    (('billing', 'exam', 'pool'), ())
    >>> arrange({"a": ["b"], "b": ["c"], "c": ["b"]})
    ((), (('b', 'c'),))
    """
    open_needs = {name: {need for need in wanted if need in needs} for name, wanted in needs.items()}
    order: list[str] = []
    placed: set[str] = set()
    while ready := next((name for name in open_needs if open_needs[name] <= placed), None):
        order.append(ready)
        placed.add(ready)
        del open_needs[ready]
    circles: list[tuple[str, ...]] = []
    broken: set[str] = set(placed)
    while open_needs:
        # Every name left still needs another one that is left, so the walk comes back to itself.
        walk = [next(iter(open_needs))]
        while (step := next(name for name in open_needs if name in open_needs[walk[-1]])) not in walk:
            walk.append(step)
        circle = walk[walk.index(step) :]
        circles.append(tuple(circle))
        broken.update(circle)
        for name in circle:
            del open_needs[name]
        while free := next((name for name in open_needs if open_needs[name] <= broken), None):
            broken.add(free)
            del open_needs[free]
    return tuple(order), tuple(circles)


def needs(loaded: Sequence[Loaded]) -> dict[str, tuple[str, ...]]:
    """What each plugin must come after: what it requires, and core, whether it says so or not."""
    found = {}
    for each in loaded:
        wanted = [name for name, _ in map(split, each.plugin.requires) if name is not None]
        found[each.name] = tuple(wanted if each.name == CORE else [CORE, *wanted])
    return found


def api_problems(loaded: Sequence[Loaded], api: str) -> Iterator[Problem]:
    """Plugins that are written for another version of the plugin contract."""
    for each in loaded:
        wanted = each.plugin.api
        if not wanted:
            continue
        fits = _allows(wanted, api)
        if fits is None:
            message = f"{each.side}: api {wanted!r} is no range of versions, such as '>=0.1,<0.2'"
            yield Problem(f"{each.name}/api", "format", message)
        elif not fits:
            message = f"{each.side} is written for plugin API {wanted}, but this pycrm has {api}"
            yield Problem(f"{each.name}/api", "range", message)


def requirement_problems(
    loaded: Sequence[Loaded], installed: Collection[str] = (), absent: Collection[str] = ()
) -> Iterator[Problem]:
    """Requirements that are missing, of another version or in a circle; versions that are none.

    `installed` are the plugins that could be enabled; those in `absent` are not asked for again.
    """
    by_name = {each.name: each for each in loaded}
    for each in loaded:
        if _allows("", each.version) is None:
            message = f"{each.side}: {each.version!r} is no version, such as '1.2.0'"
            yield Problem(f"{each.name}/version", "format", message)
        for requirement in each.plugin.requires:
            name, versions = split(requirement)
            path = f"{each.name}/requires/{name or requirement}"
            if name is None or _allows(versions, "0") is None:
                message = f"{each.side}: {requirement!r} is no requirement, such as 'billing>=1.2'"
                yield Problem(path, "format", message)
            elif name in absent:
                continue
            elif name not in by_name:
                what = "is installed but not enabled" if name in installed else "is not there"
                yield Problem(path, "required", f"{each.side} requires {requirement}, which {what}")
            elif _allows(versions, by_name[name].version) is False:
                message = f"{each.side} requires {requirement}, but {by_name[name].side} is version "
                yield Problem(path, "range", message + by_name[name].version)
    for circle in arrange(needs(loaded))[1]:
        way = " > ".join([*circle, circle[0]])
        sides = ", ".join(by_name[name].side for name in circle)
        message = f"plugins require each other in a circle, {way}: {sides}"
        yield Problem(f"{circle[0]}/requires", "circle", message)


def conflicts(loaded: Sequence[Loaded]) -> Iterator[Problem]:
    """What two plugins both claim, or one plugin claims that is not its to claim."""
    yield from _prefixes(loaded)
    yield from _hosts(loaded)
    classes = [(each, cls) for each in loaded for cls in each.classes]
    yield from _clashes("class", "records", classes, lambda cls: cls.__name__, _class_side)
    # One class listed twice is said once, as a class.
    tables = {cls: (each, cls) for each, cls in classes}.values()
    yield from _clashes("table", "records", tables, lambda cls: cls.__tablename__, _class_side)
    for each in loaded:
        if each.name == CORE:
            # The core splits a party by its kind, and a party has but one of them.
            continue
        facets = [(each, cls) for cls in dict.fromkeys(each.plugin.facets)]
        host = "one plugin, one facet per record: a facet of"
        yield from _clashes(host, "facets", facets, _host, _class_side)
    pipelines = [(each, pipeline) for each in loaded for pipeline in each.plugin.pipelines]
    yield from _clashes(
        # A pipeline is a value without a line of its own: the plugin that lists it is named.
        "pipeline",
        "pipelines",
        pipelines,
        lambda pipeline: f"{pipeline.key} version {pipeline.version}",
        lambda each, _: each.side,
    )
    for noun in ("guard", "action"):
        functions = [(each, one) for each in loaded for one in getattr(each.plugin, f"{noun}s").items()]
        yield from _clashes(
            noun,
            f"{noun}s",
            functions,
            lambda function: function[0],
            lambda each, function: f"plugin {each.name} ({place_of(function[1])})",
        )


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where a known name resembles this one, else nothing."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _class_side(each: Loaded, cls: Any) -> str:
    return f"plugin {each.name} ({cls.__name__}, {place_of(cls)})"


def _clashes(
    noun: str,
    section: str,
    claims: Iterable[tuple[Loaded, Any]],
    key: Callable[[Any], str],
    side: Callable[[Loaded, Any], str],
) -> Iterator[Problem]:
    claimed: dict[str, list[tuple[Loaded, Any]]] = {}
    for each, thing in claims:
        claimed.setdefault(key(thing), []).append((each, thing))
    for name, sides in claimed.items():
        if len(sides) > 1:
            said = " and by ".join(side(each, thing) for each, thing in sides)
            path = f"{sides[-1][0].name}/{section}/{name}"
            yield Problem(path, "duplicate", f"{noun} {name} is declared by {said}")


def _prefixes(loaded: Sequence[Loaded]) -> Iterator[Problem]:
    prefixes = {each.plugin.prefix: each for each in loaded}
    for each in loaded:
        for cls in each.classes:
            table = cls.__tablename__
            # The longest prefix owns the table: customer_value_score is not a table of "customer".
            fitting = [prefix for prefix in prefixes if table.startswith(f"{prefix}_")]
            owner = prefixes[max(fitting, key=len)] if fitting else None
            if not table.startswith(f"{each.plugin.prefix}_"):
                wrong = f"must begin with {each.plugin.prefix}_"
            elif owner is not None and owner.name != each.name:
                wrong = f"has the prefix of {owner.side}"
            else:
                continue
            message = f"table {table} of {_class_side(each, cls)} {wrong}"
            yield Problem(f"{each.name}/records/{cls.__name__}", "prefix", message)


def _host(facet: Any) -> str:
    return host_name(facet) or ""


def _hosts(loaded: Sequence[Loaded]) -> Iterator[Problem]:
    homes = {cls.__name__: each for each in loaded for cls in each.plugin.records}
    for each in loaded:
        named = {each.name, *needs([each])[each.name]}
        for facet in each.plugin.facets:
            host = _host(facet)
            home = homes.get(host)
            if home is not None and home.name in named:
                continue
            path = f"{each.name}/facets/{facet.__name__}"
            said = f"facet of {_class_side(each, facet)} extends {host}"
            if home is None:
                message = f"{said}, which no loaded plugin lists in its records"
                yield Problem(path, "unknown", message)
            else:
                message = f"{said} of {home.side}, which it does not require"
                yield Problem(path, "required", message)


def split(requirement: str) -> tuple[str | None, str]:
    """The name that a requirement begins with and the versions that follow; no name where it is none."""
    match = _REQUIREMENT.fullmatch(requirement)
    return (match[1], match[2]) if match else (None, requirement)


def _allows(versions: str, version: str) -> bool | None:
    """Whether the range allows the version; None where one of them cannot be read."""
    # Most plugins name no range, and importing `packaging` would cost each start some 20 ms.
    if not versions and _PLAIN_VERSION.fullmatch(version):
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None
