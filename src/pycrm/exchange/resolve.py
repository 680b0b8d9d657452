"""References of a file to records: by external id or by natural key, within the importer's sight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.declare.table import key_column
from pycrm.errors import NotFoundError, Problem
from pycrm.exchange import book
from pycrm.exchange.convert import Lookup
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import query
from pycrm.store.pieces import pieces
from pycrm.values import clean_text

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["References"]

_LONGEST = 4000


class References:
    """Finds what the rows of one batch refer to, each once, in one statement a kind of reference.

    A record out of sight is not found, in the same words as one that is missing.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[Lookup, Ref[Any]] = {}
        self._several: set[Lookup] = set()

    def prepare(self, drafts: Iterable[dict[str, Any]]) -> None:
        """Look up all that these values refer to."""
        wanted: dict[tuple[str, str], set[str]] = {}
        for values in drafts:
            for lookup in lookups(values):
                wanted.setdefault((lookup.entity or "", lookup.field), set()).add(lookup.text)
        for (entity, field), texts in wanted.items():
            cls = self._session.crm.record(entity)
            if field == "external":
                self._by_external_id(cls, texts)
            else:
                self._by_field(cls, field, texts)

    def learn(self, entity: str, key: str, id: UUID) -> None:
        """A record that was just added, for the rows after it."""
        self._found[Lookup(entity, "external", key)] = Ref(entity, id)

    def resolved(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with references in the place of look-ups, in child rows too.

        Raises:
            NotFoundError: naming each reference that leads nowhere.
        """
        problems: list[Problem] = []
        made = self._replaced(values, "", problems)
        if problems:
            raise NotFoundError("; ".join(one.message for one in problems[:5]), fields=problems)
        return made

    def _replaced(self, values: dict[str, Any], path: str, problems: list[Problem]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Lookup):
                made[name] = self._found.get(value)
                if made[name] is None:
                    problems.append(Problem(f"{path}{name}", "unknown", self._why(value)))
            elif isinstance(value, list):
                made[name] = [
                    self._replaced(row, f"{path}{name}/{index}/", problems) if isinstance(row, dict) else row
                    for index, row in enumerate(value)
                ]
            else:
                made[name] = value
        return made

    def _why(self, lookup: Lookup) -> str:
        by = "key" if lookup.field == "external" else lookup.field
        how = "more than one" if lookup in self._several else "no"
        return f"{how} {lookup.entity} with the {by} {lookup.text[:80]}"

    def _by_external_id(self, cls: Any, texts: set[str]) -> None:
        known = book.find(self._session.transaction, cls.__name__, texts)
        column = cls.__table__.c[key_column(cls)]
        seen: set[UUID | None] = set()
        for some in pieces(sorted(id for ids in known.values() for id in ids)):
            rows = self._select(cls, column, some, column)
            seen.update(unkey(row[0]) for row in rows)
        for text, ids in known.items():
            mine = [id for id in ids if id in seen]
            if len(mine) == 1:
                self.learn(cls.__name__, text, mine[0])
            elif mine:
                self._several.add(Lookup(cls.__name__, "external", text))

    def _by_field(self, cls: Any, field: str, texts: set[str]) -> None:
        column = cls.__table__.c[cls.__specs__[field].columns[0]]
        stored = {text: kept for text in texts if (kept := _cleaned(text)) is not None}
        ids: dict[str, list[UUID]] = {}
        for some in pieces(sorted(set(stored.values()))):
            for kept, id in self._select(cls, column, some, column, cls.__table__.c[key_column(cls)]):
                found = unkey(id)
                assert found is not None
                ids.setdefault(kept, []).append(found)
        for text, kept in stored.items():
            lookup, found_ids = Lookup(cls.__name__, field, text), ids.get(kept, [])
            if len(found_ids) == 1:
                self._found[lookup] = Ref(cls.__name__, found_ids[0])
            elif found_ids:
                self._several.add(lookup)

    def _select(self, cls: Any, column: Any, values: list[Any], *columns: Any) -> list[Any]:
        tx = self._session.transaction
        asked = query(tx, cls, [column.in_(values)])
        return [] if asked.nothing else tx.fetch(asked.select(*columns))


def lookups(values: dict[str, Any]) -> Iterator[Lookup]:
    """Every reference among the values of a draft, in its child rows too."""
    for value in values.values():
        if isinstance(value, Lookup):
            yield value
        elif isinstance(value, list):
            for row in value:
                if isinstance(row, dict):
                    yield from lookups(row)


def _cleaned(text: str) -> str | None:
    """The text as it would be stored; None for one that cannot be."""
    try:
        return clean_text(text, longest=_LONGEST)
    except ValueError:
        return None
