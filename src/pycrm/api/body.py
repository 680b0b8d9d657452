"""What a request about a verb brings besides fields of a record: strict, and every error at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

import attrs

from pycrm.errors import InvalidError, Problem

if TYPE_CHECKING:
    from pycrm.http import Call

__all__ = ["Body"]


@attrs.frozen
class Body:
    """An object of known keys."""

    given: dict[str, Any]

    @classmethod
    def of(cls, call: Call, *names: str, is_optional: bool = False, needs: tuple[str, ...] = ()) -> Self:
        """The body of a request.

        Args:
            names: the keys that there may be.
            is_optional: whether there may be none.
            needs: the keys that there must be.

        Raises:
            InvalidError: it is no object, holds other keys, or lacks some.
        """
        if is_optional and not call.body:
            return cls({})
        found = cls.from_json(call.json(), *names)
        missing = [
            Problem(name, "required", "a value is required") for name in needs if name not in found.given
        ]
        if missing:
            raise InvalidError(f"{missing[0].path}: {missing[0].message}", fields=missing)
        return found

    @classmethod
    def from_json(cls, given: Any, *names: str) -> Self:
        """An object that was sent, checked for strangers among its keys."""
        if type(given) is not dict:
            raise InvalidError("expected an object", fields=[Problem("", "type", "expected an object")])
        wrong = [
            Problem(str(name)[:100].encode("utf-8", "backslashreplace").decode(), "unknown", "unknown field")
            for name in given
            if name not in names
        ]
        if wrong:
            raise InvalidError(f"unknown field: {wrong[0].path}", fields=wrong)
        return cls(given)

    def text(self, name: str) -> str | None:
        """A text, or None where there is none."""
        found = self.given.get(name)
        if found is not None and type(found) is not str:
            raise _wrong(name, "type", "expected text")
        return found

    def required(self, name: str) -> str:
        """A text that there must be."""
        found = self.text(name)
        if not found:
            raise _wrong(name, "required", "a value is required")
        return found

    def truth(self, name: str) -> bool:
        """True or false; false where there is nothing."""
        found = self.given.get(name, False)
        if type(found) is not bool:
            raise _wrong(name, "type", "expected true or false")
        return found

    def number(self, name: str) -> int:
        """A whole number that there must be."""
        found = self.given.get(name)
        if type(found) is not int or not 0 <= found < 2**31:
            raise _wrong(name, "type", "expected a whole number")
        return found

    def day(self, name: str) -> date | None:
        """A day, or None."""
        found = self.text(name)
        try:
            made = None if found is None else date.fromisoformat(found)
        except ValueError:
            made = None
        if found is not None and (made is None or made.isoformat() != found):
            raise _wrong(name, "type", "expected a date such as 2026-06-30")
        return made

    def texts(self, name: str) -> list[str]:
        """A list of texts; an empty one where there is none."""
        found = self.given.get(name, [])
        if type(found) is not list or len(found) > 500 or any(type(one) is not str for one in found):
            raise _wrong(name, "type", "expected a list of texts")
        return found

    def object(self, name: str) -> dict[str, Any]:
        """An object; an empty one where there is none."""
        found = self.given.get(name, {})
        if type(found) is not dict:
            raise _wrong(name, "type", "expected an object")
        return found

    def rows(self, name: str, most: int) -> list[Any]:
        """A list of 1 to so many things."""
        found = self.given.get(name)
        if type(found) is not list or not 1 <= len(found) <= most:
            raise _wrong(name, "type", f"expected a list of 1 to {most}")
        return found


def _wrong(path: str, code: str, message: str) -> InvalidError:
    return InvalidError(f"{path}: {message}", fields=[Problem(path, code, message)])
