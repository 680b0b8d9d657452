"""Unique values without leaks: a claim table of keyed hashes instead of unique indexes.

A unique index would tell a writer that somebody hidden holds the value. A claim answers only
"already held elsewhere", and names the record when the asker sees it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from pycrm.declare.policy import Administered, Reference
from pycrm.declare.reference import per_class
from pycrm.errors import ConflictError, Problem
from pycrm.revision.model import Claim
from pycrm.scope.actor import unkey
from pycrm.scope.gateway import fetch_one

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["claims_of", "release", "take"]

Wanted = tuple[bytes, str, UUID, str]


def folded(value: str) -> str:
    """The form in which texts are compared: NFKC, without regard to case and white space."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def _digest(tx: Transaction, name: str, value: str) -> bytes:
    secret: bytes = tx.crm.secret
    return hashlib.blake2b(f"{name}\x00{value}".encode(), key=secret, digest_size=16).digest()


def claims_of(tx: Transaction, record: Any) -> list[Wanted]:
    """The claims that the record makes: digest, entity, record id and the path of the field."""
    cls = type(record)
    fields, lists = _plan(cls)
    found: list[Wanted] = []
    for spec in fields:
        value = getattr(record, spec.name)
        if value:
            text = spec.normalise(value) if spec.normalise else folded(value)
            found.append(
                (_digest(tx, f"{cls.__name__}.{spec.name}", text), cls.__name__, record.id, spec.name)
            )
    for name in lists:
        for index, child in enumerate(getattr(record, name)):
            text = child.claim()
            if text is not None:
                path = f"{name}/{index}/value"
                found.append((_digest(tx, type(child).__name__, text), cls.__name__, record.id, path))
    return found


def may_claim(cls: Any) -> bool:
    """Whether records of the class make claims at all."""
    return any(_plan(cls))


@per_class
def _plan(cls: Any) -> tuple[list[Any], list[str]]:
    open_to_all = isinstance(cls.__scope__, Reference | Administered)
    fields = [
        spec
        for spec in cls.__specs__.values()
        if spec.unique and not open_to_all and spec.kind is not None and not spec.target
    ]
    from pycrm.declare.record import child_class

    lists = [
        spec.name
        for spec in cls.__specs__.values()
        if spec.child and hasattr(child_class(cls, spec), "claim")
    ]
    return fields, lists


def take(tx: Transaction, wanted: Iterable[Wanted]) -> None:
    """Enter the claims, all or none.

    Raises:
        ConflictError: another record holds one of the values; it is named only to who sees it.
    """
    by_digest: dict[bytes, Wanted] = {}
    for one in wanted:
        if by_digest.setdefault(one[0], one)[2] != one[2]:
            raise _conflict(one[3], {})
    rows = list(by_digest.values())
    if not rows:
        return
    if tx.dialect == "sqlite":
        text, _ = tx.store.text("claim", lambda: _insert(tx))
        entered = tx.run_many(text, [(digest, entity, record.bytes) for digest, entity, record, _ in rows])
    else:
        lists = ([UUID(bytes=one[0]) for one in rows], [one[1] for one in rows], [one[2] for one in rows])
        entered = tx.write_one(_FROM_LISTS, lists).rowcount
    if entered != len(rows):
        _refuse(tx, rows)


# One statement for any number of claims; COPY could not pass over those that are held.
_FROM_LISTS = (
    "INSERT INTO crm_claim (digest, entity, record_id) "
    "SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) ON CONFLICT DO NOTHING"
)


def _insert(tx: Transaction) -> Any:
    from sqlalchemy.dialects.sqlite import insert

    names = ("digest", "entity", "record_id")
    return (
        insert(Claim.__table__).values({name: sa.bindparam(name) for name in names}).on_conflict_do_nothing()
    )


def _refuse(tx: Transaction, rows: list[Wanted]) -> None:
    table = Claim.__table__.c
    wanted = {UUID(bytes=row[0]): row for row in rows}
    held = tx.fetch(
        sa.select(table.digest, table.entity, table.record_id).where(table.digest.in_(list(wanted)))
    )
    for digest, entity, holder in held:
        found = unkey(digest)
        assert found is not None
        record, path = wanted[found][2], wanted[found][3]
        other = unkey(holder)
        if other == record:
            continue
        assert other is not None
        visible = fetch_one(tx, tx.crm.record(entity), other)
        raise _conflict(path, {"record": str(other), "entity": entity} if visible is not None else {})


def _conflict(path: str, data: dict[str, str]) -> ConflictError:
    problem = Problem(path, "unique", "already held elsewhere")
    return ConflictError("already held elsewhere", fields=[problem], data=data)


def release(tx: Transaction, claims: Iterable[Wanted]) -> None:
    """Give up claims that the record no longer makes."""
    table = Claim.__table__.c
    digests = [UUID(bytes=one[0]) for one in claims]
    if digests:
        tx.execute(sa.delete(Claim.__table__).where(table.digest.in_(digests)))
