"""Reading amendments: their lines as the reader may see them, what waits for whom, what is ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm.declare.codec import from_json
from pycrm.declare.raw import RawKey, masked
from pycrm.declare.record import child_class
from pycrm.entities.amendment import Amendment, AmendmentState, ApprovalState, ApprovalTask
from pycrm.entities.org import FieldReading
from pycrm.revision.amendment.apply import read_lines
from pycrm.revision.amendment.judge import approvers_of
from pycrm.revision.amendment.model import (
    AmendmentEffect,
    AmendmentLine,
    AmendmentLineRow,
    Batch,
    Planned,
)
from pycrm.revision.history import history
from pycrm.revision.model import ChangeRow, Revision, RevisionRow
from pycrm.revision.redaction import redacted
from pycrm.scope.actor import key, unkey
from pycrm.scope.children import with_children
from pycrm.scope.comparison import padded
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import Query, fetch_one, query
from pycrm.scope.sight import reading
from pycrm.store.pieces import pieces

if TYPE_CHECKING:
    from pycrm.declare import Ref
    from pycrm.entities.org import User
    from pycrm.store import Transaction

__all__ = ["ahead", "attributed", "batch", "inbox", "lines", "overrides", "waiting"]

_WAITING = (AmendmentState.SUBMITTED.value, AmendmentState.CONFLICTED.value)


def lines(tx: Transaction, amendments: Sequence[Amendment]) -> list[AmendmentLine]:
    """The lines of amendments that the reader may see; see `Session.lines`."""
    found = read_lines(tx, amendments)
    return [line for one in amendments for line in _shown(tx, found[one.id].lines)]


def _shown(tx: Transaction, found: Iterable[AmendmentLine]) -> Iterator[AmendmentLine]:
    """Lines without the values of hidden fields, as the history has it (REV-12)."""
    for line in found:
        cls = tx.crm.record(line.entity)
        how = reading(tx, cls, line.path)
        if how is FieldReading.HIDDEN:
            continue
        values = (line.base, line.new, line.current)
        if how is FieldReading.MASKED:
            values = _masked(values)
        name, _, rest = line.path.partition("/")
        if rest:
            inner = field_rights(tx, child_class(cls, cls.__specs__[name]))
            values = tuple(_row(one, inner) for one in values)
        yield attrs.evolve(line, base=values[0], new=values[1], current=values[2])


def _masked(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(masked(one).text if isinstance(one, str) else one for one in values)


def _row(value: Any, rights: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: masked(one).text if name in rights.masked and isinstance(one, str) else one
        for name, one in value.items()
        if name not in rights.hidden
    }


def inbox(tx: Transaction) -> list[Amendment | Batch]:
    """The amendments that wait for the actor, those of an import together; see `Session.inbox`."""
    batches: dict[UUID, list[Amendment]] = {}
    found: list[Amendment | list[Amendment]] = []
    for one in _waiting(tx):
        if one.batch is None:
            found.append(one)
        elif one.batch in batches:
            batches[one.batch].append(one)
        else:
            batches[one.batch] = [one]
            found.append(batches[one.batch])
    return [_batch(one) if isinstance(one, list) else one for one in found]


def waiting(tx: Transaction) -> int:
    """How many decisions wait for the actor, without reading them; see `Session.waiting`."""
    people = _people(tx)
    asked = query(tx, Amendment)
    if asked.nothing or not people:
        return 0

    def statement() -> Any:
        named = [sa.bindparam(f"asked_{at}", type_=RawKey()) for at in range(len(people))]
        table = _waiting_for(asked, named).table.c
        return asked.select(table.id, table.batch_id, table.submitted_by_id)

    given = {f"asked_{at}": key(tx, id) for at, id in enumerate(people)}
    told = asked.run(("waiting", asked.scope.shape, len(people)), statement, given)
    me = tx.actor.id
    return len({(batch or id) for id, batch, by in told if by is None or unkey(by) != me})


def _batch(some: Sequence[Amendment]) -> Batch:
    id = some[0].batch
    assert id is not None
    return Batch(id, tuple(some))


def batch(tx: Transaction, id: UUID) -> Batch | None:
    """What the actor sees of a batch, None where that is nothing; see `Session.batch`."""
    asked = query(tx, Amendment, [Amendment.batch == id])
    table = Amendment.__table__.c
    found = asked.ordered_records([table.submitted_at, table.id], None)
    return _batch(with_children(tx, found)) if found else None


def _waiting(tx: Transaction) -> list[Amendment]:
    people = _people(tx)
    if not people:
        return []
    asked = _waiting_for(query(tx, Amendment), [sa.literal(one, RawKey()) for one in people])
    found = asked.ordered_records([asked.table.c.submitted_at, asked.table.c.id], None)
    return with_children(tx, [one for one in found if one.submitted_by != tx.actor.ref])


def _people(tx: Transaction) -> list[UUID]:
    """For whom the actor decides."""
    return [id for id in approvers_of(tx) if id is not None]


def _waiting_for(asked: Query, people: Sequence[Any]) -> Query:
    """The amendments on which some of these people are asked, those of one's own too."""
    task, table = ApprovalTask.__table__.c, asked.table.c
    mine = sa.select(task.parent_id).where(
        task.approver_id.in_(people), task.state == ApprovalState.PENDING.value
    )
    asked.is_plain = False
    asked.where += [table.id.in_(mine), sa.or_(*(table.state == one for one in _WAITING))]
    return asked


