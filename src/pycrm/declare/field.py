"""The fields of a record: a typed column on the class, a typed value on the instance."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

import attrs
import sqlalchemy as sa

from pycrm.declare.kind import Kind, LinkKind
from pycrm.declare.policy import ClaimPolicy
from pycrm.declare.raw import Dump, Masked
from pycrm.declare.reference import Ref
from pycrm.declare.validator import Validator
from pycrm.errors import DeclarationError, NotReadError
from pycrm.values import Money

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.declare.record import Record

__all__ = ["Children", "Field", "Link", "MoneyColumn", "Spec", "children", "field", "link"]

T = TypeVar("T")
L = TypeVar("L")
X = TypeVar("X", bound="Record")


class _Required:
    """Stands for the default that a field does not have."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


@attrs.frozen
class Spec:
    """What was declared of one field."""

    name: str
    label: str
    kind: Kind | None
    zh: str | None = None
    default: Any = REQUIRED
    nullable: bool = False
    key: bool = False
    unique: bool = False
    claim: ClaimPolicy = ClaimPolicy.ASK
    special: bool = False
    restricted: bool = False
    personal: bool = False
    order: bool = False
    search: bool = False
    title: bool = False
    init: bool = True
    derived: bool = False
    longest: int = 4000
    validators: tuple[Validator, ...] = ()
    normalise: Callable[[str], str] | None = None
    child: str | None = None
    column: str | None = None
    # The class that a link points to, the columns that hold the field, and how it reaches a driver.
    target: str | None = attrs.field(init=False)
    columns: tuple[str, ...] = attrs.field(init=False)
    dumps: dict[str, Dump | None] = attrs.field(init=False, eq=False, repr=False)
    # Text with no rules of its own.
    is_plain: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        kind, put = self.kind, object.__setattr__
        put(self, "target", kind.target if isinstance(kind, LinkKind) else None)
        names = () if kind is None else kind.names(self.name)
        put(self, "columns", (self.column,) if self.column and kind is not None else names)
        put(self, "is_plain", type(kind) is Kind and not self.validators)
        dialects = () if kind is None else ("sqlite", "postgresql")
        put(self, "dumps", {} if kind is None else {one: kind.dump(one) for one in dialects})

    @property
    def required(self) -> bool:
        """Whether a new record must name a value."""
        return self.init and self.default is REQUIRED

    def clean(self, value: Any) -> Any:
        """The value in its stored form; `ValueError` says what is wrong with it."""
        if value is None:
            if self.nullable:
                return None
            raise ValueError("a value is required")
        if self.kind is None:
            return self._rows(value)
        value = self.kind.clean(value, self.longest)
        if self.kind.name == "text" and self.default is REQUIRED and not (self.nullable or value.strip()):
            raise ValueError("a value is required")
        for validate in self.validators:
            validate(value)
        return value

    def _rows(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("expected a list of rows")
        for row in value:
            # By name: the class of the rows may be declared after this one.
            if type(row).__name__ != self.child:
                raise ValueError(f"expected rows of {self.child}, not {type(row).__name__}")
        return tuple(value)


@attrs.frozen
class Declared:
    """What `field`, `link` and `children` leave in the class body until the class is made."""

    options: dict[str, Any]


class MoneyColumn:
    """An amount of money in a query: comparing it compares the currency too.

    Ordering and `session.sum` take it as they take any column.
    """

    def __init__(self, units: ColumnElement[int], currency: ColumnElement[str]) -> None:
        self.units = units
        self.currency = currency

    def _compared(self, compare: Callable[[Any, int], Any], other: Money) -> ColumnElement[bool]:
        if not isinstance(other, Money):
            raise TypeError("money is compared with money; for no amount say is_(None)")
        return sa.and_(compare(self.units, other.units), self.currency == other.currency)

    def __lt__(self, other: Money) -> ColumnElement[bool]:
        return self._compared(operator.lt, other)

    def __le__(self, other: Money) -> ColumnElement[bool]:
        return self._compared(operator.le, other)

    def __gt__(self, other: Money) -> ColumnElement[bool]:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Money) -> ColumnElement[bool]:
        return self._compared(operator.ge, other)

    def __eq__(self, other: Money) -> ColumnElement[bool]:  # type: ignore[override]
        return self._compared(operator.eq, other)

    def __ne__(self, other: Money) -> ColumnElement[bool]:  # type: ignore[override]
        return sa.not_(self._compared(operator.eq, other))

    __hash__ = None  # type: ignore[assignment]

    def between(self, low: Money, high: Money) -> ColumnElement[bool]:
        """At least `low` and at most `high`."""
        return sa.and_(self >= low, self <= high)

    def is_(self, nothing: None) -> ColumnElement[bool]:
        """``is_(None)``: no amount."""
        return self.units.is_(nothing)

    def is_not(self, nothing: None) -> ColumnElement[bool]:
        """``is_not(None)``: some amount."""
        return self.units.is_not(nothing)

    def asc(self) -> Any:
        """Smallest first."""
        return self.units.asc()

    def desc(self) -> Any:
        """Largest first."""
        return self.units.desc()


