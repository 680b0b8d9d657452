"""How the fields of a record look to a mapping, and how drafts become records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pycrm.declare.field import Spec
from pycrm.declare.kind import DecimalKind, EnumKind, LinkKind
from pycrm.declare.record import child_class
from pycrm.entities.customer import Customer
from pycrm.entities.party import Address, ContactPoint, Organization, Party, Person
from pycrm.errors import InvalidError, Problem
from pycrm.exchange.convert import Kind
from pycrm.exchange.mapping import like

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.exchange.mapping import Column, Mapping
    from pycrm.session import Session

__all__ = ["Shape"]

# What an import may name besides the fields that are written: whose the record is, where it stands.
_OWNER, _STAGE = "owner", "stage"
_FACETS: dict[str, Any] = {"organization": Organization, "person": Person}


class Shape:
    """The fields that a mapping may name for one entity, and the making of records from drafts.

    A facet is an entity too; its field `of` is looked up among the records that it extends.

    With `make` the record is a `Customer` with its party: fields of the party, of its `Organization`
    or `Person` and of the customer are named side by side, ways of contact by their kind.
    """

    def __init__(self, session: Session, mapping: Mapping) -> None:
        """Raises `InvalidError` for whatever the mapping names and the importer does not have, all at once.

        A field that the importer may neither read nor write is not there.
        """
        crm, self._session = session.crm, session
        self.cls = crm.record(mapping.entity, default=None)
        host = getattr(self.cls, "__facet_of__", None)
        if self.cls is None or (host is None and getattr(self.cls, "__scope__", None) is None):
            raise _unfit(mapping, [Problem("entity", "unknown", f"there is no entity {mapping.entity}")])
        self.facet: Any = None
        self._constructor: Callable[..., Any] = self.cls
        self._locked: set[str] = set()
        self.specs: dict[str, Spec] = self._fields(self.cls)
        self.lists: dict[str, Any] = {
            name: child_class(self.cls, spec) for name, spec in self.specs.items() if spec.child
        }
        self._plain: tuple[str, ...] = ()
        if mapping.make is not None:
            self._constructed(mapping)
        self.kinds: dict[str, Any] = {name: _kind(spec) for name, spec in self.specs.items() if spec.kind}
        self.kinds |= {name: self._kinds(child) for name, child in self.lists.items()}
        self.kinds |= dict.fromkeys(self._plain, "text")
        if host is not None:
            self.kinds["of"] = Kind("link", entity=host)
        elif any(owner == _OWNER for owner, _ in self.cls.__scope__.pairs):
            self.kinds[_OWNER] = Kind("link", entity="User")
        if self.cls.__pipeline__ is not None:
            self.kinds[_STAGE] = "text"
        problems = [*self._missing(mapping), *_wrong_lookups(crm, mapping, self.kinds)]
        if problems:
            raise _unfit(mapping, problems)

    @property
    def key(self) -> Any:
        """The field by which a record is found again: its id, of a facet the record that it extends."""
        return self.cls.id if self.cls.__facet_of__ is None else self.cls.of

    def _constructed(self, mapping: Mapping) -> None:
        make = mapping.make or ""
        if self.cls is not Customer or make not in _FACETS:
            message = f"a {self.cls.__name__} is not made as {make}{like(make, _FACETS)}"
            raise _unfit(mapping, [Problem("make", "unknown", message)])
        self.facet = _FACETS[make]
        self._constructor = getattr(Customer, make)
        party = {name: spec for name, spec in self._fields(Party).items() if name in ("name", "region")}
        facet = {name: spec for name, spec in self._fields(self.facet).items() if name != "of"}
        self.specs = {n: s for n, s in self.specs.items() if n != "party"} | party | facet
        self._plain = ("mobile", "email", "phone")
        self.lists = {"contacts": ContactPoint, "addresses": Address}

    def _fields(self, cls: Any) -> dict[str, Spec]:
        """The fields of a class that are written by people, as far as the importer knows of them."""
        access = self._session.fields(cls)
        self._locked |= {name for name, one in access.items() if cls.__specs__[name].init and not one.write}
        return {name: spec for name, spec in cls.__specs__.items() if spec.init and name in access}

    def _kinds(self, child: Any) -> dict[str, Kind]:
        access = self._session.fields(child)
        return {n: _kind(spec) for n, spec in child.__specs__.items() if spec.init and n in access}

    def _missing(self, mapping: Mapping) -> Iterator[Problem]:
        """Columns for which every row would be refused: those that lack, and those not granted."""
        named = {*mapping.columns, *(child.field for child in mapping.children)}
        for name in sorted(self._locked & named & self.specs.keys()):
            yield Problem(f"columns/{name}", "forbidden", f"writing {name} is not granted")
        for name, spec in self.specs.items():
            if spec.required and name not in named:
                message = f"gives no {name}, which a {self.cls.__name__.lower()} needs"
                yield Problem(f"columns/{name}", "required", message)
        for index, child in enumerate(mapping.children):
            inner = self.lists[child.field].__specs__ if child.field in self.lists else {}
            for name, spec in inner.items():
                if spec.required and name not in child.columns:
                    message = f"gives no {name}, which a row of {child.field} needs"
                    yield Problem(f"children/{index}/columns/{name}", "required", message)

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """Typed values of a draft as the constructor takes them: enumerations and child rows.

        Raises:
            InvalidError: a child row is wrong; with the path of each.
        """
        made = _typed(self.specs, given)
        problems: list[Problem] = []
        for name, child in self.lists.items():
            if name in made:
                made[name] = _rows(child, name, made[name], problems)
        if problems:
            raise InvalidError(problems[0].message, fields=problems)
        for name in self._plain:
            if made.get(name) is None:
                made.pop(name, None)
        return made

    def record(self, values: dict[str, Any]) -> Any:
        """A new record, or the draft of a customer, from typed values.

        Raises:
            InvalidError: with every problem of every field.
        """
        if self.facet is None:
            return self._constructor(**values)
        # A facet that holds nothing needs no row.
        inner = self.facet.__specs__
        return self._constructor(**{n: v for n, v in values.items() if v is not None or n not in inner})


def _typed(specs: dict[str, Spec], given: dict[str, Any]) -> dict[str, Any]:
    made = dict(given)
    for name, value in given.items():
        spec = specs.get(name)
        if spec is None:
            continue
        if value is None and not spec.nullable and not spec.required:
            # An empty cell leaves a field that is never empty as it would be.
            del made[name]
        elif isinstance(spec.kind, EnumKind) and value is not None:
            made[name] = spec.kind.python(value)
    return made


def _rows(cls: Any, name: str, given: Iterable[dict[str, Any]], problems: list[Problem]) -> list[Any]:
    made: list[Any] = []
    for index, row in enumerate(given):
        try:
            made.append(cls(**_typed(cls.__specs__, row)))
        except InvalidError as error:
            problems += [Problem(f"{name}/{index}/{p.path}", p.code, p.message) for p in error.fields]
    return made


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


def _wrong_lookups(crm: CRM, mapping: Mapping, kinds: dict[str, Any]) -> Iterator[Problem]:
    """References by a field that records are not found by."""
    places: list[tuple[str, Column]] = [(f"columns/{name}", one) for name, one in mapping.columns.items()]
    for index, child in enumerate(mapping.children):
        places += [(f"children/{index}/columns/{name}", one) for name, one in child.columns.items()]
    for path, column in places:
        if column.lookup is None or column.lookup[0] is None:
            continue
        entity, field = column.lookup
        cls = crm.record(entity or "", default=None)
        if cls is None or getattr(cls, "__scope__", None) is None:
            yield Problem(f"{path}/lookup", "unknown", f"there is no entity {entity}")
            continue
        spec = cls.__specs__.get(field)
        if spec is None or spec.kind is None or spec.kind.name != "text" or spec.special:
            message = f"{entity} is not found by {field}{like(field, cls.__specs__)}"
            yield Problem(f"{path}/lookup", "unknown", message)


def _unfit(mapping: Mapping, problems: list[Problem]) -> InvalidError:
    told = "; ".join(f"{one.path}: {one.message}" for one in problems[:5])
    return InvalidError(f"{mapping.where} does not fit: {told}", fields=problems)
