"""How the fields of a record look to a mapping, and how drafts become records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pycrm.declare.field import Spec
from pycrm.declare.kind import DecimalKind, EnumKind, LinkKind
from pycrm.declare.record import child_class
from pycrm.entities.customer import Customer
from pycrm.entities.party import Address, ContactPoint, Organization, Party, Person
from pycrm.errors import InvalidError, Problem
from pycrm.exchange.convert import Kind

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.exchange.mapping import Mapping

__all__ = ["Shape"]

# What an import may name besides the fields that are written: whose the record is, where it stands.
_OWNER, _STAGE = "owner", "stage"


class Shape:
    """The fields that a mapping may name for one entity, and the making of records from drafts."""

    def __init__(self, crm: CRM, mapping: Mapping) -> None:
        """Raises `InvalidError` for an entity or a constructor that does not exist."""
        self.cls = crm.record(mapping.entity, default=None)
        if self.cls is None:
            raise _unknown("entity", f"there is no entity {mapping.entity}")
        self.make = mapping.make
        self.specs: dict[str, Spec] = {n: s for n, s in self.cls.__specs__.items() if s.init}
        self._lists: dict[str, Any] = {
            name: child_class(self.cls, spec) for name, spec in self.specs.items() if spec.child
        }
        self.constructor: Callable[..., Any] = self.cls
        if mapping.make is not None:
            self._constructed(mapping.make)
        self._enums = {name: s.kind.python for name, s in self.specs.items() if isinstance(s.kind, EnumKind)}
        self.kinds: dict[str, Any] = {name: _kind(spec) for name, spec in self.specs.items() if spec.kind}
        self.kinds |= {
            name: {inner: _kind(spec) for inner, spec in child.__specs__.items() if spec.init}
            for name, child in self._lists.items()
        }
        self.kinds |= dict.fromkeys(self._plain, "text")
        if any(owner == _OWNER for owner, _ in self.cls.__scope__.pairs):
            self.kinds[_OWNER] = Kind("link", entity="User")
        if self.cls.__pipeline__ is not None:
            self.kinds[_STAGE] = "text"

    _plain: tuple[str, ...] = ()

    def _constructed(self, make: str) -> None:
        facets: dict[str, Any] = {"organization": Organization, "person": Person}
        if self.cls is not Customer or make not in facets:
            raise _unknown("make", f"{self.cls.__name__} cannot be made as {make}")
        self.constructor = getattr(Customer, make)
        party = {name: spec for name, spec in Party.__specs__.items() if name in ("name", "region")}
        facet = {n: s for n, s in facets[make].__specs__.items() if s.init and n != "of"}
        self.specs = {n: s for n, s in self.specs.items() if n != "party"} | party | facet
        self._plain = ("mobile", "email", "phone")
        self._lists = {"contacts": ContactPoint, "addresses": Address}

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """Typed values of a draft as the constructor takes them: enumerations and child rows."""
        made = dict(given)
        for name, members in self._enums.items():
            if made.get(name) is not None:
                made[name] = members(made[name])
        for name, child in self._lists.items():
            if name in made:
                made[name] = [_child(child, row) for row in made[name]]
        for name in self._plain:
            if made.get(name) is None:
                made.pop(name, None)
        return made


def _child(cls: Any, row: dict[str, Any]) -> Any:
    values = dict(row)
    for name, spec in cls.__specs__.items():
        if isinstance(spec.kind, EnumKind) and values.get(name) is not None:
            values[name] = spec.kind.python(values[name])
        if name in values and values[name] is None and not spec.nullable:
            # An empty cell leaves a field with a default as it would be.
            del values[name]
    return cls(**values)


def _kind(spec: Spec) -> Kind:
    kind = spec.kind
    if isinstance(kind, EnumKind):
        members: Any = kind.python
        return Kind("enum", choices=tuple(member.value for member in members))
    if isinstance(kind, LinkKind):
        return Kind("link", entity=kind.target)
    if isinstance(kind, DecimalKind):
        return Kind("decimal")
    assert kind is not None
    return Kind(kind.name)  # type: ignore[arg-type]


def _unknown(path: str, message: str) -> InvalidError:
    return InvalidError(message, fields=[Problem(path, "unknown", message)])
