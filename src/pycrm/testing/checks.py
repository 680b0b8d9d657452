"""What is asked of a plugin: each check says, in lines, what is wrong; nothing is said where all is well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_type_hints

from pycrm.app.examine import load_problems, wrong_hooks
from pycrm.app.sample import absent
from pycrm.plugin import Registry
from pycrm.plugin.model import hook_methods
from pycrm.testing.importing import importing
from pycrm.testing.keeping import disabling, migrating
from pycrm.testing.looking import seen
from pycrm.testing.passing import erasing, handing_over
from pycrm.testing.striving import (
    explaining,
    sampling,
    secret,
    shipping,
    two_databases,
    weighing,
    whole,
)
from pycrm.testing.trial import Trial

__all__ = ["CHECKS", "LEVELS", "is_loadable"]

Check = Callable[[Trial], Iterator[str]]

# The letters with which the bundled plugin customer_value numbers its indicators, loaded or not.
_TAKEN = re.compile(r"[CTFS]\d+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def is_loadable(trial: Trial) -> bool:
    """Whether a CRM can be made with the plugin at all."""
    registry = trial.registry
    return isinstance(registry, Registry) and not any(load_problems(registry)) and not wrong_hooks(registry)


def loading(trial: Trial) -> Iterator[str]:
    """The plugin loads beside core and what it requires."""
    if isinstance(trial.registry, Registry):
        yield from load_problems(trial.registry)
        yield from absent(trial.plugin)
    else:
        yield trial.registry


def prefixes(trial: Trial) -> Iterator[str]:
    """Nothing of the plugin bears a name that another plugin may have."""
    plugin = trial.plugin
    for table in trial.tables:
        if not table.startswith(f"{plugin.prefix}_"):
            yield f"the table {table} does not begin with {plugin.prefix}_"
    for pipeline in plugin.pipelines:
        if not f"{pipeline.key}_".startswith(f"{plugin.prefix}_"):
            yield f"the pipeline {pipeline.key} does not begin with {plugin.prefix}_"
    for noun, names in _named(plugin):
        for name in names:
            if not name.startswith(f"{plugin.name}."):
                yield f"the {noun} {name} does not begin with {plugin.name}."
    for one in plugin.indicators:
        if _TAKEN.fullmatch(one.code) and plugin.name != "customer_value":
            yield f"the indicator {one.code} has a code of customer_value: {plugin.name}.word is free"


def _named(plugin: Any) -> tuple[tuple[str, Iterable[str]], ...]:
    jobs = [one.name for one in plugin.jobs]
    return ("guard", plugin.guards), ("action", plugin.actions), ("job", jobs)


def labels(trial: Trial) -> Iterator[str]:
    """People who read English and people who read Chinese find every name in their language."""
    for said, english, chinese in _texts(trial):
        if not english.strip():
            yield f"{said} has no English label"
        if not _CHINESE.search(chinese):
            yield f"{said} has no Chinese label"


def _texts(trial: Trial) -> Iterator[tuple[str, str, str]]:
    """What is read by people: what it is, in English and in Chinese."""
    plugin = trial.plugin
    every: tuple[Any, ...] = (*trial.classes, *plugin.children)
    for cls in every:
        doc = vars(cls).get("__doc__") or ""
        yield f"{cls.__name__} (in its docstring)", doc, doc
        for spec in cls.__specs__.values():
            # Facets name what they extend by themselves.
            if not (spec.derived or spec.name == "of"):
                yield f"{cls.__name__}.{spec.name}", spec.label, spec.zh or ""
    for pipeline in plugin.pipelines:
        yield f"the pipeline {pipeline.key}", pipeline.label, pipeline.translations.get("zh", "")
        yield from _steps(f"the pipeline {pipeline.key}: stage", pipeline.stages)
        for move in pipeline.moves:
            yield f"the pipeline {pipeline.key}: move {move.key}", move.label, move.translations.get("zh", "")
    for one in plugin.indicators:
        yield f"the indicator {one.code}", one.label, one.zh


def _steps(said: str, stages: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    for stage in stages:
        yield f"{said} {stage.key}", stage.label, stage.translations.get("zh", "")
        yield from _steps(said, stage.stages)


def hooks(trial: Trial) -> Iterator[str]:
    """Every hook method is called, for the classes that it is written for, and answers what is asked."""
    from pycrm import hooks as offered

    if not isinstance(trial.registry, Registry):
        return
    name = trial.plugin.name
    yield from (each.message for each in wrong_hooks(trial.registry) if each.path.partition("/")[0] == name)
    for method in hook_methods(trial.plugin):
        if not hasattr(offered, method.hook):
            if method.options.get("optionalhook"):
                yield f"the hook {method.hook} is optional, and nobody calls it"
            continue
        try:
            hints = get_type_hints(method.function)
        except NameError as error:
            yield f"the hook {method.hook} names what only type checkers import, so it meets every class: {error}"
            continue
        wanted = offered.hook_kind(method.hook)
        if wanted != "choose" and hints.get("return", type(None)) is not type(None):
            yield f"the hook {method.hook} says that it answers something, but is asked nothing"


def scope(trial: Trial) -> Iterator[str]:
    """A record is seen by its owner and the owner's leader, and by nobody beside them, by whatever way."""
    yield from dict.fromkeys(trial.unfit.values())
    for cls in trial.classes:
        if cls in trial.unfit:
            continue
        if trial.is_common(cls):
            yield from _common(trial, cls)
            continue
        made = trial.add(cls, "ana")
        yield from _compare(trial, made, ana=True, ben=False, gao=False, eva=False)
        if type(trial.policy(cls)).__name__ != "Private":
            yield from _compare(trial, made, wu=True)


def _common(trial: Trial, cls: Any) -> Iterator[str]:
    everybody = type(trial.policy(cls)).__name__ == "Reference"
    if everybody and cls not in trial.common:
        yield f"{cls.__name__} is seen by everybody: if that is meant, name it in the contract's `common`"
        return
    made = trial.add(cls, "ana")
    with trial.organisation.view("ben") as session:
        ways = seen(session, made)
    for way in ("get", "find", "count", "page"):
        if ways[way] is not everybody:
            yield f"{cls.__name__} is {'not ' * everybody}seen by whoever signs in ({way})"


def _compare(trial: Trial, made: Any, **wanted: bool) -> Iterator[str]:
    name = type(made).__name__
    for login, is_seen in wanted.items():
        with trial.organisation.view(login) as session:
            for way, found in seen(session, made).items():
                if found is not is_seen:
                    yield f"{login} {'does not see' if is_seen else 'sees'} a {name} of ana's by {way}"


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        # What every plugin keeps.
        "loading": loading,
        "imports": importing,
        "prefixes": prefixes,
        "labels": labels,
        "hooks": hooks,
        "scope": scope,
        "migrations": migrating,
        "erasure": erasing,
        "handover": handing_over,
        "disabling": disabling,
        # What a good one does besides.
        "shipping": shipping,
        "explaining": explaining,
        "wholeness": whole,
        "secrecy": secret,
        # What one does that others may take as a model.
        "sample": sampling,
        "databases": two_databases,
        "weight": weighing,
    }
)

LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bronze": tuple(CHECKS)[:10], "silver": tuple(CHECKS)[10:14], "gold": tuple(CHECKS)[14:]}
)
