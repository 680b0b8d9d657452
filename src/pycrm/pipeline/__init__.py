"""Pipelines: processes as data, with gates that answer with what is missing.

A `Pipeline` declares stages and moves. `problems` says whether it can work, `compile_pipeline` makes
the `Chart` that tells which moves are allowed, what they still need, and takes them.
"""

from pycrm.pipeline.chart import Chart, Outcome, Visit, compile_pipeline
from pycrm.pipeline.defaults import COMMITMENT, CUSTOMER, LEAD, SALES, TASK
from pycrm.pipeline.draw import mermaid
from pycrm.pipeline.effect import TODAY, AddTask, Effect, Emit, SetField, StartAmendment
from pycrm.pipeline.facts import Facts, Guard, Requirement
from pycrm.pipeline.gate import Need, Use, Where
from pycrm.pipeline.model import RETURN, Kind, Move, Pipeline, Stage
from pycrm.pipeline.rules import check, problems, warnings
from pycrm.pipeline.way import Standing, Way

__all__ = [
    "COMMITMENT",
    "CUSTOMER",
    "LEAD",
    "RETURN",
    "SALES",
    "TASK",
    "TODAY",
    "AddTask",
    "Chart",
    "Effect",
    "Emit",
    "Facts",
    "Guard",
    "Kind",
    "Move",
    "Need",
    "Outcome",
    "Pipeline",
    "Requirement",
    "SetField",
    "Stage",
    "Standing",
    "StartAmendment",
    "Use",
    "Visit",
    "Way",
    "Where",
    "check",
    "compile_pipeline",
    "mermaid",
    "problems",
    "warnings",
]
