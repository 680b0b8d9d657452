"""Records: frozen values with a table behind them, made from one declaration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform
from uuid import UUID

import attrs

from pycrm.declare.body import code_of, declared_fields, refuse_unfit, summary_of
from pycrm.declare.field import REQUIRED, Children, Field, Link, Spec, children, field, kept, link
from pycrm.declare.generate import LateInitialiser
from pycrm.declare.policy import Budget, Policy, Retain
from pycrm.declare.reference import Ref, per_class
from pycrm.errors import DeclarationError, InvalidError, NotReadError, Problem

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pycrm.entities.org import OrgUnit, User

__all__ = ["Child", "Facet", "Record", "Row"]

_STAGED = {"stage", "stage_at", "stage_config", "pipeline", "pipeline_version"}


class RecordMeta(type):
    """Turns a class body of declared fields into a frozen, slotted attrs class with typed fields."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **options: Any,
    ) -> Any:
        specs = declared_fields(name, namespace)
        body = {key: value for key, value in namespace.items() if key not in specs}
        body["__slots__"] = (*namespace.get("__slots__", ()), *specs)
        made = super().__new__(mcls, name, bases, body)
        # It has its slots already; attrs would build it a second time for these.
        made = attrs.define(made, these=_attributes(specs), slots=False, frozen=True, **_OWN_METHODS)
        for spec in specs.values():
            descriptor = Children if spec.kind is None else Link if spec.target else Field
            slot = made.__dict__[spec.name]
            # Generated code reads the slot itself, without the descriptor's decoding.
            type.__setattr__(made, f"_raw_{spec.name}", slot)
            type.__setattr__(made, spec.name, descriptor(spec, slot))
        _describe(made, specs, options)
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace)

    @property
    def __table__(cls) -> sa.Table:
        """The bare table of statements: no keys, no indexes, results as the driver gives them."""
        found: sa.Table | None = cls.__dict__.get("__slot_table__")
        if found is None:
            from pycrm.declare.table import statement_table

            found = statement_table(cls)
        return found


_OWN_METHODS: dict[str, Any] = {"init": False, "eq": False, "repr": False, "kw_only": True}


def _attributes(specs: Mapping[str, Spec]) -> dict[str, Any]:
    """The fields as attrs knows them, for whoever looks through records by it."""
    return {
        name: attrs.field(default=attrs.NOTHING if one.default is REQUIRED else one.default, init=one.init)
        for name, one in specs.items()
    }


