"""The core as a plugin: the nouns, pipelines and rules that every CRM has."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm import credential, scoring
from pycrm.app import ageing, custom, retention, rules
from pycrm.app.amendments import refuse_unknown_policy, refuse_unknown_steps, refuse_used_flow
from pycrm.app.roles import refuse_nobody_left, refuse_own_rights, refuse_unknown_rules
from pycrm.credential.model import AttemptRow, PasswordRow, ResetRow, SignInRow, TokenRow
from pycrm.declare.row import layout
from pycrm.entities.activity import Activity, Commitment, Note, Task
from pycrm.entities.amendment import (
    Amendment,
    AmendmentPolicy,
    ApprovalFlow,
    ApprovalStep,
    ApprovalTask,
    Holiday,
)
from pycrm.entities.custom import CustomField
from pycrm.entities.customer import ActivityState, Contact, Customer, OwnershipInterval
from pycrm.entities.erasure import Erasure, ErasurePart, LegalHold, RetentionPeriod
from pycrm.entities.grade import GradeOverride
from pycrm.entities.handover import Handover, HandoverCount, HandoverReceiver
from pycrm.entities.lead import Lead, LeadContactPoint
from pycrm.entities.opportunity import LossReason, Opportunity, OpportunityContact, OpportunityLine
from pycrm.entities.org import FieldRule, Grant, OrgUnit, Role, RoleAssignment, UnitClosure, User, UserState
from pycrm.entities.party import Address, ContactPoint, Organization, Party, Person, Region, Source
from pycrm.entities.product import Product, ProductCategory
from pycrm.entities.sharing import Delegation, Share
from pycrm.entities.target import Target
from pycrm.entities.view import SavedView
from pycrm.exchange.book import ExternalId, ImportPart, ImportRow, ImportRun
from pycrm.forecast.book import ForecastLine, ForecastSnapshot, ForecastTotal, StallNotice
from pycrm.hooks import StageMove, hookimpl
from pycrm.pipeline.book import PipelineVersion, StageEntry
from pycrm.pipeline.defaults import COMMITMENT, CUSTOMER, LEAD, SALES, TASK
from pycrm.plugin import Plugin
from pycrm.revision.amendment.model import AmendmentEffect, AmendmentLineRow, OpenPath
from pycrm.revision.errand import ErrandRow
from pycrm.revision.model import (
    AccessRow,
    ChangeRow,
    Claim,
    DuplicateRow,
    ElevationRow,
    ExportRow,
    ProbeRow,
    QuietClaim,
    RevisionRow,
    Setting,
)
from pycrm.revision.seal.model import SealRow, TombstoneRow, UnsealedRow
from pycrm.scope import organisation
from pycrm.scope.children import derived_write
from pycrm.scope.sharing import refuse_delegation, refuse_share
from pycrm.scoring.book import (
    CustomerScore,
    GradeChange,
    ScoreModelVersion,
    ScoreNow,
    ScoreRun,
    ScoreStep,
    ScoreTotal,
)
from pycrm.work.model import WorkRow

__all__ = ["BOOKS", "Core"]

# Tables that are no records: pycrm's own books.
BOOKS = (
    UnitClosure,
    RevisionRow,
    ChangeRow,
    AccessRow,
    Claim,
    QuietClaim,
    DuplicateRow,
    ProbeRow,
    ExportRow,
    ElevationRow,
    UnsealedRow,
    SealRow,
    TombstoneRow,
    Setting,
    OwnershipInterval,
    PipelineVersion,
    StageEntry,
    ForecastSnapshot,
    ForecastLine,
    ForecastTotal,
    StallNotice,
    ExternalId,
    ImportRun,
    ImportRow,
    ImportPart,
    AmendmentLineRow,
    OpenPath,
    AmendmentEffect,
    ScoreModelVersion,
    ScoreRun,
    ScoreStep,
    ScoreTotal,
    CustomerScore,
    ScoreNow,
    GradeChange,
    PasswordRow,
    ResetRow,
    SignInRow,
    TokenRow,
    AttemptRow,
    ErrandRow,
    WorkRow,
)


class Core(Plugin):
    """Core

    Organisation, customers, contacts, leads, opportunities, products and activities.
    """

    name = "core"
    records = (
        *(OrgUnit, User, Role, RoleAssignment, Region, Source, Party, Customer, Contact),
        *(ProductCategory, Product, Lead, LossReason, Opportunity, Activity, Commitment, Task, Note),
        *(Share, Delegation, Handover, LegalHold, RetentionPeriod, Erasure, Target, SavedView),
        *(ApprovalFlow, AmendmentPolicy, Amendment, Holiday, CustomField),
    )
    children = (
        *(Grant, FieldRule, ContactPoint, Address, LeadContactPoint, OpportunityLine, OpportunityContact),
        *(HandoverReceiver, HandoverCount, ErasurePart, ApprovalStep, ApprovalTask),
    )
    facets = (Person, Organization, GradeOverride)
    pipelines = (SALES, LEAD, TASK, COMMITMENT, CUSTOMER)
    migrations = "pycrm.store.migrations"
    jobs = (retention.JOB,)

    @hookimpl
    def before_add(
        self,
        session: Any,
        record: Contact
        | GradeOverride
        | Opportunity
        | Role
        | RoleAssignment
        | Share
        | Delegation
        | ApprovalFlow
        | AmendmentPolicy
        | CustomField
        | RetentionPeriod,
    ) -> None:
        """What a new one of these may not do; see `pycrm.app.rules`."""
        if isinstance(record, Role):
            refuse_unknown_rules(session.crm, record.grants, record.rules)
        elif isinstance(record, RoleAssignment):
            refuse_own_rights(session, record)
        elif isinstance(record, Share):
            refuse_share(session.transaction, record)
        elif isinstance(record, Delegation):
            refuse_delegation(session.transaction, record)
        elif isinstance(record, ApprovalFlow):
            refuse_unknown_steps(session, record.steps)
        elif isinstance(record, AmendmentPolicy):
            refuse_unknown_policy(session, record)
        elif isinstance(record, CustomField):
            custom.refuse_unfit(session, record)
        elif isinstance(record, RetentionPeriod):
            retention.refuse_unknown(session, record.entity)
        elif isinstance(record, GradeOverride):
            given = {"grade": record.grade, "until": record.until}
            scoring.grade.refuse_unfounded_grade(session.transaction, record, given)
        elif isinstance(record, Opportunity):
            dates = {"expected_close": record.expected_close, "closed_on": record.closed_on}
            rules.refuse_early_close(session, record, dates)
            rules.refuse_unfounded_estimate(session, record, record.manual_probability)
        elif record.is_primary:
            rules.refuse_second_primary(session, record)

    @hookimpl
    def before_change(
        self,
        session: Any,
        record: OrgUnit
        | User
        | Role
        | RoleAssignment
        | Party
        | Contact
        | GradeOverride
        | Product
        | Opportunity
        | Activity
        | Handover
        | Share
        | Delegation
        | ApprovalFlow
        | AmendmentPolicy
        | Amendment
        | CustomField
        | RetentionPeriod,
        changes: Any,
    ) -> None:
        """What a change of one of these may not do to others; see `pycrm.app.rules`."""
        after = {name: change.after for name, change in changes.items()}
        is_put_away = after.get("archived_at") is not None
        if isinstance(record, OrgUnit):
            if "parent" in after:
                parent = after["parent"]
                organisation.refuse_circle(session.transaction, record.id, parent.id if parent else None)
            if is_put_away:
                rules.refuse_used_unit(session, record)
        elif isinstance(record, User):
            if is_put_away or after.get("state") is UserState.LEFT:
                rules.refuse_leaving_with_work(session, record)
            if is_put_away or after.get("state", UserState.ACTIVE) is not UserState.ACTIVE:
                refuse_nobody_left(session, user=record.id)
        elif isinstance(record, RoleAssignment):
            if not is_put_away:
                refuse_own_rights(session, record)
            refuse_nobody_left(session, assignment=record.id)
        elif isinstance(record, Share | Delegation):
            rules.refuse_other_terms(after)
        elif isinstance(record, Role):
            before = (one for name in ("grants", "rules") if name in changes for one in changes[name].before)
            held = frozenset(one.entity for one in before)
            refuse_unknown_rules(session.crm, after.get("grants", ()), after.get("rules", ()), held)
            refuse_own_rights(session, record)
            if is_put_away:
                refuse_nobody_left(session, role=record.id)
        elif isinstance(record, Party):
            if "contact_points" in after:
                rules.refuse_unreachable(session, record, after["contact_points"])
        elif isinstance(record, Contact):
            if after.get("is_primary"):
                rules.refuse_second_primary(session, record)
        elif isinstance(record, Product):
            if is_put_away:
                rules.refuse_used_product(session, record)
        elif isinstance(record, Opportunity):
            rules.refuse_early_close(session, record, after)
            if "stage" not in after:
                rules.refuse_unfounded_estimate(session, record, after.get("manual_probability"))
            if "lines" in after:
                rules.refuse_retired_product(session, changes["lines"].before, after["lines"])
        elif isinstance(record, Handover):
            rules.refuse_rewriting(record)
        elif isinstance(record, CustomField):
            custom.refuse_other_shape(record, after)
        elif isinstance(record, RetentionPeriod):
            retention.refuse_unknown(session, after.get("entity", record.entity))
        elif isinstance(record, Amendment):
            rules.refuse_own_hand(record)
        elif isinstance(record, GradeOverride):
            scoring.grade.refuse_unfounded_grade(session.transaction, record, after)
        elif isinstance(record, ApprovalFlow):
            refuse_unknown_steps(session, after.get("steps", ()))
            if is_put_away or "name" in after:
                refuse_used_flow(session, record)
        elif isinstance(record, AmendmentPolicy):
            if not is_put_away:
                refuse_unknown_policy(session, layout(AmendmentPolicy).copy(record, after))
        elif "archived_at" not in after:
            rules.refuse_late_correction(session, record)

    @hookimpl
    def before_move(self, session: Any, record: Customer, move: StageMove) -> None:
        """A customer is closed when nothing is open any more."""
        if move.target == ActivityState.CLOSED:
            rules.refuse_closing_with_work(session, record)

    @hookimpl
    def record_added(self, session: Any, record: OrgUnit | Activity | CustomField) -> None:
        """A new unit takes its place in the tree, a new field in its table; a contact tells of its customer."""
        if isinstance(record, CustomField):
            custom.enter(session.transaction, record)
            return
        if isinstance(record, Activity):
            ageing.follow(session, record)
            return
        parent = record.parent
        organisation.place_unit(session.transaction, record.id, parent.id if parent else None)

    @hookimpl
    def record_changed(self, session: Any, record: OrgUnit | User | Party, changes: Any) -> None:
        """Keep what is derived in step: the tree, the names of customers, the unit of owners.

        Whoever may not sign in any more is out at once, and does not come back by what is left.
        """
        tx = session.transaction
        if isinstance(record, User) and (record.archived_at or record.state is not UserState.ACTIVE):
            credential.end_sessions(tx, record.id)
        if isinstance(record, OrgUnit) and "parent" in changes:
            organisation.move_unit(tx, record.id, record.parent.id if record.parent else None)
        elif isinstance(record, User) and "home_unit" in changes:
            organisation.follow(tx, record.id, record.home_unit.id)
        elif isinstance(record, Party) and "name" in changes:
            _rename(tx, Party, record.id, record.name)


def _rename(tx: Any, cls: Any, id: Any, name: str) -> None:
    """Repeat a new name wherever it is mirrored, and where that is mirrored in turn."""
    for host in tx.crm.classes():
        link = getattr(host, "mirrors", {}).get("name")
        if link is None or host.__specs__[link].target != cls.__name__:
            continue
        table = host.__table__
        rows = tx.fetch(sa.select(table.c.id).where(table.c[host.__specs__[link].columns[0]] == id))
        for found in [tx.crm.unkey(raw) for (raw,) in rows]:
            derived_write(tx, host, found, name=name)
            _rename(tx, host, found, name)