class _Slot:
    """The part that `Field`, `Link` and `Children` share: one slot of the record behind a descriptor."""

    def __init__(self, spec: Spec, slot: Any) -> None:
        self.spec = spec
        self._read = slot.__get__
        self.write: Callable[[Any, Any], None] = slot.__set__
        self.slot = slot
        self._raw = (*spec.kind.raw, Masked) if spec.kind else ()
        self._decode = spec.kind.decode if spec.kind else None
        self._columns: dict[Any, Any] = {}

    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            found = self._columns.get(owner)
            if found is not None:
                return found
            # Bases without a table have no columns; attrs looks at their slots.
            return self.expression(owner) if owner.__dict__.get("__tablename__") else self
        try:
            value = self._read(record)
        except AttributeError:
            name = f"{type(record).__name__}.{self.spec.name}"
            raise NotReadError(f"{name} was not read", name=self.spec.name, obj=record) from None
        if value.__class__ in self._raw and self._decode is not None:
            if value.__class__ is Masked:
                name = f"{type(record).__name__}.{self.spec.name}"
                raise NotReadError(f"{name} is masked", name=self.spec.name, obj=record)
            return self._decode(value)
        return value

    def __set__(self, record: Any, value: Any) -> None:
        self.write(record, value)

    def expression(self, owner: type[Record]) -> Any:
        """The field as a column expression of that class."""
        spec = self.spec
        if spec.name not in owner.__specs__:
            raise AttributeError(f"{owner.__name__} has no field {spec.name}")
        columns = owner.__table__.c
        if isinstance(spec.kind, Kind) and spec.kind.name == "money":
            return MoneyColumn(*(columns[name] for name in spec.columns))
        if spec.kind is None:
            raise AttributeError(f"{owner.__name__}.{spec.name} is a list of rows, not a column")
        found = self._columns[owner] = columns[spec.columns[0]]
        return found


if TYPE_CHECKING:
    # One descriptor at run time, three faces for the type checkers.
    class Field(_Slot, Generic[T]):
        """A value of a record: ``Booking.on`` is a column expression, ``booking.on`` a date."""

        @overload
        def __get__(self: Field[Money], record: None, owner: Any = None) -> MoneyColumn: ...
        @overload
        def __get__(self: Field[Money | None], record: None, owner: Any = None) -> MoneyColumn: ...
        @overload
        def __get__(self, record: None, owner: Any = None) -> ColumnElement[T]: ...
        @overload
        def __get__(self, record: object, owner: Any = None) -> T: ...
        def __get__(self, record: Any, owner: Any = None) -> Any: ...
        def __set__(self, record: Any, value: T) -> None: ...

    class Link(_Slot, Generic[L]):
        """A link to another record: takes a record or a `Ref`, gives a `Ref`."""

        @overload
        def __get__(self, record: None, owner: Any = None) -> ColumnElement[Any]: ...
        @overload
        def __get__(self: Link[X | None], record: object, owner: Any = None) -> Ref[X] | None: ...
        @overload
        def __get__(self: Link[X], record: object, owner: Any = None) -> Ref[X]: ...
        def __get__(self, record: Any, owner: Any = None) -> Any: ...
        def __set__(self, record: Any, value: L | Ref[L]) -> None: ...

    class Children(_Slot, Generic[L]):
        """Rows that belong to the record's value, in order."""

        @overload
        def __get__(self, record: None, owner: Any = None) -> ColumnElement[Any]: ...
        @overload
        def __get__(self, record: object, owner: Any = None) -> tuple[L, ...]: ...
        def __get__(self, record: Any, owner: Any = None) -> Any: ...
        def __set__(self, record: Any, value: tuple[L, ...] | list[L]) -> None: ...

