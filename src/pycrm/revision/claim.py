"""Unique values without leaks: a claim table of keyed hashes instead of unique indexes.

A unique index would tell a writer that somebody hidden holds the value. What a claim tells is a
policy of the field (`ClaimPolicy`); the record that holds the value is named to who sees it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa

from pycrm.declare import Ref
from pycrm.declare.policy import Administered, ClaimPolicy, Reference
from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.declare.table import key_column
from pycrm.entities.org import Action
from pycrm.errors import ConflictError, ForbiddenError, Problem
from pycrm.revision import apart
from pycrm.revision.model import Claim, Duplicate, DuplicateRow, ProbeRow, QuietClaim
from pycrm.revision.sql import insert_rows, insert_text
from pycrm.scope.actor import may_function, unkey
from pycrm.scope.gateway import Query, bounded, fetch_one
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "Wanted",
    "claims_of",
    "digest",
    "duplicates",
    "may_claim",
    "refuse_held",
    "release",
    "suspect_all",
    "take",
]


class Wanted(NamedTuple):
    """A value that a record claims: its digest, whose it is, where it stands, and what is told of it."""

    digest: bytes
    entity: str
    record: UUID
    path: str
    policy: ClaimPolicy = ClaimPolicy.ASK

    @property
    def is_quiet(self) -> bool:
        """Whether a second holder out of sight is no obstacle."""
        return self.policy in (ClaimPolicy.SILENT, ClaimPolicy.ARBITER)


def folded(value: str) -> str:
    """The form in which texts are compared: NFKC, without regard to case and white space."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def digest(tx: Transaction, name: str, value: str) -> bytes:
    """The keyed hash by which a value of a field or list of that name is claimed."""
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
            label = f"{cls.__name__}.{spec.name}"
            policy = tx.crm.claim_policy(label, spec.claim)
            found.append(Wanted(digest(tx, label, text), cls.__name__, record.id, spec.name, policy))
    for name in lists:
        for index, child in enumerate(getattr(record, name)):
            text = child.claim()
            if text is not None:
                label = type(child).__name__
                policy = tx.crm.claim_policy(label, ClaimPolicy.ASK)
                found.append(
                    Wanted(digest(tx, label, text), cls.__name__, record.id, f"{name}/{index}/value", policy)
                )
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
        if by_digest.setdefault(one.digest, one).record != one.record:
            raise _conflict(one.path, {})
    rows = [one for one in by_digest.values() if not one.is_quiet]
    if len(rows) != len(by_digest):
        _take_quietly(tx, [one for one in by_digest.values() if one.is_quiet])
    if not rows:
        return
    if tx.dialect == "sqlite":
        text, _ = tx.store.common("claim", lambda: _insert(tx))
        entered = tx.run_many(text, [(one.digest, one.entity, one.record.bytes) for one in rows])
    else:
        lists = (
            [UUID(bytes=one.digest) for one in rows],
            [one.entity for one in rows],
            [one.record for one in rows],
        )
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


def _take_quietly(tx: Transaction, rows: list[Wanted]) -> None:
    """Enter claims that a hidden holder does not stand against; the arbiters are told of it."""
    table = QuietClaim.__table__.c
    wanted = {UUID(bytes=one.digest): one for one in rows}
    held = tx.fetch(
        sa.select(table.value, table.entity, table.record_id).where(table.value.in_(list(wanted)))
    )
    others = [(wanted[_key(value)], entity, _key(holder)) for value, entity, holder in held]
    others = [one for one in others if one[2] != one[0].record]
    readable = _readable(tx, rows, others)
    suspects: list[DuplicateRow] = []
    for one, entity, other in others:
        if other in readable:
            raise _conflict(one.path, {"record": str(other), "entity": entity})
        if one.policy is ClaimPolicy.ARBITER:
            suspects.append(_suspect(tx, one, entity, other))
    made = [QuietClaim(value=value, entity=one.entity, record=one.record) for value, one in wanted.items()]
    for cls, entered in ((QuietClaim, made), (DuplicateRow, suspects)):
        insert_rows(tx, cls, [layout(cls).dump[tx.dialect](row) for row in entered])


_FEW = 4


def _readable(tx: Transaction, rows: list[Wanted], others: list[tuple[Wanted, str, UUID]]) -> set[UUID]:
    """Which of the other holders the actor sees.

    As much is read where nobody holds a value as where somebody hidden does: for each value one id is
    looked up, that of its holder or one that nobody has, so that the time does not tell.
    """
    asked: dict[str, list[UUID]] = {}
    for _, entity, other in others:
        asked.setdefault(entity, []).append(other)
    held = {one.digest for one, _, _ in others}
    for one in rows:
        if one.digest not in held:
            asked.setdefault(one.entity, []).append(uuid4())
    found: set[UUID] = set()
    for entity, ids in asked.items():
        cls = tx.crm.record(entity)
        if len(ids) <= _FEW:
            found.update(id for id in ids if fetch_one(tx, cls, id) is not None)
            continue
        column = cls.__table__.c[key_column(cls)]
        for some in pieces(ids):
            query = Query(tx, cls, [column.in_(some)], archived=True)
            found.update(_key(id) for (id,) in tx.fetch(query.select(column)))
    return found


