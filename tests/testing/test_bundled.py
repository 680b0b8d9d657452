"""The bundled plugins and the example keep the contract of plugins."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from b2b_project_sales import ProjectSales

from pycrm import Money
from pycrm.plugins.customer_value import CustomerValue
from pycrm.plugins.projects import (
    CostEntry,
    EvaluationCriterion,
    LabourRate,
    ProjectEvaluation,
    ProjectLimits,
    ProjectRole,
    Projects,
    Stakeholder,
    StakeholderDepartment,
    TeamMember,
)
from pycrm.plugins.segments import Segments
from pycrm.plugins.segments.model import (
    Experiment,
    ExperimentMember,
    FairnessFinding,
    Segment,
    SegmentMember,
    Serving,
    Treatment,
)
from pycrm.plugins.supervision import (
    Appraisal,
    AppraisalMeasure,
    AppraisalPlan,
    Directive,
    DirectiveKind,
    DirectiveReply,
    Leave,
    Supervision,
    TrainingPlan,
    TrainingRecord,
    TrainingStep,
    WorkLog,
    Workplace,
)
from pycrm.testing import PluginContract, SilverContract

# What both databases take alike is tried on both by the plugin with the most records.
SQLITE = ("sqlite",)
DAYS = map(date(2026, 7, 1).__add__, map(timedelta, count()))


class TestCustomerValue(SilverContract):
    """Customer value keeps what every plugin keeps."""

    plugin = CustomerValue
    kinds = SQLITE


class TestProjectSales(PluginContract):
    """Project sales keep what every plugin keeps."""

    plugin = ProjectSales
    kinds = SQLITE
    beside = (Projects,)


class TestSegments(SilverContract):
    """Segments keep what every plugin keeps."""

    plugin = Segments
    kinds = SQLITE
    beside = (CustomerValue,)
    values = {
        Segment: {"code": map("group_{}".format, count()).__next__, "expression": "grade = A"},
        Treatment: {"grade": "A", "since": date(2026, 7, 1), "until": date(2026, 9, 1)},
        Experiment: {
            "treated_share": 50,
            "measure": "T02",
            "since": date(2026, 7, 1),
            "until": date(2026, 9, 1),
        },
    }
    common = (Segment, Treatment)
    by_product = (SegmentMember, Serving, Experiment, ExperimentMember, FairnessFinding)


class TestSupervision(SilverContract):
    """Supervision keeps what every plugin keeps."""

    plugin = Supervision
    # A person has one of each a day.
    values = {
        Workplace: {"zone": "Europe/Berlin", "since": DAYS.__next__},
        WorkLog: {"on": DAYS.__next__},
        Directive: {"kind": DirectiveKind.COMMENT, "due_at": None},
        AppraisalPlan: {
            "measures": lambda: (AppraisalMeasure(measure="log", weight=100, target=Decimal(1)),)
        },
        TrainingPlan: {"steps": lambda: (TrainingStep(title="Pumps", due_day=1),)},
        Appraisal: {"first": DAYS.__next__, "last": date(2099, 12, 31)},
    }
    common = (AppraisalPlan, TrainingPlan)
    by_product = (Workplace, Leave, WorkLog, Directive, DirectiveReply, Appraisal, TrainingRecord)


class TestProjects(SilverContract):
    """Project files keep what every plugin keeps."""

    plugin = Projects
    values = {
        TeamMember: {
            "role": ProjectRole.SALES,
            "since": date(2026, 7, 1),
            "until": date(2026, 9, 1),
            "time_zone": "Europe/Berlin",
        },
        Stakeholder: {"department": StakeholderDepartment.DESIGNER},
        EvaluationCriterion: {"weight": 100, "score": 4, "veto_at": 0},
        ProjectEvaluation: {"criteria": [EvaluationCriterion], "decision": None},
        CostEntry: {"amount": Money("1", "CNY")},
    }
    common = (ProjectLimits, LabourRate)
