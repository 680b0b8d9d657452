"""The nouns of every CRM: organisation, parties, customers, sales and what happens between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.entities.activity import Activity as Activity
    from pycrm.entities.activity import ActivityKind as ActivityKind
    from pycrm.entities.activity import Commitment as Commitment
    from pycrm.entities.activity import CommitmentState as CommitmentState
    from pycrm.entities.activity import Direction as Direction
    from pycrm.entities.activity import Note as Note
    from pycrm.entities.activity import Outcome as Outcome
    from pycrm.entities.activity import Task as Task
    from pycrm.entities.activity import TaskPriority as TaskPriority
    from pycrm.entities.activity import TaskState as TaskState
    from pycrm.entities.amendment import Amendment as Amendment
    from pycrm.entities.amendment import AmendmentMode as AmendmentMode
    from pycrm.entities.amendment import AmendmentPolicy as AmendmentPolicy
    from pycrm.entities.amendment import AmendmentState as AmendmentState
    from pycrm.entities.amendment import ApprovalFlow as ApprovalFlow
    from pycrm.entities.amendment import ApprovalMode as ApprovalMode
    from pycrm.entities.amendment import ApprovalState as ApprovalState
    from pycrm.entities.amendment import ApprovalStep as ApprovalStep
    from pycrm.entities.amendment import ApprovalTask as ApprovalTask
    from pycrm.entities.amendment import Approver as Approver
    from pycrm.entities.amendment import Holiday as Holiday
    from pycrm.entities.amendment import OnEmpty as OnEmpty
    from pycrm.entities.custom import CustomField as CustomField
    from pycrm.entities.custom import CustomKind as CustomKind
    from pycrm.entities.customer import ActivityState as ActivityState
    from pycrm.entities.customer import Contact as Contact
    from pycrm.entities.customer import Customer as Customer
    from pycrm.entities.customer import Department as Department
    from pycrm.entities.customer import Lifecycle as Lifecycle
    from pycrm.entities.customer import OwnershipInterval as OwnershipInterval
    from pycrm.entities.customer import SigningGrade as SigningGrade
    from pycrm.entities.customer import TradeRole as TradeRole
    from pycrm.entities.erasure import Erasure as Erasure
    from pycrm.entities.erasure import ErasurePart as ErasurePart
    from pycrm.entities.erasure import LegalHold as LegalHold
    from pycrm.entities.erasure import RetentionPeriod as RetentionPeriod
    from pycrm.entities.grade import GradeOverride as GradeOverride
    from pycrm.entities.handover import Handover as Handover
    from pycrm.entities.handover import HandoverCount as HandoverCount
    from pycrm.entities.handover import HandoverLine as HandoverLine
    from pycrm.entities.handover import HandoverPreview as HandoverPreview
    from pycrm.entities.handover import HandoverReceiver as HandoverReceiver
    from pycrm.entities.handover import HandoverRule as HandoverRule
    from pycrm.entities.handover import HandoverState as HandoverState
    from pycrm.entities.handover import HandoverUndo as HandoverUndo
    from pycrm.entities.lead import Lead as Lead
    from pycrm.entities.lead import LeadContactPoint as LeadContactPoint
    from pycrm.entities.opportunity import LossReason as LossReason
    from pycrm.entities.opportunity import Opportunity as Opportunity
    from pycrm.entities.opportunity import OpportunityContact as OpportunityContact
    from pycrm.entities.opportunity import OpportunityLine as OpportunityLine
    from pycrm.entities.org import Action as Action
    from pycrm.entities.org import FieldReading as FieldReading
    from pycrm.entities.org import FieldRule as FieldRule
    from pycrm.entities.org import Grant as Grant
    from pycrm.entities.org import OrgUnit as OrgUnit
    from pycrm.entities.org import Reach as Reach
    from pycrm.entities.org import Role as Role
    from pycrm.entities.org import RoleAssignment as RoleAssignment
    from pycrm.entities.org import RoleLevel as RoleLevel
    from pycrm.entities.org import UnitClosure as UnitClosure
    from pycrm.entities.org import UnitKind as UnitKind
    from pycrm.entities.org import User as User
    from pycrm.entities.org import UserState as UserState
    from pycrm.entities.party import Address as Address
    from pycrm.entities.party import ContactPoint as ContactPoint
    from pycrm.entities.party import ContactPointKind as ContactPointKind
    from pycrm.entities.party import Organization as Organization
    from pycrm.entities.party import Party as Party
    from pycrm.entities.party import PartyKind as PartyKind
    from pycrm.entities.party import Person as Person
    from pycrm.entities.party import Region as Region
    from pycrm.entities.party import Source as Source
    from pycrm.entities.product import MarginClass as MarginClass
    from pycrm.entities.product import Product as Product
    from pycrm.entities.product import ProductCategory as ProductCategory
    from pycrm.entities.product import ProductKind as ProductKind
    from pycrm.entities.product import ProductState as ProductState
    from pycrm.entities.sharing import Delegation as Delegation
    from pycrm.entities.sharing import Share as Share
    from pycrm.entities.sharing import ShareMode as ShareMode
    from pycrm.entities.target import Target as Target
    from pycrm.entities.target import TargetMeasure as TargetMeasure
    from pycrm.entities.view import SavedView as SavedView

_HOMES = {
    "activity": (
        *("Activity", "ActivityKind", "Commitment", "CommitmentState", "Direction", "Note", "Outcome"),
        *("Task", "TaskPriority", "TaskState"),
    ),
    "amendment": (
        *("Amendment", "AmendmentMode", "AmendmentPolicy", "AmendmentState", "ApprovalFlow"),
        *("ApprovalMode", "ApprovalState", "ApprovalStep", "ApprovalTask", "Approver", "Holiday"),
        *("OnEmpty",),
    ),
    "custom": ("CustomField", "CustomKind"),
    "customer": (
        *("ActivityState", "Contact", "Customer", "Department", "Lifecycle", "OwnershipInterval"),
        *("SigningGrade", "TradeRole"),
    ),
    "erasure": ("Erasure", "ErasurePart", "LegalHold", "RetentionPeriod"),
    "grade": ("GradeOverride",),
    "handover": (
        *("Handover", "HandoverCount", "HandoverLine", "HandoverPreview", "HandoverReceiver"),
        *("HandoverRule", "HandoverState", "HandoverUndo"),
    ),
    "lead": ("Lead", "LeadContactPoint"),
    "opportunity": ("LossReason", "Opportunity", "OpportunityContact", "OpportunityLine"),
    "org": (
        *("Action", "FieldReading", "FieldRule", "Grant", "OrgUnit", "Reach", "Role", "RoleAssignment"),
        *("RoleLevel", "UnitClosure", "UnitKind", "User", "UserState"),
    ),
    "party": (
        *("Address", "ContactPoint", "ContactPointKind", "Organization", "Party", "PartyKind"),
        *("Person", "Region", "Source"),
    ),
    "product": ("MarginClass", "Product", "ProductCategory", "ProductKind", "ProductState"),
    "sharing": ("Delegation", "Share", "ShareMode"),
    "target": ("Target", "TargetMeasure"),
    "view": ("SavedView",),
}

__all__ = [
    "Action",
    "Activity",
    "ActivityKind",
    "ActivityState",
    "Address",
    "Amendment",
    "AmendmentMode",
    "AmendmentPolicy",
    "AmendmentState",
    "ApprovalFlow",
    "ApprovalMode",
    "ApprovalState",
    "ApprovalStep",
    "ApprovalTask",
    "Approver",
    "Commitment",
    "CommitmentState",
    "Contact",
    "ContactPoint",
    "ContactPointKind",
    "CustomField",
    "CustomKind",
    "Customer",
    "Delegation",
    "Department",
    "Direction",
    "Erasure",
    "ErasurePart",
    "FieldReading",
    "FieldRule",
    "GradeOverride",
    "Grant",
    "Handover",
    "HandoverCount",
    "HandoverLine",
    "HandoverPreview",
    "HandoverReceiver",
    "HandoverRule",
    "HandoverState",
    "HandoverUndo",
    "Holiday",
    "Lead",
    "LeadContactPoint",
    "LegalHold",
    "Lifecycle",
    "LossReason",
    "MarginClass",
    "Note",
    "OnEmpty",
    "Opportunity",
    "OpportunityContact",
    "OpportunityLine",
    "OrgUnit",
    "Organization",
    "Outcome",
    "OwnershipInterval",
    "Party",
    "PartyKind",
    "Person",
    "Product",
    "ProductCategory",
    "ProductKind",
    "ProductState",
    "Reach",
    "Region",
    "RetentionPeriod",
    "Role",
    "RoleAssignment",
    "RoleLevel",
    "SavedView",
    "Share",
    "ShareMode",
    "SigningGrade",
    "Source",
    "Target",
    "TargetMeasure",
    "Task",
    "TaskPriority",
    "TaskState",
    "TradeRole",
    "UnitClosure",
    "UnitKind",
    "User",
    "UserState",
]

__getattr__ = on_demand(__name__, _HOMES)
