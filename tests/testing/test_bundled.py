"""The bundled plugins and the example keep the contract of plugins."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
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
from pycrm.testing import GoldContract, PluginContract
from pycrm.testing.databases import SERVER
from pycrm.testing.trial import Trial

# What an example takes is tried on both by the plugins that it stands on.
SQLITE = ("sqlite",)
DAYS = map(date(2026, 7, 1).__add__, map(timedelta, count()))


class Gold(GoldContract):
    """A model for others, wherever there is a server to try it on."""

    def test_is_tried_on_both_databases(self, trial: Trial) -> None:
        """Whoever runs PostgreSQL has what was tried on it."""
        if not SERVER:
            pytest.skip("PYCRM_TEST_POSTGRESQL names no server")
        super().test_is_tried_on_both_databases(trial)


class TestCustomerValue(Gold):
    """Customer value does what others may take as a model."""

    plugin = CustomerValue


class TestProjectSales(PluginContract):
    """Project sales keep what every plugin keeps."""

    plugin = ProjectSales
    kinds = SQLITE
    beside = (Projects,)


class TestSegments(Gold):
    """Segments do what others may take as a model."""

    plugin = Segments
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
    by_system = (SegmentMember, Serving, Experiment, ExperimentMember, FairnessFinding)


class TestSupervision(Gold):
    """Supervision does what others may take as a model."""

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
    by_system = (Workplace, Leave, WorkLog, Directive, DirectiveReply, Appraisal, TrainingRecord)


class TestProjects(Gold):
    """Project files do what others may take as a model."""

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
