"""pycrm: build a vertical CRM from declarations.

The public names; each is imported when it is first used, so that importing pycrm costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

__version__ = "0.1.0"

_HOMES = {
    "app": ("CRM",),
    "declare": (
        *("Child", "Children", "Facet", "Field", "Link", "Record", "Ref"),
        *("administered", "children", "field", "ge", "le", "link", "minimum_length", "one_of"),
        *("owned", "private", "reference", "team", "through", "used_by"),
    ),
    "declare.policy": ("Budget", "ClaimPolicy", "Retain"),
    "entities": (
        *("Amendment", "AmendmentMode", "AmendmentPolicy", "AmendmentState", "ApprovalFlow", "ApprovalMode"),
        *("ApprovalState", "ApprovalStep", "ApprovalTask", "Approver", "Holiday", "OnEmpty"),
        *("Activity", "Address", "Commitment", "Contact", "ContactPoint", "Customer", "Grant", "Lead"),
        *("CustomField", "CustomKind", "GradeOverride"),
        *("LeadContactPoint", "Note", "Opportunity", "OpportunityContact", "OpportunityLine"),
        *("Handover", "HandoverCount", "HandoverLine", "HandoverPreview", "HandoverReceiver"),
        *("HandoverRule", "HandoverState", "HandoverUndo"),
        *("Erasure", "ErasurePart", "LegalHold", "RetentionPeriod"),
        *("OrgUnit", "Organization", "OwnershipInterval", "Party", "Person", "Product"),
        *("Action", "ActivityKind", "ActivityState", "CommitmentState", "ContactPointKind", "Department"),
        *("Delegation", "FieldReading", "FieldRule", "Share", "ShareMode"),
        *(
            "Direction",
            "Lifecycle",
            "LossReason",
            "MarginClass",
            "Outcome",
            "PartyKind",
            "ProductKind",
            "ProductState",
        ),
        *(
            "Reach",
            "RoleLevel",
            "SigningGrade",
            "TaskPriority",
            "TaskState",
            "TradeRole",
            "UnitKind",
            "UserState",
        ),
        *("ProductCategory", "Region", "Role", "RoleAssignment", "Source", "Target", "TargetMeasure", "Task"),
        "User",
    ),
    "errors": (
        *("AlreadyDoneError", "AmendmentRequiredError", "CRMError", "ConflictError"),
        *("DeclarationError", "ForbiddenError", "HeldError", "InvalidError", "MoveError"),
        *("NoSpaceError", "NotFoundError", "NotReadError", "Problem", "RefusedError", "StaleError"),
        *("StoreError", "TooManyError", "UnknownOutcomeError"),
    ),
    "hooks": ("Change", "StageMove"),
    "forecast": (
        *("Accuracy", "Attainment", "BackTest", "Calibration", "Category", "Chance", "Forecast"),
        *("FunnelStage", "Odds", "Outlook", "Period"),
        *("Season", "Snapshot", "StageTime", "Standing"),
    ),
    "pipeline": (
        *("RETURN", "TODAY", "AddTask", "Emit", "Move", "Need", "Pipeline", "SetField", "Stage"),
        *("StartAmendment", "Use", "Where"),
    ),
    "pipeline.edition": (
        *("Edition", "FailingRecord", "PipelineDifference", "PipelineDraft"),
        *("PipelinePreview", "PreviewLine"),
    ),
    "plugin": (
        *("Banner", "Finder", "Hint", "Job", "Menu", "Panel", "Plugin", "Screen", "Tile"),
        "hookimpl",
    ),
    "revision": ("Access", "Difference", "Duplicate", "Elevation", "Export", "FieldChange", "Revision"),
    "revision.size": ("HistorySize",),
    "revision.seal": ("Broken", "Sealed", "Verification"),
    "revision.amendment": ("AmendmentLine", "Batch", "Decided", "Planned"),
    "worktime": ("BusinessCalendar",),
    "app.jobs": ("JobDone", "JobReport"),
    "scope": ("Actor", "FieldAccess", "Reason"),
    "scope.sharing": ("Shared",),
    "scope.team": ("Member", "Membership"),
    "scope.card": ("Card",),
    "scope.paging": ("Page",),
    "scope.raw": ("Rows",),
    "session": ("Session",),
    "values": ("FixedClock", "Identifiers", "Money", "SystemClock"),
}

__all__ = sorted(["__version__", *(name for names in _HOMES.values() for name in names)])
__getattr__ = on_demand(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:
    from pycrm.app import CRM as CRM
    from pycrm.app.jobs import JobDone as JobDone
    from pycrm.app.jobs import JobReport as JobReport
    from pycrm.declare import Child as Child
    from pycrm.declare import Children as Children
    from pycrm.declare import Facet as Facet
    from pycrm.declare import Field as Field
    from pycrm.declare import Link as Link
    from pycrm.declare import Record as Record
    from pycrm.declare import Ref as Ref
    from pycrm.declare import administered as administered
    from pycrm.declare import children as children
    from pycrm.declare import field as field
    from pycrm.declare import ge as ge
    from pycrm.declare import le as le
    from pycrm.declare import link as link
    from pycrm.declare import minimum_length as minimum_length
    from pycrm.declare import one_of as one_of
    from pycrm.declare import owned as owned
    from pycrm.declare import private as private
    from pycrm.declare import reference as reference
    from pycrm.declare import team as team
    from pycrm.declare import through as through
    from pycrm.declare import used_by as used_by
    from pycrm.declare.policy import Budget as Budget
    from pycrm.declare.policy import ClaimPolicy as ClaimPolicy
    from pycrm.declare.policy import Retain as Retain
    from pycrm.entities import Action as Action
    from pycrm.entities import Activity as Activity
    from pycrm.entities import ActivityKind as ActivityKind
    from pycrm.entities import ActivityState as ActivityState
    from pycrm.entities import Address as Address
    from pycrm.entities import Amendment as Amendment
    from pycrm.entities import AmendmentMode as AmendmentMode
    from pycrm.entities import AmendmentPolicy as AmendmentPolicy
    from pycrm.entities import AmendmentState as AmendmentState
    from pycrm.entities import ApprovalFlow as ApprovalFlow
    from pycrm.entities import ApprovalMode as ApprovalMode
    from pycrm.entities import ApprovalState as ApprovalState
    from pycrm.entities import ApprovalStep as ApprovalStep
    from pycrm.entities import ApprovalTask as ApprovalTask
    from pycrm.entities import Approver as Approver
    from pycrm.entities import Commitment as Commitment
    from pycrm.entities import CommitmentState as CommitmentState
    from pycrm.entities import Contact as Contact
    from pycrm.entities import ContactPoint as ContactPoint
    from pycrm.entities import ContactPointKind as ContactPointKind
    from pycrm.entities import Customer as Customer
    from pycrm.entities import CustomField as CustomField
    from pycrm.entities import CustomKind as CustomKind
    from pycrm.entities import Delegation as Delegation
    from pycrm.entities import Department as Department
    from pycrm.entities import Direction as Direction
    from pycrm.entities import Erasure as Erasure
    from pycrm.entities import ErasurePart as ErasurePart
    from pycrm.entities import FieldReading as FieldReading
    from pycrm.entities import FieldRule as FieldRule
    from pycrm.entities import GradeOverride as GradeOverride
    from pycrm.entities import Grant as Grant
    from pycrm.entities import Handover as Handover
    from pycrm.entities import HandoverCount as HandoverCount
    from pycrm.entities import HandoverLine as HandoverLine
    from pycrm.entities import HandoverPreview as HandoverPreview
    from pycrm.entities import HandoverReceiver as HandoverReceiver
    from pycrm.entities import HandoverRule as HandoverRule
    from pycrm.entities import HandoverState as HandoverState
    from pycrm.entities import HandoverUndo as HandoverUndo
    from pycrm.entities import Holiday as Holiday
    from pycrm.entities import Lead as Lead
    from pycrm.entities import LeadContactPoint as LeadContactPoint
    from pycrm.entities import LegalHold as LegalHold
    from pycrm.entities import Lifecycle as Lifecycle
    from pycrm.entities import LossReason as LossReason
    from pycrm.entities import MarginClass as MarginClass
    from pycrm.entities import Note as Note
    from pycrm.entities import OnEmpty as OnEmpty
    from pycrm.entities import Opportunity as Opportunity
    from pycrm.entities import OpportunityContact as OpportunityContact
    from pycrm.entities import OpportunityLine as OpportunityLine
    from pycrm.entities import Organization as Organization
    from pycrm.entities import OrgUnit as OrgUnit
    from pycrm.entities import Outcome as Outcome
    from pycrm.entities import OwnershipInterval as OwnershipInterval
    from pycrm.entities import Party as Party
    from pycrm.entities import PartyKind as PartyKind
    from pycrm.entities import Person as Person
    from pycrm.entities import Product as Product
    from pycrm.entities import ProductCategory as ProductCategory
    from pycrm.entities import ProductKind as ProductKind
    from pycrm.entities import ProductState as ProductState
    from pycrm.entities import Reach as Reach
    from pycrm.entities import Region as Region
    from pycrm.entities import RetentionPeriod as RetentionPeriod
    from pycrm.entities import Role as Role
    from pycrm.entities import RoleAssignment as RoleAssignment
    from pycrm.entities import RoleLevel as RoleLevel
    from pycrm.entities import Share as Share
    from pycrm.entities import ShareMode as ShareMode
    from pycrm.entities import SigningGrade as SigningGrade
    from pycrm.entities import Source as Source
    from pycrm.entities import Target as Target
    from pycrm.entities import TargetMeasure as TargetMeasure
    from pycrm.entities import Task as Task
    from pycrm.entities import TaskPriority as TaskPriority
    from pycrm.entities import TaskState as TaskState
    from pycrm.entities import TradeRole as TradeRole
    from pycrm.entities import UnitKind as UnitKind
    from pycrm.entities import User as User
    from pycrm.entities import UserState as UserState
    from pycrm.errors import AlreadyDoneError as AlreadyDoneError
    from pycrm.errors import AmendmentRequiredError as AmendmentRequiredError
    from pycrm.errors import ConflictError as ConflictError
    from pycrm.errors import CRMError as CRMError
    from pycrm.errors import DeclarationError as DeclarationError
    from pycrm.errors import ForbiddenError as ForbiddenError
    from pycrm.errors import HeldError as HeldError
    from pycrm.errors import InvalidError as InvalidError
    from pycrm.errors import MoveError as MoveError
    from pycrm.errors import NoSpaceError as NoSpaceError
    from pycrm.errors import NotFoundError as NotFoundError
    from pycrm.errors import NotReadError as NotReadError
    from pycrm.errors import Problem as Problem
    from pycrm.errors import RefusedError as RefusedError
    from pycrm.errors import StaleError as StaleError
    from pycrm.errors import StoreError as StoreError
    from pycrm.errors import TooManyError as TooManyError
    from pycrm.errors import UnknownOutcomeError as UnknownOutcomeError
    from pycrm.forecast import Accuracy as Accuracy
    from pycrm.forecast import Attainment as Attainment
    from pycrm.forecast import BackTest as BackTest
    from pycrm.forecast import Calibration as Calibration
    from pycrm.forecast import Category as Category
    from pycrm.forecast import Chance as Chance
    from pycrm.forecast import Forecast as Forecast
    from pycrm.forecast import FunnelStage as FunnelStage
    from pycrm.forecast import Odds as Odds
    from pycrm.forecast import Outlook as Outlook
    from pycrm.forecast import Period as Period
    from pycrm.forecast import Season as Season
    from pycrm.forecast import Snapshot as Snapshot
    from pycrm.forecast import StageTime as StageTime
    from pycrm.forecast import Standing as Standing
    from pycrm.hooks import Change as Change
    from pycrm.hooks import StageMove as StageMove
    from pycrm.pipeline import RETURN as RETURN
    from pycrm.pipeline import TODAY as TODAY
    from pycrm.pipeline import AddTask as AddTask
    from pycrm.pipeline import Emit as Emit
    from pycrm.pipeline import Move as Move
    from pycrm.pipeline import Need as Need
    from pycrm.pipeline import Pipeline as Pipeline
    from pycrm.pipeline import SetField as SetField
    from pycrm.pipeline import Stage as Stage
    from pycrm.pipeline import StartAmendment as StartAmendment
    from pycrm.pipeline import Use as Use
    from pycrm.pipeline import Where as Where
    from pycrm.pipeline.edition import Edition as Edition
    from pycrm.pipeline.edition import FailingRecord as FailingRecord
    from pycrm.pipeline.edition import PipelineDifference as PipelineDifference
    from pycrm.pipeline.edition import PipelineDraft as PipelineDraft
    from pycrm.pipeline.edition import PipelinePreview as PipelinePreview
    from pycrm.pipeline.edition import PreviewLine as PreviewLine
    from pycrm.plugin import Banner as Banner
    from pycrm.plugin import Finder as Finder
    from pycrm.plugin import Hint as Hint
    from pycrm.plugin import Job as Job
    from pycrm.plugin import Menu as Menu
    from pycrm.plugin import Panel as Panel
    from pycrm.plugin import Plugin as Plugin
    from pycrm.plugin import Screen as Screen
    from pycrm.plugin import Tile as Tile
    from pycrm.plugin import hookimpl as hookimpl
    from pycrm.revision import Access as Access
    from pycrm.revision import Difference as Difference
    from pycrm.revision import Duplicate as Duplicate
    from pycrm.revision import Elevation as Elevation
    from pycrm.revision import Export as Export
    from pycrm.revision import FieldChange as FieldChange
    from pycrm.revision import Revision as Revision
    from pycrm.revision.amendment import AmendmentLine as AmendmentLine
    from pycrm.revision.amendment import Batch as Batch
    from pycrm.revision.amendment import Decided as Decided
    from pycrm.revision.amendment import Planned as Planned
    from pycrm.revision.seal import Broken as Broken
    from pycrm.revision.seal import Sealed as Sealed
    from pycrm.revision.seal import Verification as Verification
    from pycrm.revision.size import HistorySize as HistorySize
    from pycrm.scope import Actor as Actor
    from pycrm.scope import FieldAccess as FieldAccess
    from pycrm.scope import Reason as Reason
    from pycrm.scope.card import Card as Card
    from pycrm.scope.paging import Page as Page
    from pycrm.scope.raw import Rows as Rows
    from pycrm.scope.sharing import Shared as Shared
    from pycrm.scope.team import Member as Member
    from pycrm.scope.team import Membership as Membership
    from pycrm.session import Session as Session
    from pycrm.values import FixedClock as FixedClock
    from pycrm.values import Identifiers as Identifiers
    from pycrm.values import Money as Money
    from pycrm.values import SystemClock as SystemClock
    from pycrm.worktime import BusinessCalendar as BusinessCalendar
