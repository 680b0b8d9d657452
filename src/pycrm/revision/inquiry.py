"""Asking the past as somebody: what changed by whom and when, and what differs between two moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.revision import history as past
from pycrm.revision.model import Difference, Revision
from pycrm.revision.place import user_of
from pycrm.revision.redaction import redacted
from pycrm.scope.condition import unknown_field
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import bounded
from pycrm.values import utc

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["difference", "instant", "revisions"]

_Kin = list[tuple[str, UUID]]
_AT_ONCE = 200


def revisions(
    tx: Transaction,
    kin: _Kin,
    field: str | None,
    by: Any,
    since: datetime | None,
    until: datetime | None,
    before: Revision | None,
    limit: int | None,
) -> list[Revision]:
    """See `Session.history`; `kin` is the record with what belongs to it, in sight of the actor."""
    if field is not None:
        _refuse_unknown(tx, kin, field)
    if before is not None and (before.entity, before.record) not in kin:
        raise InvalidError(
            "`before` is a revision of another record",
            fields=[Problem("before", "rule", "of another record")],
        )
    asked = past.Asked(
        since=_maybe(since, "since"),
        until=_maybe(until, "until"),
        by=None if by is None else user_of(tx, by, "by").id,
        before=before,
        limit=bounded(limit),
    )
    if field is None:
        return redacted(tx, past.history(tx, kin, asked))
    found: list[Revision] = []
    for one in _of_field(tx, kin, asked, field):
        if limit is not None and len(found) >= limit:
            break
        found.append(one)
    return found


def _of_field(tx: Transaction, kin: _Kin, asked: past.Asked, field: str) -> Iterator[Revision]:
    """The revisions that touched a field as their reader is shown it, piece by piece."""
    asked = attrs.evolve(asked, limit=_AT_ONCE)
    while True:
        some = past.history(tx, kin, asked)
        for one in redacted(tx, some):
            if any(change.path.partition("/")[0] == field for change in one.changes):
                yield one
        if len(some) < _AT_ONCE:
            return
        asked = attrs.evolve(asked, before=some[-1])


def _refuse_unknown(tx: Transaction, kin: _Kin, field: str) -> None:
    """A hidden field is refused as an unknown one."""
    for name in dict.fromkeys(entity for entity, _ in kin):
        cls = tx.crm.record(name)
        if field in cls.__specs__ and field not in field_rights(tx, cls).hidden:
            return
    raise unknown_field(str(field))


def instant(moment: Any, path: str) -> datetime:
    """An instant that a caller gave, in UTC.

    Raises:
        InvalidError: it is none, or has no zone.
    """
    try:
        return utc(moment)
    except (ValueError, TypeError, AttributeError):
        wrong = Problem(path, "type", "expected an instant with its zone")
        raise InvalidError(f"{path}: {wrong.message}", fields=[wrong]) from None


def _maybe(moment: Any, path: str) -> datetime | None:
    return None if moment is None else instant(moment, path)


def difference(tx: Transaction, kin: _Kin, since: datetime, until: datetime | None) -> list[Difference]:
    """See `Session.diff`."""
    asked = past.Asked(since=_maybe(since, "since"), until=_maybe(until, "until"))
    return list(_net(redacted(tx, past.history(tx, kin, asked))))


def _net(newest_first: Iterable[Revision]) -> Iterator[Difference]:
    """What all of it comes to: of each path the first value before and the last after."""
    found: dict[tuple[str, UUID, str], list[Any]] = {}
    for one in newest_first:
        for change in one.changes:
            pair = found.setdefault((one.entity, one.record, change.path), [change.old, change.new])
            pair[0] = change.old
    for (entity, record, path), (old, new) in found.items():
        if old != new:
            yield Difference(entity, record, path, old, new)
