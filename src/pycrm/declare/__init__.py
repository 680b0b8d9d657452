"""Declaring records: from one class body come table, codec, schema, form and list."""

from pycrm.declare.field import Children, Field, Link, children, field, link
from pycrm.declare.policy import administered, owned, private, reference, team, through, used_by
from pycrm.declare.record import Child, Facet, Record
from pycrm.declare.reference import Ref
from pycrm.declare.validator import ge, le, minimum_length, one_of

__all__ = [
    "Child",
    "Children",
    "Facet",
    "Field",
    "Link",
    "Record",
    "Ref",
    "administered",
    "children",
    "field",
    "ge",
    "le",
    "link",
    "minimum_length",
    "one_of",
    "owned",
    "private",
    "reference",
    "team",
    "through",
    "used_by",
]