def _suspect(tx: Transaction, one: Wanted, entity: str, other: UUID) -> DuplicateRow:
    return DuplicateRow(
        id=tx.crm.identifiers.new(),
        at=tx.moment,
        by=tx.actor.ref,
        entity=one.entity,
        record=one.record,
        other_entity=entity,
        other=other,
        path=one.path,
    )


def _key(value: Any) -> UUID:
    found = unkey(value)
    assert found is not None
    return found


def _refuse(tx: Transaction, rows: list[Wanted]) -> None:
    table = Claim.__table__.c
    wanted = {UUID(bytes=one.digest): one for one in rows}
    held = tx.fetch(
        sa.select(table.digest, table.entity, table.record_id).where(table.digest.in_(list(wanted)))
    )
    for value, entity, holder in held:
        one, other = wanted[_key(value)], _key(holder)
        if other == one.record:
            continue
        if fetch_one(tx, tx.crm.record(entity), other) is not None:
            raise _conflict(one.path, {"record": str(other), "entity": entity})
        refuse_held(tx, one.policy, entity, other, one.path)


def refuse_held(tx: Transaction, policy: ClaimPolicy, entity: str, holder: UUID, path: str) -> None:
    """Refuse what a record out of sight holds already, as far as the policy tells of it.

    Raises:
        ConflictError: under *ask* and *disclose*; the latter names the record.
        ForbiddenError: the person has had too many such answers within the hour.
    """
    if policy is ClaimPolicy.DISCLOSE:
        raise _conflict(path, {"record": str(holder), "entity": entity})
    if policy is ClaimPolicy.ASK:
        _count_probe(tx)
        raise _conflict(path, {})


def suspect_all(
    tx: Transaction, policy: ClaimPolicy, entity: str, pairs: Iterable[tuple[UUID, UUID]], path: str
) -> None:
    """Put pairs of records, a new one and one out of sight, before the arbiters if the policy has any."""
    if policy is ClaimPolicy.ARBITER:
        wanted = ((Wanted(b"", entity, one, path, policy), other) for one, other in pairs)
        rows = [_suspect(tx, one, entity, other) for one, other in wanted]
        insert_rows(tx, DuplicateRow, [layout(DuplicateRow).dump[tx.dialect](row) for row in rows])


_HOUR = timedelta(hours=1)


def _count_probe(tx: Transaction) -> None:
    """Count an answer about a hidden record: nobody spells out the customers of others by thousands.

    Raises:
        ForbiddenError: the person has had too many of them within the hour.
    """
    actor = tx.actor
    if actor.id is None:
        return
    table = ProbeRow.__table__.c
    statement = sa.select(sa.func.count()).where(table.by_id == actor.id, table.at > tx.moment - _HOUR)
    if tx.fetch(statement)[0][0] >= tx.crm.probes_per_hour:
        raise ForbiddenError("too many values that are held elsewhere; go on in an hour")
    row = ProbeRow(id=tx.crm.identifiers.new(), at=tx.moment, by=actor.ref)
    text = insert_text(tx, ProbeRow)
    apart.keep(tx, lambda own: own.run(text, layout(ProbeRow).dump[own.dialect](row)))


def _conflict(path: str, data: dict[str, str]) -> ConflictError:
    problem = Problem(path, "unique", "already held elsewhere")
    return ConflictError("already held elsewhere", fields=[problem], data=data)


def release(tx: Transaction, claims: Iterable[Wanted]) -> None:
    """Give up claims that the record no longer makes."""
    loud: list[UUID] = []
    for one in claims:
        if one.is_quiet:
            table = QuietClaim.__table__.c
            mine = sa.and_(table.value == UUID(bytes=one.digest), table.record_id == one.record)
            tx.execute(sa.delete(QuietClaim.__table__).where(mine))
        else:
            loud.append(UUID(bytes=one.digest))
    if loud:
        tx.execute(sa.delete(Claim.__table__).where(Claim.__table__.c.digest.in_(loud)))


def duplicates(tx: Transaction, limit: int | None) -> list[Duplicate]:
    """Pairs of records that hold the same value, newest first; see `Session.duplicates`."""
    if not may_function(tx.actor, "duplicates", Action.READ):
        raise ForbiddenError("deciding on duplicates is not granted")
    made, table = layout(DuplicateRow), DuplicateRow.__table__.c
    statement = sa.select(*(table[name] for name in made.names)).order_by(table.at.desc(), table.id.desc())
    rows = made.build(tx.fetch(statement.limit(bounded(limit))))
    return [
        Duplicate(row.at, row.by, Ref(row.entity, row.record), Ref(row.other_entity, row.other), row.path)
        for row in rows
    ]
