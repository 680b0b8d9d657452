"""Adding records: stamped, owned, checked, written in one go with their children and claims."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from pycrm.declare import Record
from pycrm.declare.field import Spec
from pycrm.declare.generate import json_text
from pycrm.declare.policy import OWN_PAIR, PARENT_PAIR, Owned, Private, Through, UsedBy
from pycrm.declare.raw import micros
from pycrm.declare.record import _descriptor, child_class
from pycrm.declare.reference import per_class
from pycrm.declare.row import layout
from pycrm.declare.search import searched
from pycrm.entities.customer import OwnershipInterval
from pycrm.entities.org import Action
from pycrm.errors import ForbiddenError, InvalidError, NotFoundError, Problem
from pycrm.revision import claim
from pycrm.revision.latest import raise_latest
from pycrm.revision.log import jsonable, note_new
from pycrm.revision.owner import id_of, owner_of
from pycrm.revision.place import Place, check_links, learn_places, place_of
from pycrm.revision.sql import insert_rows
from pycrm.revision.telling import tell_all
from pycrm.scope.actor import bounds, key
from pycrm.scope.fields import limits, refuse_written, whole
from pycrm.scope.gateway import fetch_one
from pycrm.scope.predicate import require_record
from pycrm.scope.text import enter

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["add_all"]


@attrs.define
class _Batch:
    """Rows of one call, written together, table by table."""

    rows: dict[Any, list[tuple[Any, ...]]] = attrs.field(factory=dict)
    claims: list[claim.Wanted] = attrs.field(factory=list)
    texts: dict[Any, list[Any]] = attrs.field(factory=dict)

    def put(self, tx: Transaction, record: Any) -> None:
        cls = type(record)
        self.rows.setdefault(cls, []).append(layout(cls).dump[tx.dialect](record))

    def write(self, tx: Transaction) -> None:
        claim.take(tx, self.claims)
        for cls in sorted(self.rows, key=tx.crm.rank):
            insert_rows(tx, cls, self.rows[cls])
        for cls, records in self.texts.items():
            enter(tx, cls, records)


def add_all(
    tx: Transaction, records: Sequence[Any], owners: Sequence[Any], pipeline: str | None = None
) -> list[Any]:
    """Add records and return them as they are now; see `Session.add`."""
    batch = _Batch()
    identifiers = iter(tx.crm.identifiers.several(len(records)))
    learn_places(tx, {id_of(owner) for owner in owners if owner is not None})
    intakes: dict[type, _Intake] = {}
    made = []
    for record, owner, identity in zip(records, owners, identifiers, strict=True):
        cls = type(record)
        intake = intakes.get(cls)
        if intake is None:
            intake = intakes[cls] = _Intake(tx, cls, batch, pipeline)
        made.append(intake.take(record, owner, identity))
    batch.write(tx)
    for cls in intakes:
        raise_latest(tx, cls, [one for one in made if type(one) is cls])
    return tell_all(tx, "record_added", made)


class _Intake:
    """Takes new records of one class into a batch; what holds for all of them is settled once."""

    def __init__(self, tx: Transaction, cls: Any, batch: _Batch, pipeline: str | None) -> None:
        # Whatever is asked of the class and not of one record is asked here, rights before all else.
        _permitted(tx, cls)
        self._is_limited = limits(tx, cls).locked
        self._tx, self._cls, self._batch = tx, cls, batch
        self._layout = layout(cls)
        self._shape = _shape(cls)
        # The fields that nobody types; those of its own are set anew for each record.
        self._values = _blank(cls) | _stamps(tx) | tx.crm.entry_values(tx, cls, None, pipeline)
        # Which of several it is depends on the record.
        self._has_pipelines = pipeline is None and len(tx.crm.pipelines.keys_of(tx, cls)) > 1
        self._is_asked: bool = tx.crm.hooks.has("before_add", cls)
        self._reason = tx.memo.get("reason")

    def take(self, record: Any, owner: Any, identity: UUID) -> Any:
        """The record as it will be, checked, with all its rows in the batch."""
        tx = self._tx
        if self._is_limited:
            refuse_written(tx, record)
        check_links(tx, record)
        if self._shape.is_facet:
            _host_writable(tx, record)
            if not tx.memo.get("amending"):
                self._refuse_late_keys(record)
            place = _NOWHERE
        else:
            place = _owned(tx, record, owner)
            self._values["id"] = identity
            self._values.update(place.values)
        made = self._layout.fresh(record, self._values)
        self._complete(made)
        if self._has_pipelines:
            for name, value in tx.crm.entry_values(tx, self._cls, made).items():
                _descriptor(self._cls, name).write(made, value)
        if self._is_asked:
            tx.crm.hooks.before("before_add", session=tx.session, record=made)
        tx.memo["new", self._cls.__name__, made.id] = (made, place)
        tx.memo["new"] = True
        self._write(made, place)
        return made

    def _refuse_late_keys(self, facet: Any) -> None:
        # What is amended is changed by what is added here.
        from pycrm.revision.amendment.policy import refuse_late_keys

        refuse_late_keys(self._tx, facet)

    def _complete(self, made: Any) -> None:
        # It is not handed out yet, so its slots may still be filled.
        shape = self._shape
        if shape.begins or shape.derives:
            with whole(self._tx):
                self._compute(made)
        if shape.checks:
            checked(made, self._tx)

    def _compute(self, made: Any) -> None:
        session, shape = self._tx.session, self._shape
        if shape.begins:
            for name, value in made.begin(session).items():
                _descriptor(self._cls, name).write(made, value)
        if shape.derives:
            for name, value in made.derive(session).items():
                _descriptor(self._cls, name).write(made, value)

    def _write(self, made: Any, place: Place) -> None:
        tx, batch = self._tx, self._batch
        batch.put(tx, made)
        if self._shape.texts:
            batch.texts.setdefault(self._cls, []).append(made)
        if self._shape.claims:
            batch.claims += claim.claims_of(tx, made)
        parts: list[str] = []
        self._layout.journal(made, "", parts)
        if self._shape.lists:
            put_children(tx, batch, made, parts)
        identity = self._layout.key(made, tx.dialect)
        if place.keys is not None:
            parts.append(place.journal)
            self._own(identity, place.keys)
        if self._cls.__pipeline__ is not None:
            parts.append(f'"stage":[null,{json_text(made.stage)}]')
            if made.stage_config is not None:
                inner = ",".join(map(json_text, made.stage_config))
                parts.append(f'"stage_config":[null,[{inner}]]')
            for entry in tx.crm.stage_entries(tx, made):
                batch.put(tx, entry)
        note_new(tx, self._cls, identity, parts)

    def _own(self, identity: Any, keys: tuple[Any, Any]) -> None:
        # In the order of the columns of `OwnershipInterval`, as the driver takes them.
        since, by = self._values["created_at"], self._values["created_by"]
        row = (self._cls.__name__, identity, *keys, since, None, by, self._reason or "added")
        self._batch.rows.setdefault(OwnershipInterval, []).append(row)


@attrs.frozen
class _Shape:
    """What a class declares that adding one of its records has to do."""

    is_facet: bool
    begins: bool
    derives: bool
    checks: bool
    claims: bool
    lists: bool
    texts: bool


@per_class
def _shape(cls: Any) -> _Shape:
    lists = lists_of(cls)
    checking = [cls, *(child_class(cls, spec) for spec in lists)]
    return _Shape(
        is_facet=cls.__facet_of__ is not None,
        begins=cls.begin is not Record.begin,
        derives=cls.derive is not Record.derive,
        checks=any(one.check is not Record.check for one in checking),
        claims=claim.may_claim(cls),
        lists=bool(lists),
        texts=bool(searched(cls)),
    )


_NOWHERE = Place()


def _host_writable(tx: Transaction, facet: Any) -> None:
    """Whoever extends a record changes it: reading it is not enough."""
    host = tx.crm.record(type(facet).__facet_of__)
    if ("new", host.__name__, facet.id) not in tx.memo and not fetch_one(tx, host, facet.id, Action.UPDATE):
        raise ForbiddenError(f"changing this {host.__name__.lower()} is not granted")


@per_class
def _blank(cls: Any) -> dict[str, Any]:
    """Every field that nobody types, empty."""
    return {name: None for name, spec in cls.__specs__.items() if not spec.init and spec.kind is not None}


def _stamps(tx: Transaction) -> dict[str, Any]:
    """Version, time and author of everything that this transaction adds, as the driver takes them."""
    found: dict[str, Any] | None = tx.memo.get("stamps")
    if found is None:
        moment: Any = micros(tx.moment) if tx.dialect == "sqlite" else tx.moment
        by = key(tx, tx.actor.id)
        found = {"version": 1, "created_at": moment, "created_by": by, "updated_at": moment, "updated_by": by}
        tx.memo["stamps"] = found
    return found


def author(tx: Transaction) -> dict[str, Any]:
    """Time and author of everything that this transaction changes, as the driver takes them."""
    found: dict[str, Any] | None = tx.memo.get("author")
    if found is None:
        stamps = _stamps(tx)
        found = tx.memo["author"] = {name: stamps[name] for name in ("updated_at", "updated_by")}
    return found


def checked(record: Any, tx: Transaction, names: Container[str] | None = None) -> None:
    """Run the record's own rules and those of its children, or of the named lists of them.

    Raises:
        InvalidError: with the path of the child where it is one.
    """
    cls = type(record)
    problems: list[Problem] = []
    for spec in lists_of(cls):
        if names is not None and spec.name not in names:
            continue
        for index, child in enumerate(getattr(record, spec.name)):
            try:
                child.check(tx.moment)
            except ValueError as error:
                problems.append(Problem(f"{spec.name}/{index}", "rule", str(error)))
    if problems:
        raise InvalidError(problems[0].message, fields=problems)
    try:
        record.check(tx.moment)
    except ValueError as error:
        raise InvalidError(str(error), fields=[Problem("", "rule", str(error))]) from None


def _permitted(tx: Transaction, cls: Any) -> None:
    if ("may add", cls) in tx.memo:
        return
    require_record(tx, cls)
    users = [cls]
    if cls.__facet_of__ is not None:
        users = [tx.crm.record(cls.__facet_of__)]
    if isinstance(users[0].__scope__, UsedBy):
        users = [tx.crm.record(path.split(".")[0]) for path in users[0].__scope__.links]
    if all(bounds(tx.actor, user, Action.CREATE).nothing for user in users):
        raise ForbiddenError(f"adding a {cls.__name__.lower()} is not granted")
    tx.memo["may add", cls] = True


def _owned(tx: Transaction, record: Any, owner: Any) -> Place:
    cls = type(record)
    policy = cls.__scope__
    if not policy.pairs:
        return _NOWHERE
    values: dict[str, Any] = {}
    whose = ("place", cls, None if owner is None else id_of(owner))
    if isinstance(policy, Owned) and whose in tx.memo:
        return tx.memo[whose]  # type: ignore[no-any-return]
    if OWN_PAIR in policy.pairs:
        named = owner
        if named is None and tx.crm.hooks.has("choose_owner"):
            named = tx.crm.hooks.choose("choose_owner", session=tx.session, record=record)
        if isinstance(policy, Private) and named is not None:
            raise InvalidError("a private record belongs to its writer")
        values |= dict(zip(OWN_PAIR, owner_of(tx, cls, named), strict=True))
    if isinstance(policy, Through):
        values |= dict(zip(PARENT_PAIR, parent_place(tx, record, policy), strict=True))
    place = Place.of(tx, values)
    if isinstance(policy, Owned) and not tx.crm.hooks.has("choose_owner"):
        tx.memo[whose] = place
    return place


def parent_place(tx: Transaction, record: Any, policy: Through) -> tuple[Any, Any]:
    """Owner and unit at the root of the records that this one is seen through."""
    for name in policy.links:
        link = getattr(record, name)
        if link is not None:
            place = place_of(tx, link)
            if place is None:
                raise NotFoundError(f"no such {name}")
            return place
    return None, None


def put_children(tx: Transaction, batch: _Batch, record: Any, parts: list[str]) -> None:
    """Give the children of a new record their ids, put them into the batch and note them."""
    cls, parent = type(record), record.id
    for spec in lists_of(cls):
        given = getattr(record, spec.name)
        if not given:
            continue
        rows = [placed(tx, cls, spec, child, parent, at) for at, child in enumerate(given)]
        for row in rows:
            batch.put(tx, row)
            layout(type(row)).journal(row, f"{spec.name}/{row.id}/", parts)
        _descriptor(cls, spec.name).write(record, tuple(rows))


@per_class
def lists_of(cls: Any) -> tuple[Spec, ...]:
    """The lists of child rows that a class declares."""
    return tuple(spec for spec in cls.__specs__.values() if spec.child is not None)


def placed(tx: Transaction, cls: Any, spec: Any, child: Any, parent: UUID, position: int) -> Any:
    """A child with its id, its parent and its place in the list.

    Raises:
        InvalidError: it is no row of the class that the field holds.
    """
    wanted = child_class(cls, spec)
    if type(child) is not wanted:
        wrong = Problem(f"{spec.name}/{position}", "type", f"expected a {wanted.__name__}")
        raise InvalidError(wrong.message, fields=[wrong])
    check_links(tx, child)
    if child.is_new:
        place = {"id": tx.crm.identifiers.new(), "parent": parent, "position": position}
        return layout(wanted).fresh(child, _blank(wanted) | place)
    return layout(wanted).copy(child, {"parent": parent, "position": position})


def child_changes(name: str, old: Any, new: Any, guessed: Container[str] = ()) -> dict[str, Any]:
    """The differences of one child row, field by field, under ``lines/<id>/qty``.

    What was `guessed` (see `unseen`) stands there with equal values too.
    """
    some = new if new is not None else old
    changes: dict[str, Any] = {}
    for spec in layout(type(some)).specs:
        if spec.derived and spec.name != "position":
            continue
        pair = [None if row is None else jsonable(spec, getattr(row, spec.name)) for row in (old, new)]
        path = f"{name}/{some.id}/{spec.name}"
        if pair[0] != pair[1] or path in guessed:
            changes[path] = pair
    return changes


def written(tx: Transaction, rows: Iterable[Any]) -> None:
    """Write rows of pycrm's own books at once."""
    batch = _Batch()
    for row in rows:
        batch.put(tx, row)
    batch.write(tx)


def raw(tx: Transaction, value: UUID) -> Any:
    """An id as the driver takes it."""
    return key(tx, value)
