"""Whether what a pipeline asks for, and brings about, is written in a way that can work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from pycrm.errors import Problem
from pycrm.pipeline.effect import AddTask, Effect, Emit, SetField, StartAmendment
from pycrm.pipeline.form import DOTTED, each, fields_of, key_of, label_of, text_of, within
from pycrm.pipeline.gate import OPERATORS, Need, Use, Where

__all__ = ["effects_of", "needs_of", "uses_of", "wheres_of"]

_MOST_RECORDS = 10_000
_MOST_DAYS = 3_650
_PRIORITIES = ("low", "normal", "high")
_WITHOUT_VALUE = ("filled", "empty")


def needs_of(needs: Sequence[Need], path: str, fields: Collection[str] | None) -> Iterator[Problem]:
    """Needs name a class, match fields of the record, and ask for at least one."""
    counts = Counter(need.key for need in needs)
    for place, need in enumerate(needs):
        at = f"{path}/{place}"
        yield from key_of(need.key, f"{at}/key")
        if counts[need.key] > 1:
            yield Problem(f"{at}/key", "rule", f"{counts[need.key]} needs have the key {need.key}")
        yield from label_of(need.label, need.translations, at)
        if not need.entity.isidentifier():
            yield Problem(f"{at}/entity", "format", f"{need.entity!r} is not the name of a class")
        yield from within(need.least, f"{at}/least", 1, _MOST_RECORDS)
        own = tuple(dict.fromkeys(name for name in need.match.values() if name != "id"))
        yield from fields_of(own, f"{at}/match", fields)
        yield from wheres_of(need.where, f"{at}/where", None)
        yield from fields_of(need.then, f"{at}/then", fields)


def wheres_of(wheres: Sequence[Where], path: str, fields: Collection[str] | None) -> Iterator[Problem]:
    """Comparisons name a field, an operator, and a value where one is compared with."""
    for place, where in enumerate(wheres):
        at = f"{path}/{place}"
        yield from fields_of((where.field,), f"{at}/field", fields)
        if where.op not in OPERATORS:
            yield Problem(f"{at}/op", "type", f"must be one of {', '.join(OPERATORS)}")
        elif (where.op in _WITHOUT_VALUE) != (where.value is None):
            yield Problem(f"{at}/value", "rule", f"{where.op} compares with a value, or with none")
        elif where.op == "in" and not isinstance(where.value, tuple):
            yield Problem(f"{at}/value", "type", "in compares with a list")


def uses_of(uses: Sequence[Use], path: str, noun: str, known: Collection[str] | None) -> Iterator[Problem]:
    """Functions of plugins are named, each once with the same parameters, and known."""
    for place, use in enumerate(uses):
        for problem in each((use.name,), path, DOTTED, noun, known):
            yield Problem(f"{path}/{place}", problem.code, problem.message)
        if any(other == use for other in uses[:place]):
            yield Problem(f"{path}/{place}", "rule", f"{use.name} is named twice")
        if not all(name.isidentifier() for name in use.parameters):
            yield Problem(f"{path}/{place}/parameters", "format", "parameters are given by name")


def effects_of(
    effects: Sequence[Effect | Use], path: str, fields: Collection[str] | None
) -> Iterator[Problem]:
    """Effects say what is to be done, in fields that there are."""
    for place, effect in enumerate(effects):
        at = f"{path}/{place}"
        if isinstance(effect, AddTask):
            yield from text_of(effect.title, f"{at}/title")
            yield from within(effect.days, f"{at}/days", 0, _MOST_DAYS)
            if effect.priority not in _PRIORITIES:
                yield Problem(f"{at}/priority", "type", f"must be one of {', '.join(_PRIORITIES)}")
        elif isinstance(effect, SetField):
            yield from fields_of((effect.field,), f"{at}/field", fields)
        elif isinstance(effect, StartAmendment):
            yield from fields_of(tuple(effect.values), f"{at}/values", fields)
            yield from text_of(effect.because, f"{at}/because")
        elif isinstance(effect, Emit) and not DOTTED.fullmatch(effect.event):
            yield Problem(f"{at}/event", "format", f"{effect.event!r} is not the name of an event")
