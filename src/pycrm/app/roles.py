"""What a role may say: grants and rules over entities and fields that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pycrm.declare.policy import Reference, Through
from pycrm.entities.org import FieldReading, FieldRule, Grant
from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.app.crm import CRM

__all__ = ["refuse_unknown_rules"]


# Every record with an owner; and what is a right of its own, over no one record.
_FUNCTIONS = ("*", "sql", "duplicates")


def refuse_unknown_rules(crm: CRM, grants: Iterable[Grant], rules: Iterable[FieldRule]) -> None:
    """Refuse grants of an unknown entity, and rules that could not work.

    Raises:
        InvalidError: with the path of each.
    """
    classes = {cls.__name__: cls for plugin in crm.registry.loaded for cls in plugin.classes}
    records = {cls.__name__ for cls in crm.records()}
    problems = [
        Problem(f"grants/{index}/entity", "unknown", f"there is no record {grant.entity}")
        for index, grant in enumerate(grants)
        if grant.entity not in (*records, *_FUNCTIONS)
    ]
    for index, rule in enumerate(rules):
        cls = classes.get(rule.entity)
        if cls is None:
            problems.append(Problem(f"rules/{index}/entity", "unknown", f"there is no entity {rule.entity}"))
            continue
        problems += [Problem(f"rules/{index}/{path}", code, text) for path, code, text in _wrong(cls, rule)]
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _wrong(cls: Any, rule: FieldRule) -> Iterator[tuple[str, str, str]]:
    spec = cls.__specs__.get(rule.field_name)
    name = f"{rule.entity}.{rule.field_name}"
    if spec is None or spec.derived:
        yield "field_name", "unknown", f"there is no field {name}"
        return
    if rule.read is FieldReading.MASKED and (spec.kind is None or spec.kind.name != "text"):
        yield "read", "rule", f"{name} is no text, so it has no mask"
    is_narrower = rule.read is not FieldReading.PLAIN and not (spec.special or spec.restricted)
    if is_narrower and isinstance(cls.__scope__, Reference):
        # Whoever had one role less would see more.
        yield "read", "rule", f"{rule.entity} is common knowledge: declare {name} as restricted instead"
    if is_narrower and _holds_together(cls, spec):
        yield "read", "rule", f"{name} says what the record belongs to, so it is not hidden"


def _holds_together(cls: Any, spec: Any) -> bool:
    links = cls.__scope__.links if isinstance(cls.__scope__, Through) else ()
    return spec.name in links or (spec.target is not None and (spec.unique or spec.name == "of"))
