"""The columns of an exported table: fields of a record, of its facets, and of those of its party."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare.codec import seen
from pycrm.declare.field import Spec
from pycrm.entities.org import Action
from pycrm.entities.party import Party
from pycrm.scope.fields import copies_of, field_rights
from pycrm.scope.gateway import Query, unknown_field
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Column", "columns_of", "facets_beside"]

# The facets of each kind beside the records, by the id of what each extends.
Beside = Mapping[type[Any], Mapping[UUID, Any]]


@attrs.frozen
class Column:
    """One column: the path by which it was named, the field, and where it is a facet's, the facet.

    `by` is the link that leads to what the facet extends; None where that is the record itself.
    """

    path: str
    field: str
    kind: str
    facet: type[Any] | None = None
    by: str | None = None

    def host(self, record: Any) -> UUID | None:
        """The id of what the facet extends."""
        if self.by is None:
            found: UUID = record.id
            return found
        ref = seen(record, self.by)
        return None if ref is None else ref.id

    def value(self, record: Any, facets: Beside) -> Any:
        """What stands in the column of a record; None where it has no such facet."""
        if self.facet is None:
            return seen(record, self.field)
        host = self.host(record)
        one = None if host is None else facets[self.facet].get(host)
        return None if one is None else seen(one, self.field)


def columns_of(session: Session, cls: Any, paths: Sequence[str] | None) -> list[Column]:
    """The columns that are named, or all of the record itself that are no lists of rows.

    Raises:
        InvalidError: an unknown or hidden field.
    """
    own = _fields(session, cls)
    if paths is None:
        return [Column(name, name, _kind(spec)) for name, spec in own.items() if not spec.special]
    return [_column(session, cls, own, path) for path in paths]


def _column(session: Session, cls: Any, own: Mapping[str, Spec], path: str) -> Column:
    word, dot, name = path.partition(".")
    if not dot:
        if path not in own:
            raise unknown_field(path)
        return Column(path, path, _kind(own[path]))
    for facet, by in _facets(session, cls, own):
        if facet.__name__.lower() == word.replace("_", "").lower():
            spec = _fields(session, facet).get(name)
            if spec is None:
                break
            return Column(path, name, _kind(spec), facet, by)
    raise unknown_field(path)


def _facets(session: Session, cls: Any, own: Mapping[str, Spec]) -> Iterator[tuple[Any, str | None]]:
    """The facets of a record, and those of its party, as imports read them, with what leads there."""
    for facet in session.crm.facets_of(cls):
        yield facet, None
    for name, spec in own.items():
        if spec.target == Party.__name__:
            for facet in session.crm.facets_of(Party):
                yield facet, name


def _fields(session: Session, cls: Any) -> dict[str, Spec]:
    """The fields of a class that the actor knows of and that fit into one cell."""
    closed = field_rights(session.transaction, cls).hidden | copies_of(cls)
    return {
        name: spec for name, spec in cls.__specs__.items() if spec.kind is not None and name not in closed
    }


def _kind(spec: Spec) -> str:
    return "" if spec.kind is None else spec.kind.name


def facets_beside(session: Session, records: Sequence[Any], columns: Sequence[Column]) -> Beside:
    """The facets beside these records that any column shows, read in one statement for 500."""
    found: dict[type[Any], dict[UUID, Any]] = {}
    for column in columns:
        facet: Any = column.facet
        if facet is None or facet in found:
            continue
        hosts = {id for record in records if (id := column.host(record)) is not None}
        found[facet] = {}
        for some in pieces(sorted(hosts)):
            asked = Query(session.transaction, facet, (facet.of.in_(some),), action=Action.EXPORT)
            found[facet] |= {one.id: one for one in asked.records()}
    return found