def _describe(made: Any, specs: dict[str, Spec], options: dict[str, Any]) -> None:
    base = made.__mro__[1]
    inherited: dict[str, Spec] = dict(getattr(base, "__every_spec__", {}))
    if getattr(base, "__tablename__", None):
        raise DeclarationError(f"{made.__name__}: {base.__name__} has a table; extend it by a facet")
    for name in inherited.keys() & specs.keys():
        kind = base.__name__.lower()
        raise DeclarationError(f"{made.__name__}.{name}: pycrm keeps this field of every {kind}")
    every = made.__every_spec__ = inherited | specs
    refuse_unfit(made.__name__, base.__name__, specs)
    scope, pipeline, host = (options.pop(name, None) for name in ("scope", "pipeline", "of"))
    made.__tablename__, made.__scope__, made.__pipeline__ = options.pop("table", None), scope, pipeline
    made.__facet_of__ = host if isinstance(host, str | None) else host.__name__
    made.__primary__, made.__indexes__, made.__short__ = (
        tuple(options.pop(name, ())) for name in ("primary", "indexes", "short")
    )
    for name in ("salted", "clustered", "goes_with", "retain", "budget"):
        setattr(made, f"__{name}__", options.pop(name, None))
    if options:
        raise DeclarationError(f"{made.__name__}: unknown option {', '.join(sorted(options))}")
    if scope is not None and not isinstance(scope, Policy):
        raise DeclarationError(f"{made.__name__}: scope must be owned(), through(), reference() …")
    present = set(specs) | made.__always__ | set(scope.columns if scope is not None else ())
    if pipeline is not None:
        present |= _STAGED
    made.__specs__ = {name: spec for name, spec in every.items() if name in present}
    made.__init__ = LateInitialiser(made, REQUIRED)
    made.__slot_table__ = None
    if any(base.__name__ == "Child" for base in made.__mro__[1:]):
        _CHILDREN[made.__name__] = made


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(field, link, children, kept)
)
class _Base(metaclass=RecordMeta):
    """What records, facets and children share."""

    __slots__ = ("__weakref__",)
    __always__: ClassVar[frozenset[str]] = frozenset()
    __tablename__: ClassVar[str]
    __scope__: ClassVar[Policy | None]
    __pipeline__: ClassVar[str | None]
    __facet_of__: ClassVar[str | None]
    __specs__: ClassVar[dict[str, Spec]]
    __every_spec__: ClassVar[dict[str, Spec]]
    __primary__: ClassVar[tuple[str, ...]] = ()
    __indexes__: ClassVar[tuple[tuple[str, ...], ...]] = ()
    __short__: ClassVar[tuple[str, ...]] = ()
    __salted__: ClassVar[bool | None] = None
    __clustered__: ClassVar[bool | None] = None
    __goes_with__: ClassVar[str | None] = None
    __retain__: ClassVar[Retain | None] = None
    __budget__: ClassVar[Budget | None] = None

    if TYPE_CHECKING:
        __table__: ClassVar[sa.Table]

        def __init_subclass__(
            cls,
            *,
            table: str | None = None,
            scope: Policy | None = None,
            pipeline: str | None = None,
            of: type[Record] | str | None = None,
            primary: tuple[str, ...] = (),
            indexes: tuple[tuple[str, ...], ...] = (),
            short: tuple[str, ...] = (),
            salted: bool = False,
            clustered: bool = False,
            goes_with: str | None = None,
            retain: Retain | None = None,
            budget: Budget | None = None,
        ) -> None: ...

    def __clean__(self) -> None:
        cls = type(self)
        problems: list[Problem] = []
        for spec, read, write in _checks(cls):
            value = read(self)
            # Most values are nothing, or short plain text that needs no cleaning.
            if value is spec.default or (value is None and spec.nullable):
                continue
            if (
                spec.is_plain
                and value.__class__ is str
                and 0 < len(value) <= spec.longest
                and _is_simple(value)
                and not value.isspace()
            ):
                continue
            try:
                write(self, spec.clean(value))
            except (ValueError, TypeError) as error:
                problems.append(Problem(spec.name, code_of(value), str(error)))
        if problems:
            raise InvalidError(summary_of(cls, problems), fields=problems)

    # What `derive` computes, with its inputs (``"lines.qty"``), and at whose change it is called besides.
    # Whoever may not read an input does not read what is computed, unless that is declassified.
    derives: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    derives_from: ClassVar[tuple[str, ...]] = ()
    declassified: ClassVar[tuple[str, ...]] = ()
    # Fields that repeat one of the same name of the record that a link leads to: field to link.
    mirrors: ClassVar[Mapping[str, str]] = {}
    # Fields that are emptied when the record changes its stage.
    dropped_by_moves: ClassVar[tuple[str, ...]] = ()
    # Fields that keep the latest moment of records that link here, as ``"Entity.link.moment"``.
    keeps_latest: ClassVar[Mapping[str, str]] = {}

    def begin(self, session: Any) -> Mapping[str, Any]:
        """The first values of fields that nobody types, by name, asked when the session adds the record."""
        return {}

    def derive(self, session: Any) -> Mapping[str, Any]:
        """The values of the fields in `derives`: when the record is added, and when an input changes."""
        return {}

    def check(self, moment: datetime) -> None:
        """The rules of one record that need no data: raise `ValueError` or `InvalidError`.

        `moment` is now, by the clock of the CRM, in UTC.
        """

    def __repr__(self) -> str:
        shown = []
        for name, spec in type(self).__specs__.items():
            if spec.derived or spec.special or spec.personal:
                continue
            try:
                value = getattr(self, name)
            except NotReadError:
                continue
            if value is not None and value != ():
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


_CHILDREN: dict[str, Any] = {}


def child_class(cls: Any, spec: Spec) -> Any:
    """The class of the rows of a `Children` field."""
    return _child_class(cls, spec.name)


@per_class
def _child_class(cls: Any, field: str) -> Any:
    name = cls.__specs__[field].child
    home = sys.modules.get(cls.__module__)
    found = getattr(home, name, None) or _CHILDREN.get(name)
    if found is None:
        raise DeclarationError(f"{cls.__name__}.{field}: there is no child class {name}")
    return found


def _is_simple(text: str) -> bool:
    return text.isascii() and "\x00" not in text


@per_class
def _checks(cls: Any) -> tuple[tuple[Spec, Any, Any], ...]:
    """Each field that callers give, with what reads and writes its slot."""
    given = [spec for spec in cls.__specs__.values() if spec.init]
    slots = [_descriptor(cls, spec.name) for spec in given]
    return tuple((spec, slot._read, slot.write) for spec, slot in zip(given, slots, strict=True))


