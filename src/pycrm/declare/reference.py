"""References from one record to another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID, SafeUUID

import attrs

if TYPE_CHECKING:
    from pycrm.declare.record import Record

__all__ = ["Ref", "key_of", "per_class", "uuid_of"]

R = TypeVar("R", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


@attrs.frozen(repr=False)
class Ref(Generic[R]):
    """The name of a record: its class and its id, without its contents.

    >>> Ref("Customer", UUID(int=7))
    Ref(Customer 00000000-0000-0000-0000-000000000007)
    """

    entity: str
    id: UUID

    @classmethod
    def to(cls, record: type[Record], id: UUID) -> Ref[Any]:
        """A reference to the record of that class and id."""
        return cls(record.__name__, id)

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        return f"Ref({self.entity} {self.id})"


# ``UUID(bytes=…)`` looks through five ways of saying one, which takes three times as long as to make it.
_write_number: Callable[[UUID, int], None] = vars(UUID)["int"].__set__
_write_safety: Callable[[UUID, SafeUUID], None] = vars(UUID)["is_safe"].__set__


def uuid_of(key: bytes) -> UUID:
    """The identifier of 16 bytes, as SQLite keeps it.

    >>> uuid_of(bytes(15) + b"\\x07")
    UUID('00000000-0000-0000-0000-000000000007')
    """
    made = object.__new__(UUID)
    _write_number(made, int.from_bytes(key, "big"))
    _write_safety(made, SafeUUID.unknown)
    return made


def key_of(value: Any) -> UUID:
    """The id of a record, a reference or an id.

    Raises:
        TypeError: the value names no record.
    """
    if isinstance(value, UUID):
        return value
    if isinstance(value, bytes):
        return uuid_of(value)
    found = getattr(value, "id", None)
    if isinstance(found, UUID):
        return found
    raise TypeError(f"{value!r} names no record")


def per_class(make: F) -> F:
    """Remember what a function makes of each class; classes do not change once declared."""
    return cast("F", cache(make))