def ahead(tx: Transaction, kin: Iterable[tuple[str, UUID]]) -> list[Planned]:
    """What will change of these records by itself; see `Session.ahead`."""
    line, table = AmendmentLineRow.__table__.c, Amendment.__table__.c
    pairs = sa.or_(*(sa.and_(line.entity == entity, line.record_id == id) for entity, id in kin))
    which = sa.select(line.amendment_id).where(pairs)
    asked = query(tx, Amendment)
    asked.is_plain = False
    asked.where += [table.id.in_(which), table.state == AmendmentState.SCHEDULED.value]
    found: list[Planned] = []
    known = set(kin)
    for one in asked.ordered_records([table.effective_on, table.id], None):
        for each in lines(tx, [one]):
            if (each.entity, each.record) in known:
                found.append(Planned(each.path, _value(tx, each), one.effective_on, one.ref))
    return found


def _value(tx: Transaction, line: AmendmentLine) -> Any:
    spec = tx.crm.record(line.entity).__specs__.get(line.path)
    is_masked = spec is not None and line.path in field_rights(tx, tx.crm.record(line.entity)).masked
    return line.new if spec is None or is_masked else from_json(spec, line.new)


def attributed(tx: Transaction, revisions: list[Revision]) -> list[Revision]:
    """The revisions, those that an amendment made with it and with those who agreed."""
    acts = ("amend", "override", "move")
    some = [one for one in revisions if one.act in acts or one.act == "add"]
    if not some:
        return revisions
    made: dict[Any, Any] = {}
    for piece in pieces({one.record for one in some}):
        given = padded(piece)
        values = {f"of_{at}": key(tx, id) for at, id in enumerate(given)}
        rows = tx.kept(("amendments of", len(given)), partial(_effects, len(given)), values)
        made |= {(unkey(id), entity, version): unkey(by) for id, entity, version, by in rows}
    if not made:
        return revisions
    agreed = _agreed(tx, set(made.values()))
    return [_attributed(one, made, agreed) for one in revisions]


def _effects(number: int) -> Any:
    effect = AmendmentEffect.__table__.c
    records = [sa.bindparam(f"of_{at}", type_=effect.record_id.type) for at in range(number)]
    found = sa.select(effect.record_id, effect.entity, effect.version, effect.amendment_id)
    return found.where(effect.record_id.in_(records))


def _attributed(one: Revision, made: dict[Any, Any], agreed: dict[Any, tuple[Ref[User], ...]]) -> Revision:
    from pycrm.declare import Ref

    by = made.get((one.record, one.entity, one.version))
    if by is None:
        return one
    return attrs.evolve(one, amendment=Ref("Amendment", by), approvers=agreed.get(by, ()))


def _agreed(tx: Transaction, amendments: set[Any]) -> dict[Any, tuple[Ref[User], ...]]:
    from pycrm.declare import Ref

    task, table = ApprovalTask.__table__.c, Amendment.__table__.c
    rows = tx.fetch(
        sa.select(task.parent_id, task.approver_id)
        .select_from(ApprovalTask.__table__.join(Amendment.__table__, table.id == task.parent_id))
        .where(
            task.parent_id.in_(amendments),
            task.state == ApprovalState.APPROVED.value,
            task.round == table.round,
        )
        .order_by(task.position)
    )
    found: dict[Any, tuple[Ref[User], ...]] = {}
    for parent, user in rows:
        id = unkey(user)
        if id is not None:
            found[unkey(parent)] = (*found.get(unkey(parent), ()), Ref("User", id))
    return found


def overrides(tx: Transaction, since: datetime, until: datetime) -> list[Revision]:
    """What top management did past the flows; see `Session.overrides`."""
    change, revision = ChangeRow.__table__.c, RevisionRow.__table__.c
    rows = tx.fetch(
        sa.select(change.entity, change.record_id)
        .distinct()
        .select_from(ChangeRow.__table__.join(RevisionRow.__table__, change.revision_id == revision.id))
        .where(change.act == "override", revision.at >= since, revision.at < until)
    )
    seen: list[tuple[str, UUID]] = []
    for entity, raw in rows:
        id = unkey(raw)
        if id is not None and fetch_one(tx, tx.crm.record(entity), id) is not None:
            seen.append((entity, id))
    if not seen:
        return []
    found = history(tx, seen)
    kept = [one for one in found if one.act == "override" and since <= one.at < until]
    return attributed(tx, redacted(tx, kept))