@per_class
def _descriptor(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    raise AttributeError(name)


class Record(_Base):
    """A thing that the enterprise keeps, changes and shows: a frozen value with a table behind it.

    A subclass names its table and its scope and declares its fields::

        class Booking(Record, table="exam_booking", scope=through("customer")):
            customer: Link[Customer] = link("Customer")
            on: Field[date] = field("Date", order=True)

    ``Booking.on`` is then a typed column expression, ``booking.on`` a date. Two values are equal
    when class, id and version are.

    Besides its own fields each has `id`, `version`, `created_at`, `created_by`, `updated_at`,
    `updated_by` and `archived_at`; one that belongs to somebody `owner` and `owner_unit`; one with
    a pipeline `stage`, `stage_at`, `stage_config`, `pipeline` and `pipeline_version`.

    Raises:
        InvalidError: on creation, with every problem of every field.
        NotReadError: on access to a field that was hidden from the reader or not asked for.
    """

    __always__: ClassVar[frozenset[str]] = frozenset(
        ("id", "version", "created_at", "created_by", "updated_at", "updated_by", "archived_at")
    )

    id: ClassVar[Field[UUID]] = kept("Id", init=False)
    version: ClassVar[Field[int]] = kept("Version", init=False)
    created_at: ClassVar[Field[datetime]] = kept("Created at", init=False)
    created_by: ClassVar[Link[User | None]] = kept("Created by", init=False)
    updated_at: ClassVar[Field[datetime]] = kept("Changed at", init=False)
    updated_by: ClassVar[Link[User | None]] = kept("Changed by", init=False)
    archived_at: ClassVar[Field[datetime | None]] = kept("Archived at", init=False)
    owner: ClassVar[Link[User | None]] = kept("Owner", init=False)
    owner_unit: ClassVar[Link[OrgUnit | None]] = kept("Owner's unit", init=False)
    parent_owner: ClassVar[Link[User | None]] = kept("Owner of the parent", init=False)
    parent_unit: ClassVar[Link[OrgUnit | None]] = kept("Unit of the parent's owner", init=False)
    stage: ClassVar[Field[str]] = kept("Stage", init=False)
    stage_at: ClassVar[Field[datetime]] = kept("In stage since", init=False)
    stage_config: ClassVar[Field[tuple[str, ...] | None]] = kept("Stages within", init=False)
    pipeline: ClassVar[Field[str]] = kept("Pipeline", init=False)
    pipeline_version: ClassVar[Field[int]] = kept("Pipeline version", init=False)

    @property
    def ref(self) -> Ref[Self]:
        """The reference that other records keep of this one."""
        return Ref(type(self).__name__, self.id)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _identity(self) == _identity(other)

    def __hash__(self) -> int:
        return hash(_identity(self))


class Facet(_Base):
    """Fields that a plugin adds to somebody else's record, in a table of its own with the same key.

    ``class ExamProfile(Facet, table="exam_profile", of=Customer)``; written with
    ``session.add(ExamProfile(of=customer, blood_type="A"))``, read with
    ``session.facet(customer, ExamProfile)``. A facet is seen by whoever sees its host.
    """

    __always__: ClassVar[frozenset[str]] = frozenset(
        ("of", "version", "created_at", "created_by", "updated_at", "updated_by")
    )

    of: Link[Any] = link("Record", column="of_id")
    version: ClassVar[Field[int]] = kept("Version", init=False)
    created_at: ClassVar[Field[datetime]] = kept("Created at", init=False)
    created_by: ClassVar[Link[User | None]] = kept("Created by", init=False)
    updated_at: ClassVar[Field[datetime]] = kept("Changed at", init=False)
    updated_by: ClassVar[Link[User | None]] = kept("Changed by", init=False)

    @property
    def id(self) -> UUID:
        """The id of the record that it extends."""
        host: Any = self.of
        found: UUID = host.id
        return found

    @property
    def ref(self) -> Ref[Self]:
        """A reference to this facet."""
        return Ref(type(self).__name__, self.id)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _identity(self) == _identity(other)

    def __hash__(self) -> int:
        return hash(_identity(self))


class Child(_Base):
    """A row that belongs to its parent's value, version and history, such as a line of an order.

    ``class OpportunityLine(Child, table="crm_opportunity_line")``; its parent declares
    ``lines: Children[OpportunityLine] = children("Lines")``. Two children are equal when all
    their fields are.
    """

    __always__: ClassVar[frozenset[str]] = frozenset(("id", "parent", "position"))

    id: ClassVar[Field[UUID]] = kept("Id", init=False)
    parent: ClassVar[Field[UUID]] = kept("Parent", init=False, column="parent_id")
    position: ClassVar[Field[int]] = kept("Position", init=False)

    @property
    def is_new(self) -> bool:
        """Whether this row was made by the caller and is not stored yet."""
        return getattr(self, "_raw_id", None) is None

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name, spec in type(self).__specs__.items() if not spec.derived)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())


class Row(_Base):
    """A row of pycrm's own books (revisions, claims, stage entries): no version, no history.

    `primary` names the columns of its key, `indexes` further indexes; a name that begins with
    ``!`` makes its index unique. Each row of a `salted` table has a random ``salt`` that the database
    draws by itself, whoever writes the row: see `pycrm.revision.seal`. The `short` whole numbers are below
    2 ** 31 and take four bytes on PostgreSQL, where there are very many rows. Short rows that are read by
    the first columns of their key are `clustered`: SQLite keeps them in its order, and each once.
    `goes_with` names the column of the record with which its rows are erased.
    """


def _identity(record: Any) -> tuple[Any, ...]:
    try:
        return (record.id, record.version)
    except NotReadError:
        # A record that was not added yet is equal to itself alone.
        return (None, id(record))
