"""References of a file to records: by external id or by natural key, within the importer's sight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pycrm.declare import Ref
from pycrm.errors import InvalidError, NotFoundError, Problem
from pycrm.exchange import book
from pycrm.exchange.convert import Lookup
from pycrm.scope.natural import natural_key

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.session import Session

__all__ = ["References"]


class References:
    """Finds what the rows of one batch refer to, each once."""

    def __init__(self, crm: CRM, session: Session) -> None:
        self._crm, self._session = crm, session
        self._found: dict[Lookup, Ref[Any]] = {}

    def prepare(self, drafts: Iterable[dict[str, Any]]) -> None:
        """Read all external ids that the batch names in one statement an entity."""
        wanted: dict[str, set[str]] = {}
        for values in drafts:
            for lookup in _lookups(values):
                if lookup.field == "external" and lookup.entity is not None:
                    wanted.setdefault(lookup.entity, set()).add(lookup.text)
        for entity, texts in wanted.items():
            for text, id in book.find(self._session.transaction, entity, texts).items():
                self._found[Lookup(entity, "external", text)] = Ref(entity, id)

    def resolved(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with references in the place of look-ups.

        Raises:
            NotFoundError: naming each reference that leads nowhere.
        """
        problems: list[Problem] = []
        made: dict[str, Any] = {}
        for name, value in values.items():
            try:
                made[name] = self._one(value) if isinstance(value, Lookup) else value
            except InvalidError as error:
                problems.append(Problem(name, "unknown", error.message))
        if problems:
            raise NotFoundError("; ".join(one.message for one in problems), fields=problems)
        return made

    def _one(self, lookup: Lookup) -> Ref[Any]:
        found = self._found.get(lookup)
        if found is None:
            found = self._found[lookup] = self._find(lookup)
        return found

    def _find(self, lookup: Lookup) -> Ref[Any]:
        entity, field, text = lookup
        cls = self._crm.record(entity or "", default=None)
        if cls is None:
            raise InvalidError(f"there is no entity {entity}")
        if field == "external":
            raise InvalidError(f"no {entity} with the key {text}")
        if field == natural_key(cls):
            return self._session.named(cls, text)
        if field not in cls.__specs__:
            raise InvalidError(f"{entity} has no field {field}")
        found: Any = self._session.find(cls, getattr(cls, field) == text, limit=2)
        if len(found) != 1:
            how = "no" if not found else "more than one"
            raise InvalidError(f"{how} {entity} with {field} {text}")
        return found[0].ref  # type: ignore[no-any-return]


def _lookups(values: dict[str, Any]) -> Iterable[Lookup]:
    for value in values.values():
        if isinstance(value, Lookup):
            yield value
        elif isinstance(value, list):
            for row in value:
                if isinstance(row, dict):
                    yield from _lookups(row)