else:

    class Field(_Slot, Generic[T]):
        """A value of a record: ``Booking.on`` is a column expression, ``booking.on`` a date."""

    class Link(_Slot, Generic[L]):
        """A link to another record: takes a record or a `Ref`, gives a `Ref`."""

    class Children(_Slot, Generic[L]):
        """Rows that belong to the record's value, in order."""


def field(
    label: str,
    *,
    zh: str | None = None,
    default: Any = REQUIRED,
    key: bool = False,
    unique: bool = False,
    claim: ClaimPolicy = ClaimPolicy.ASK,
    special: bool = False,
    restricted: bool = False,
    personal: bool = False,
    order: bool = False,
    search: bool = False,
    title: bool = False,
    init: bool = True,
    longest: int = 4000,
    scale: int = 2,
    validator: Validator | tuple[Validator, ...] = (),
    normalise: Callable[[str], str] | None = None,
    column: str | None = None,
) -> Any:
    """Declare a value of a record.

    Args:
        label: what people call it, in English; `zh` in Chinese.
        default: the value when none is given; without it the field is required on creation.
        key: changes only through an amendment.
        unique: two records never hold the same value. On reference data a unique index; elsewhere
            a claim of the keyed hash, which tells nobody what a hidden record holds.
        claim: of a unique value, what its writer is told of a record out of sight that holds it.
        special: health, identity numbers: shown only by `session.reveal`, which is recorded, to those
            whose role names the field.
        restricted: costs, floor prices: shown to those whose role names the field.
        personal: emptied when the person is erased.
        order: lists can be sorted by it (indexed; never null). Of a facet, lists of the record that it extends:
            those then hold the records that have a value.
        search: `session.search` looks for words in it; of texts.
        title: what people call the record by, on pages and at the command line; of one text. Without it that
            is what it has first of `name`, `title`, `login`, `code`, `summary`, `text`, `body`, else a
            unique text, else a text that lists are sorted by, else its id.
        init: False for what the product computes: nobody may write it.
        longest: of texts, in code points.
        scale: of decimals, the places after the point.
        validator: called with the value, raises `ValueError`; `ge`, `le`, `minimum_length`, `one_of` are ready.
        normalise: for `unique`: the form in which two values are compared.
        column: the column's name where it is not the field's.
    """
    options = {"label": label, "zh": zh, "default": default, "key": key, "unique": unique}
    options |= {"special": special, "restricted": restricted, "personal": personal, "order": order}
    options |= {"search": search, "title": title, "init": init, "longest": longest, "claim": claim}
    options |= {"scale": scale, "normalise": normalise, "column": column}
    options["validators"] = validator if isinstance(validator, tuple) else (validator,)
    return Declared(options)


def link(
    label: str,
    *,
    zh: str | None = None,
    default: Any = REQUIRED,
    key: bool = False,
    init: bool = True,
    column: str | None = None,
    unique: bool = False,
) -> Any:
    """Declare a link to another record; ``Link[Customer | None]`` may be empty.

    Args:
        column: the column's name where it is not the field's name with ``_id``.
        unique: at most one record links to the same target.
    """
    options = {"label": label, "zh": zh, "default": default, "key": key, "init": init}
    return Declared(options | {"column": column, "unique": unique, "scale": 0})


def children(label: str, *, zh: str | None = None, key: bool = False, default: Any = ()) -> Any:
    """Declare rows that belong to the record: they share its version and its history."""
    return Declared({"label": label, "zh": zh, "key": key, "default": default, "scale": 0})


def kept(label: str, *, init: Literal[False] = False, column: str | None = None) -> Any:
    """Declare what pycrm itself keeps of every record (its id, its version, its owner)."""
    return Declared({"label": label, "init": init, "derived": True, "column": column, "scale": 0})


def declared_field(name: str, declared: Declared, kind: Kind | None, **more: Any) -> Spec:
    """The `Spec` of a declaration, once its name and kind are known."""
    options = {key: value for key, value in declared.options.items() if key != "scale"}
    spec = Spec(name=name, kind=kind, **(options | more))
    if spec.search and type(kind) is not Kind:
        raise DeclarationError("words are looked for in texts only")
    if spec.init and spec.kind is not None and spec.default is not REQUIRED:
        try:
            # In its stored form: a value that is the default is not looked at again.
            stored = spec.clean(spec.default)
            spec = spec if stored is spec.default else attrs.evolve(spec, default=stored)
        except (ValueError, TypeError) as error:
            raise DeclarationError(f"the default {spec.default!r} does not fit: {error}") from None
    return spec
