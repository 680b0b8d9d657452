"""Project files (项目档案): few, large, long sales with many people involved.

`session.add(ProjectFile(…))` opens one, and whoever opens it leads its team, to which people of any unit belong. What
is asked of a project is a function over what is known of it::

    seen = picture(session, project)
    health(seen).light, support(seen).index, completeness(seen)
"""

from pycrm.plugins.projects.backing import StanceChange, Support, Visit, stances, support, visits
from pycrm.plugins.projects.cost import (
    CostBudget,
    CostEntry,
    CostKind,
    LabourRate,
    RevenueKind,
    RevenueLine,
)
from pycrm.plugins.projects.desk import Desk, Picture, picture
from pycrm.plugins.projects.evaluation import (
    Block,
    EvaluationCondition,
    EvaluationCriterion,
    GoDecision,
    ProjectEvaluation,
    SurveyForm,
    SurveyItem,
    decide,
    total,
)
from pycrm.plugins.projects.finance import (
    Contribution,
    CostLine,
    Expectation,
    costs,
    expectation,
    figures,
    used,
)
from pycrm.plugins.projects.headquarters import Likeness, Line, overview, similar
from pycrm.plugins.projects.knowledge import BlockState, blocks, completeness, objections
from pycrm.plugins.projects.lights import Cause, Health, Light, health
from pycrm.plugins.projects.limits import ProjectLimits
from pycrm.plugins.projects.plugin import Projects
from pycrm.plugins.projects.project import (
    CompetitorEntry,
    Funding,
    LimitedDocument,
    Milestone,
    Position,
    ProjectDocument,
    ProjectFile,
    ProjectRole,
    TeamMember,
    TenderKind,
)
from pycrm.plugins.projects.pursuit import (
    Bid,
    BidDocument,
    BidRank,
    ProgressReport,
    StrategyMove,
    StrategyPlan,
)
from pycrm.plugins.projects.reminders import remind
from pycrm.plugins.projects.stakeholder import Stakeholder, StakeholderDepartment, StakeholderRole
from pycrm.plugins.projects.team import leave
from pycrm.plugins.projects.weekly import draft, facts

__all__ = [
    "Bid",
    "BidDocument",
    "BidRank",
    "Block",
    "BlockState",
    "Cause",
    "CompetitorEntry",
    "Contribution",
    "CostBudget",
    "CostEntry",
    "CostKind",
    "CostLine",
    "Desk",
    "EvaluationCondition",
    "EvaluationCriterion",
    "Expectation",
    "Funding",
    "GoDecision",
    "Health",
    "LabourRate",
    "Light",
    "Likeness",
    "LimitedDocument",
    "Line",
    "Milestone",
    "Picture",
    "Position",
    "ProgressReport",
    "ProjectDocument",
    "ProjectEvaluation",
    "ProjectFile",
    "ProjectLimits",
    "ProjectRole",
    "Projects",
    "RevenueKind",
    "RevenueLine",
    "Stakeholder",
    "StakeholderDepartment",
    "StakeholderRole",
    "StanceChange",
    "StrategyMove",
    "StrategyPlan",
    "Support",
    "SurveyForm",
    "SurveyItem",
    "TeamMember",
    "TenderKind",
    "Visit",
    "blocks",
    "completeness",
    "costs",
    "decide",
    "draft",
    "expectation",
    "facts",
    "figures",
    "health",
    "leave",
    "objections",
    "overview",
    "picture",
    "remind",
    "similar",
    "stances",
    "support",
    "total",
    "used",
    "visits",
]
