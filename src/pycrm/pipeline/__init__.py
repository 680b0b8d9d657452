"""Pipelines: processes as data, with gates that answer with what is missing.

A `Pipeline` declares stages and moves. `problems` says whether it can work, `compile_pipeline` makes
the `Chart` that tells which moves are allowed, what they still need, and takes them.
"""

from pycrm.pipeline.chart import Chart, Facts, Guard, Outcome, Requirement, compile_pipeline
from pycrm.pipeline.defaults import LEAD, SALES
from pycrm.pipeline.draw import mermaid
from pycrm.pipeline.model import Kind, Move, Pipeline, Stage
from pycrm.pipeline.rules import check, problems, warnings

__all__ = [
    "LEAD",
    "SALES",
    "Chart",
    "Facts",
    "Guard",
    "Kind",
    "Move",
    "Outcome",
    "Pipeline",
    "Requirement",
    "Stage",
    "check",
    "compile_pipeline",
    "mermaid",
    "problems",
    "warnings",
]
