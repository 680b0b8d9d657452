"""Fields added at run time: a facet for each class of records, made anew from what administrators entered.

The facet is a class like any other, with a column for each field, so that reading, rights, history,
amendments, imports and exports treat it as they treat what a plugin declares. Its table grows in the
transaction that enters the field. See `docs/adr/0017-fields-added-at-run-time.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from pycrm.declare import Facet, Field, field
from pycrm.declare.policy import Owned, Reference, Through, UsedBy
from pycrm.declare.row import layout
from pycrm.declare.table import NAMING, create_tables
from pycrm.declare.validator import one_of, some_of
from pycrm.entities.custom import CustomField, CustomKind
from pycrm.errors import ConflictError, DeclarationError, ForbiddenError, InvalidError, Problem
from pycrm.plugin import CUSTOM, Plugin
from pycrm.plugin.model import Loaded
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.app.declared import Declared
    from pycrm.session import Session
    from pycrm.store import Transaction

__all__ = ["custom_facet", "enter", "learn", "refuse_other_shape", "refuse_unfit", "table_of"]

_MOST_FIELDS = 500
_MOST_SORTED = 20
_LOCK_WAIT = "10s"
_WRITTEN = "custom fields written"
_LEARNT = "custom fields learnt"
_TYPES: Mapping[CustomKind, Any] = {
    CustomKind.TEXT: str,
    CustomKind.WHOLE: int,
    CustomKind.DECIMAL: Decimal,
    CustomKind.MONEY: Money,
    CustomKind.DATE: date,
    CustomKind.INSTANT: datetime,
    CustomKind.FLAG: bool,
    CustomKind.CHOICE: str,
    CustomKind.CHOICES: tuple[str, ...],
}


def table_of(entity: Any) -> str:
    """The table of the fields that administrators added to a class."""
    return f"{CUSTOM}_{entity.__tablename__}"


def facet_of(entity: Any, fields: Iterable[CustomField]) -> Any:
    """The facet that holds these fields of a class."""
    body: dict[str, Any] = {
        "__doc__": f"What administrators keep of each {entity.__name__} besides.",
        "__annotations__": {},
    }
    body["__module__"] = __name__
    generic: Any = Field
    for one in fields:
        options: tuple[Any, ...] = ()
        if one.kind in (CustomKind.CHOICE, CustomKind.CHOICES):
            options = ((one_of if one.kind is CustomKind.CHOICE else some_of)(*one.options),)
        body["__annotations__"][one.name] = generic[_TYPES[one.kind] | None]
        body[one.name] = field(
            one.label,
            zh=one.label_zh or one.label,
            default=None,
            key=one.is_key,
            personal=one.is_personal,
            restricted=one.is_restricted,
            special=one.is_special,
            order=one.is_sorted,
            validator=options,
        )
    make: Any = type(Facet)
    return make(f"{entity.__name__}Fields", (Facet,), body, table=table_of(entity), of=entity)


# --- what a CRM knows of them ---------------------------------------------------------------------------


def custom_facet(tx: Transaction, cls: Any) -> Any:
    """The facet of the fields that administrators added to a class; see `Session.custom`."""
    if tx.memo.get(_WRITTEN):
        raise InvalidError("a field is there when the session that adds it has ended")
    if _LEARNT not in tx.memo:
        learn(tx.crm, tx)
        tx.memo[_LEARNT] = True
    found = next((one for one in tx.crm.facets_of(cls) if one.__tablename__ == table_of(cls)), None)
    if found is None:
        name = getattr(cls, "__name__", str(cls))
        raise InvalidError(f"no fields were added to {name}", fields=[Problem(name, "unknown", "no fields")])
    return found


def learn(crm: Declared, tx: Transaction) -> None:
    """Take over what fields there are, where that has changed since it was last looked at."""
    text, _ = tx.store.common("custom fields", _state)
    state = tuple(tx.run(text).fetchall()[0])
    if state == crm.custom_state:
        return
    made, table = layout(CustomField), CustomField.__table__.c
    asked = sa.select(*(table[name] for name in made.names)).where(table.archived_at.is_(None))
    by_entity: dict[str, list[CustomField]] = {}
    for one in made.build(tx.fetch(asked.order_by(table.id))):
        by_entity.setdefault(one.entity, []).append(one)
    facets = []
    for name, fields in by_entity.items():
        entity = crm.record(name, None)
        if entity is not None:  # its plugin is away, and so are its fields
            facets.append(_made_once(crm, entity, fields))
    crm.take_custom(state, _loaded(facets) if facets else None)


def _state() -> Any:
    """What tells whether there are others than before."""
    return sa.select(sa.func.count(), sa.func.sum(CustomField.__table__.c.version))


def _made_once(crm: Declared, entity: Any, fields: list[CustomField]) -> Any:
    """The same class for the same fields: conditions over it stay good."""
    memo = (entity, tuple(one.shape for one in fields))
    if memo not in crm.custom_facets:
        crm.custom_facets[memo] = facet_of(entity, fields)
    return crm.custom_facets[memo]


def _loaded(facets: list[Any]) -> Loaded:
    doc = "Fields added at run time\n\nWhat administrators keep of records besides."
    entries = {"__doc__": doc, "name": CUSTOM, "facets": tuple(facets)}
    return Loaded(type("Custom", (Plugin,), entries)(), "0")


# --- entering one ----------------------------------------------------------------------------------------


def refuse_unfit(session: Session, record: CustomField) -> None:
    """Refuse a field that there cannot be.

    Raises:
        InvalidError: of no class that takes fields, or of a name that is taken by what is declared.
        ConflictError: there is one of that name, though archived, or there are too many.
    """
    cls = session.crm.record(record.entity, None)
    if cls is None or not isinstance(cls.__scope__, Owned | Through | UsedBy | Reference):
        problem = Problem("entity", "unknown", f"no fields are added to {record.entity}")
        raise InvalidError(problem.message, fields=[problem])
    if record.name in cls.__specs__ or record.name in Facet.__every_spec__:
        problem = Problem("name", "rule", f"{record.entity} has a field {record.name} of its own")
        raise InvalidError(problem.message, fields=[problem])
    try:
        facet_of(cls, [record])
    except DeclarationError as error:
        raise InvalidError(str(error), fields=[Problem("name", "rule", str(error))]) from None
    there = session.crm.record(f"{record.entity}Fields", None)
    if there is not None and there.__tablename__ != table_of(cls):
        raise ConflictError(f"a plugin has a class {record.entity}Fields")
    others = session.find(CustomField, CustomField.entity == record.entity, archived=True)
    if any(one.name == record.name for one in others):
        problem = Problem("name", "duplicate", "there is a field of that name, perhaps archived: restore it")
        raise ConflictError(problem.message, fields=[problem])
    if len(others) >= _MOST_FIELDS:
        raise ConflictError(f"{record.entity} has {_MOST_FIELDS} such fields already")
    if record.is_sorted and sum(one.is_sorted for one in others) >= _MOST_SORTED:
        raise ConflictError(f"lists of {record.entity} are sorted by {_MOST_SORTED} such fields already")


def refuse_other_shape(record: CustomField, after: Mapping[str, Any]) -> None:
    """Refuse to make another field of one that may hold values.

    Raises:
        ForbiddenError: its class, name, kind or what it is protected by would change.
    """
    fixed = ("entity", "name", "kind", "is_key", "is_personal", "is_restricted", "is_special", "is_sorted")
    wrong = [Problem(name, "forbidden", "does not change any more") for name in fixed if name in after]
    if wrong:
        raise ForbiddenError(
            f"{wrong[0].path} of a field does not change any more: add another", fields=wrong
        )


def enter(tx: Transaction, record: CustomField) -> None:
    """Let the table of a class grow by a field that was entered, in this transaction."""
    tx.memo[_WRITTEN] = True
    cls = tx.crm.record(record.entity)
    wanted = _declared(tx, cls, facet_of(cls, [record]))
    dialect = tx.store.engine.dialect
    inspector = sa.inspect(tx.connection)
    if tx.dialect == "postgresql":
        # A reader of long lists is not waited for, and nobody waits behind this one.
        tx.run(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
    if not inspector.has_table(wanted.name):
        tx.write_one(str(CreateTable(wanted).compile(dialect=dialect)), ())
        known: set[Any] = set()
    else:
        there = {one["name"] for one in inspector.get_columns(wanted.name)}
        known = {one["name"] for one in inspector.get_indexes(wanted.name)}
        for column in wanted.columns:
            if column.name not in there:
                said = CreateColumn(column).compile(dialect=dialect)
                tx.write_one(f"ALTER TABLE {tx.store.quoted(wanted.name)} ADD COLUMN {said}", ())
    for index in sorted(wanted.indexes, key=lambda one: str(one.name)):
        if index.name not in known:
            tx.write_one(str(CreateIndex(index).compile(dialect=dialect)), ())


def _declared(tx: Transaction, entity: Any, facet: Any) -> sa.Table:
    """The table with its keys and indexes, in the company of the one that it refers to."""
    metadata = sa.MetaData(naming_convention=NAMING)
    tables = {entity.__name__: entity.__tablename__}
    identity = sa.Uuid() if tx.dialect == "postgresql" else sa.LargeBinary(16)
    sa.Table(entity.__tablename__, metadata, sa.Column("id", identity, primary_key=True))
    create_tables(metadata, [facet], tx.dialect, tables)
    return metadata.tables[facet.__tablename__]
