"""A second name of a field, for reading and for conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

__all__ = ["Alias"]


class Alias:
    """Reads another field of the same record: the stage under the name that people use for it.

    ``Task.state`` is the column expression of ``Task.stage``, ``task.state`` the key of the stage. It is
    no field: nobody writes it, and rules, codecs and forms know the field itself.
    """

    def __init__(self, field: str) -> None:
        """Args:
        field: the name of the field.
        """
        self._field = field

    @overload
    def __get__(self, record: None, owner: Any = None) -> ColumnElement[str]: ...
    @overload
    def __get__(self, record: object, owner: Any = None) -> str: ...
    def __get__(self, record: Any, owner: Any = None) -> Any:
        """The expression of the class, or the value of the record."""
        return getattr(owner if record is None else record, self._field)
