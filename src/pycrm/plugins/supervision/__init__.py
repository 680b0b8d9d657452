"""Supervision: everybody's day as it was recorded, what leaders say to it, and how customers pass on."""

from pycrm.plugins.supervision.appraisal import (
    Appraisal,
    AppraisalItem,
    AppraisalMeasure,
    AppraisalPlan,
    AppraisalState,
)
from pycrm.plugins.supervision.directive import Directive, DirectiveKind, DirectiveReply, DirectiveState
from pycrm.plugins.supervision.limits import Limits
from pycrm.plugins.supervision.model import (
    CheckIn,
    CustomerSite,
    Leave,
    LogState,
    VisitPlan,
    VisitState,
    WorkLog,
    Workplace,
)
from pycrm.plugins.supervision.plugin import Supervision
from pycrm.plugins.supervision.training import (
    Passing,
    TrainingPlan,
    TrainingRecord,
    TrainingResult,
    TrainingStep,
)

__all__ = [
    "Appraisal",
    "AppraisalItem",
    "AppraisalMeasure",
    "AppraisalPlan",
    "AppraisalState",
    "CheckIn",
    "CustomerSite",
    "Directive",
    "DirectiveKind",
    "DirectiveReply",
    "DirectiveState",
    "Leave",
    "Limits",
    "LogState",
    "Passing",
    "Supervision",
    "TrainingPlan",
    "TrainingRecord",
    "TrainingResult",
    "TrainingStep",
    "VisitPlan",
    "VisitState",
    "WorkLog",
    "Workplace",
]
