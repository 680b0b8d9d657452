"""The core as a plugin: the nouns, pipelines and rules that every CRM has."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.entities.activity import Activity, Commitment, Note, Task
from pycrm.entities.customer import Contact, Customer, OwnershipInterval
from pycrm.entities.lead import Lead, LeadContactPoint
from pycrm.entities.opportunity import Opportunity, OpportunityContact, OpportunityLine
from pycrm.entities.org import Grant, OrgUnit, Role, RoleAssignment, UnitClosure, User
from pycrm.entities.party import Address, ContactPoint, Organization, Party, Person, Region, Source
from pycrm.entities.product import Product, ProductCategory
from pycrm.errors import ConflictError, InvalidError, Problem
from pycrm.hooks import hookimpl
from pycrm.pipeline.book import PipelineVersion, StageEntry
from pycrm.pipeline.defaults import LEAD, SALES
from pycrm.plugin import Plugin
from pycrm.revision.model import ChangeRow, Claim, RevisionRow, Setting
from pycrm.scope import organisation
from pycrm.scope.children import derived_write

__all__ = ["BOOKS", "Core"]

# Tables that are no records: pycrm's own books.
BOOKS = (
    UnitClosure,
    RevisionRow,
    ChangeRow,
    Claim,
    Setting,
    OwnershipInterval,
    PipelineVersion,
    StageEntry,
)


class Core(Plugin):
    """Core

    Organisation, customers, contacts, leads, opportunities, products and activities.
    """

    name = "core"
    records = (
        *(OrgUnit, User, Role, RoleAssignment, Region, Source, Party, Customer, Contact),
        *(ProductCategory, Product, Lead, Opportunity, Activity, Commitment, Task, Note),
    )
    children = (Grant, ContactPoint, Address, LeadContactPoint, OpportunityLine, OpportunityContact)
    facets = (Person, Organization)
    pipelines = (SALES, LEAD)
    migrations = "pycrm.store.migrations"

    @hookimpl
    def before_add(self, session: Any, record: Contact) -> None:
        """One primary contact a customer (COR-7)."""
        if record.is_primary:
            _only_primary(session, record)

    @hookimpl
    def before_change(self, session: Any, record: OrgUnit | Contact, changes: Any) -> None:
        """No circle of units, no archived unit in use, one primary contact."""
        tx = session.transaction
        if isinstance(record, OrgUnit) and "parent" in changes:
            parent = changes["parent"].after
            organisation.refuse_circle(tx, record.id, parent.id if parent else None)
        if isinstance(record, OrgUnit) and "archived_at" in changes and changes["archived_at"].after:
            _refuse_used_unit(session, record)
        if isinstance(record, Contact) and "is_primary" in changes and changes["is_primary"].after:
            _only_primary(session, record)

    @hookimpl
    def record_added(self, session: Any, record: OrgUnit) -> None:
        """A new unit takes its place in the tree."""
        parent = record.parent
        organisation.place_unit(session.transaction, record.id, parent.id if parent else None)

    @hookimpl
    def record_changed(self, session: Any, record: OrgUnit | User | Party, changes: Any) -> None:
        """Keep what is derived in step: the tree, the names of customers, the unit of owners."""
        tx = session.transaction
        if isinstance(record, OrgUnit) and "parent" in changes:
            organisation.move_unit(tx, record.id, record.parent.id if record.parent else None)
        elif isinstance(record, User) and "home_unit" in changes:
            organisation.follow(tx, record.id, record.home_unit.id)
        elif isinstance(record, Party) and "name" in changes:
            _rename(tx, record)


def _only_primary(session: Any, contact: Contact) -> None:
    table = Contact.__table__.c
    statement = sa.select(table.id).where(
        table.customer_id == contact.customer.id, table.is_primary.is_(True), table.archived_at.is_(None)
    )
    others = [row for row in session.transaction.fetch(statement) if not session.is_same(row[0], contact)]
    if others:
        problem = Problem("is_primary", "rule", "the customer has a primary contact already")
        raise ConflictError("the customer has a primary contact already", fields=[problem])


def _refuse_used_unit(session: Any, unit: OrgUnit) -> None:
    tx = session.transaction
    people, below = User.__table__.c, OrgUnit.__table__.c
    held = [
        word
        for word, statement in (
            (
                "people",
                sa.select(people.id).where(people.home_unit_id == unit.id, people.archived_at.is_(None)),
            ),
            ("units", sa.select(below.id).where(below.parent_id == unit.id, below.archived_at.is_(None))),
        )
        if tx.fetch(statement.limit(1))
    ]
    if held:
        raise ConflictError(f"the unit still holds {' and '.join(held)}", data={"holds": held})


def _rename(tx: Any, party: Party) -> None:
    for cls, column in ((Customer, "party_id"), (Contact, "person_id")):
        table = cls.__table__
        rows = tx.fetch(sa.select(table.c.id).where(table.c[column] == party.id))
        for (found,) in rows:
            derived_write(tx, cls, tx.crm.unkey(found), name=party.name)


def refuse_self(user: User, session: Any) -> None:
    """Nobody ends the own account.

    Raises:
        InvalidError: the actor is the user.
    """
    if session.actor.id == user.id:
        raise InvalidError("nobody ends the own account")
