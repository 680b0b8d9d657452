"""The shapes of answers: of records by their declarations, and of what else verbs answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pycrm.api.schema import INSTANT, INTEGER, KEY, MAYBE, TEXT, TRUTH, Schema, listed, ref, thing
from pycrm.declare.record import child_class
from pycrm.entities.customer import OwnershipInterval
from pycrm.revision.amendment import LineAct
from pycrm.scope.team import Membership

__all__ = ["answered", "components"]


def answered(cls: Any, known: Callable[[Any], Iterable[str]]) -> Schema:
    """A record as it is answered: hidden fields are absent, of masked ones the mask stands."""
    names, properties = set(known(cls)), {}
    for name, spec in cls.__specs__.items():
        if name not in names:
            continue
        if spec.child is not None:
            properties[name] = listed(answered(child_class(cls, spec), known))
        elif spec.kind is not None:
            properties[name] = _value(spec)
    if cls.__mro__[1].__name__ == "Child":
        # Where a row stands is told by where it stands.
        for name in ("parent", "position"):
            properties.pop(name, None)
    properties["included"] = {"type": "object", "description": "What `include` asked for."}
    return {"title": cls.__name__} | thing(properties, required=())


def _value(spec: Any) -> Schema:
    found: Schema = {"title": spec.label, **spec.kind.json_type}
    if spec.nullable:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


ANY: Schema = {}
DAY: Schema = {"type": "string", "format": "date"}
REFERENCE = ref("Reference")


def maybe(schema: Schema) -> Schema:
    """Such a thing, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


_CHANGE = thing({"path": TEXT, "old": ANY, "new": ANY})
_REVISION = thing(
    {
        **{"id": KEY, "entity": TEXT, "record": KEY, "version": INTEGER, "act": TEXT, "at": INSTANT},
        **{"by": maybe(REFERENCE), "actor": TEXT, "on_behalf": maybe(REFERENCE), "source": TEXT},
        **{"reason": MAYBE, "operation": MAYBE, "changes": listed(_CHANGE)},
        **{"amendment": maybe(REFERENCE), "approvers": listed(REFERENCE)},
    }
)
_MOVE = thing(
    {"key": TEXT, "target": TEXT, "label": TEXT, "missing": listed(ref("Requirement")), "is_allowed": TRUTH}
)
_STAY = thing(
    {
        **{"stage": TEXT, "label": TEXT, "probability": maybe(INTEGER), "since": INSTANT},
        **{"reason": MAYBE, "region": TEXT, "until": maybe(INSTANT)},
    }
)
_LINE = thing(
    {
        **{"entity": TEXT, "record": KEY, "path": TEXT, "act": {"enum": [act.value for act in LineAct]}},
        **{"base": ANY, "new": ANY, "current": ANY, "amendment": REFERENCE, "is_conflicting": TRUTH},
    }
)
_MEMBER = thing(
    {
        **{"who": REFERENCE, "name": MAYBE, "may": {"enum": [one.value for one in Membership]}},
        **{"part": MAYBE, "since": INSTANT, "until": maybe(DAY)},
    }
)


_SUM = thing({"amount": TEXT, "currency": TEXT})
_MOVED = thing(
    {
        **{"entity": TEXT, "stage": MAYBE, "receiver": maybe(REFERENCE), "count": INTEGER},
        "sums": listed(_SUM),
    }
)
_PREVIEW = thing(
    {
        **{"giver": REFERENCE, "lines": listed(_MOVED), "out_of_reach": listed(REFERENCE)},
        **{"refused": {"type": "object", "additionalProperties": INTEGER}, "private": listed(TEXT)},
        **{"count": INTEGER, "is_possible": TRUTH},
    }
)


def components() -> dict[str, Schema]:
    """What verbs answer besides records, by name."""
    return {
        "AllowedMove": _MOVE,
        "AmendmentLine": _LINE,
        "Difference": thing({"entity": TEXT, "record": KEY, "path": TEXT, "old": ANY, "new": ANY}),
        "HandoverPreview": _PREVIEW,
        "Member": _MEMBER,
        "OwnershipInterval": answered(OwnershipInterval, lambda cls: cls.__specs__),
        "Planned": thing({"path": TEXT, "new": ANY, "on": ANY, "amendment": REFERENCE}),
        "Reason": thing({"kind": TEXT, "text": TEXT}),
        "Reference": thing({"entity": TEXT, "id": KEY}),
        "Requirement": {"type": "object", "additionalProperties": TEXT},
        "Revision": _REVISION,
        "Stay": _STAY,
        "Waiting": thing({"batch": MAYBE, "amendments": listed(ref("Amendment"))}),
    }
