"""The schemas of what is sent and what is answered, from the declarations that check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrm.api.entity import Entity

if TYPE_CHECKING:
    pass

__all__ = [
    "AMEND",
    "ASSIGN",
    "CONVERT",
    "COUNT",
    "DECIDE",
    "DECIDED",
    "HANDOVER",
    "HANDOVER_PREVIEW",
    "ME",
    "MOVE",
    "MUST_REASON",
    "REASON",
    "REVEAL",
    "REVERT",
    "UNDONE",
    "VERB_BODIES",
    "changed",
    "changed_where",
    "items",
    "many_changed",
    "many_new",
    "moved",
    "moved_where",
    "new",
    "number",
    "page",
    "record",
    "records",
    "ref",
]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
TRUTH: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
KEY: Schema = {"type": "string", "format": "uuid"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
VALUES: Schema = {"type": "object", "description": "Fields of the record by name, as on change."}


def thing(properties: Schema, *, required: Any = None) -> Schema:
    """An object of these properties, all of them required unless told otherwise, and no others."""
    needed = list(properties) if required is None else list(required)
    made = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": needed} if needed else {})


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(schema: Schema, **more: Any) -> Schema:
    """A list of such things."""
    return {"type": "array", "items": schema, **more}


def items(name: str) -> Schema:
    """An object whose only key is a list of things of that name."""
    return thing({"items": listed(ref(name))})


def record(entity: Entity) -> Schema:
    """A record as it is answered."""
    return ref(entity.name)


def records(entity: Entity) -> Schema:
    """Records as they are answered."""
    return items(entity.name)


def page(entity: Entity) -> Schema:
    """One page of a list."""
    told = {"items": listed(ref(entity.name)), "next": MAYBE, "more": TRUTH, "included": INCLUDED}
    return thing(told, required=("items", "next", "more"))


def new(entity: Entity) -> Schema:
    """A new record."""
    return ref(f"New{entity.name}")


def changed(entity: Entity) -> Schema:
    """Fields of a record to change."""
    return ref(f"Changed{entity.name}")


def many_new(entity: Entity) -> Schema:
    """Several new records."""
    return thing({"items": listed(new(entity), minItems=1, maxItems=500)})


def many_changed(entity: Entity) -> Schema:
    """Several records with what is to be changed."""
    one = thing({"id": KEY, "version": {"type": "integer", "minimum": 0}, "values": changed(entity)})
    return thing({"items": listed(one, minItems=1, maxItems=500)})


def changed_where(entity: Entity) -> Schema:
    """What is to be changed where."""
    return thing(
        {"where": listed(TEXT, maxItems=20), "values": changed(entity), "because": MAYBE},
        required=("where", "values"),
    )


def moved_where(entity: Entity) -> Schema:
    """What is to be moved where."""
    told = {"where": listed(TEXT, maxItems=20), "to": TEXT, "values": changed(entity), "because": MAYBE}
    return thing(told, required=("where", "to"))


def moved(entity: Entity) -> Schema:
    """What a move, or a trial of one, comes to."""
    trial = thing({"is_allowed": TRUTH, "refusal": {"type": ["object", "null"]}})
    return {"anyOf": [ref(entity.name), trial]}


def number(word: str) -> Schema:
    """How many it were."""
    return thing({word: INTEGER})


INCLUDED: Schema = {
    "type": "object",
    "description": "Records by class and id.",
    "additionalProperties": {"type": "object", "additionalProperties": {"type": "object"}},
}
COUNT = thing({"count": INTEGER, "more": TRUTH})
ME = thing(
    {
        **{"id": KEY, "login": TEXT, "name": TEXT, "language": TEXT},
        "access": {"enum": ["browser", "token"]},
        "scope": {"enum": ["read", "write"]},
    }
)
REASON = thing({"because": MAYBE}, required=())
MUST_REASON = thing({"because": TEXT})
REVERT = thing({"version": {"type": "integer", "minimum": 0}, "because": TEXT})
_WHO_TAKES = {
    "giver": {"type": "string", "description": "A login or an id."},
    "to": {"type": "string", "description": "Who takes everything: a login or an id."},
    "receivers": {
        **listed(ref("HandoverReceiver"), minItems=1, maxItems=500),
        "description": "Or several, by rules.",
    },
}
HANDOVER = thing({**_WHO_TAKES, "because": TEXT}, required=("giver", "because"))
HANDOVER_PREVIEW = thing({**_WHO_TAKES, "because": MAYBE}, required=("giver",))
UNDONE = thing(
    {"returned": {"type": "object", "additionalProperties": INTEGER}, "kept": listed(ref("Reference"))}
)
REVEAL = thing({"fields": listed(TEXT), "because": TEXT})
ASSIGN = thing(
    {"owner": {"type": "string", "description": "A login or an id."}, "because": MAYBE}, required=("owner",)
)
_KEY_OR_NONE: Schema = {"type": ["string", "null"], "format": "uuid"}
CONVERT = thing(
    {
        "customer": _KEY_OR_NONE | {"description": "To whom it is added; without it a customer is made."},
        "contact": _KEY_OR_NONE | {"description": "One of that customer; without it one is made."},
        "department": {"type": ["string", "null"], "description": "Of the contact that is made."},
        "opportunity": {
            "anyOf": [
                _KEY_OR_NONE,
                ref("ChangedOpportunity"),
            ],
            "description": "One of that customer, or the fields of a new one.",
        },
        "because": MAYBE,
    },
    required=(),
)
MOVE = thing(
    {
        "to": {"type": "string", "description": "The key of a stage or of a move."},
        **{"because": MAYBE, "values": VALUES},
        "dry": {"type": "boolean", "description": "Only say whether it would be refused."},
    },
    required=("to",),
)
AMEND = thing(
    {
        **{"values": VALUES, "because": TEXT, "evidence": listed(TEXT)},
        **{"effective_on": {"type": ["string", "null"], "format": "date"}, "split": TRUTH},
    },
    required=("values", "because"),
)
DECIDE = thing(
    {"amendments": listed(KEY, minItems=1), "verdict": {"enum": ["approve", "reject"]}, "because": MAYBE},
    required=("amendments", "verdict"),
)
DECIDED = thing({"items": listed(thing({"id": KEY, "state": TEXT, "refusal": MAYBE}))})
_WHO = thing({"who": {"type": "string", "description": "A login or an id."}})
VERB_BODIES = {
    "enlist": _WHO,
    "entrust": _WHO,
    "rebase": thing({}),
    "submit": thing({"because": MAYBE, "values": VALUES}, required=()),
}
