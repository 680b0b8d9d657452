"""Pipelines: processes as data, with gates that answer with what is missing.

A `Pipeline` declares stages and moves. `problems` says whether it can work, `compile_pipeline` makes
the `Chart` that tells which moves are allowed, what they still need, and takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

if TYPE_CHECKING:
    from pycrm.pipeline import choosing as choosing
    from pycrm.pipeline import entering as entering
    from pycrm.pipeline import execute as execute
    from pycrm.pipeline import judging as judging
    from pycrm.pipeline import proposing as proposing
    from pycrm.pipeline import publishing as publishing
    from pycrm.pipeline import standing as standing
    from pycrm.pipeline import tally as tally
    from pycrm.pipeline.chart import Chart as Chart
    from pycrm.pipeline.chart import Outcome as Outcome
    from pycrm.pipeline.chart import Visit as Visit
    from pycrm.pipeline.chart import compile_pipeline as compile_pipeline
    from pycrm.pipeline.defaults import COMMITMENT as COMMITMENT
    from pycrm.pipeline.defaults import CUSTOMER as CUSTOMER
    from pycrm.pipeline.defaults import LEAD as LEAD
    from pycrm.pipeline.defaults import SALES as SALES
    from pycrm.pipeline.defaults import TASK as TASK
    from pycrm.pipeline.draw import mermaid as mermaid
    from pycrm.pipeline.effect import TODAY as TODAY
    from pycrm.pipeline.effect import AddTask as AddTask
    from pycrm.pipeline.effect import Effect as Effect
    from pycrm.pipeline.effect import Emit as Emit
    from pycrm.pipeline.effect import SetField as SetField
    from pycrm.pipeline.effect import StartAmendment as StartAmendment
    from pycrm.pipeline.facts import Facts as Facts
    from pycrm.pipeline.facts import Guard as Guard
    from pycrm.pipeline.facts import Requirement as Requirement
    from pycrm.pipeline.gate import Need as Need
    from pycrm.pipeline.gate import Use as Use
    from pycrm.pipeline.gate import Where as Where
    from pycrm.pipeline.model import RETURN as RETURN
    from pycrm.pipeline.model import Kind as Kind
    from pycrm.pipeline.model import Move as Move
    from pycrm.pipeline.model import Pipeline as Pipeline
    from pycrm.pipeline.model import Stage as Stage
    from pycrm.pipeline.rules import check as check
    from pycrm.pipeline.rules import problems as problems
    from pycrm.pipeline.rules import warnings as warnings
    from pycrm.pipeline.way import Standing as Standing
    from pycrm.pipeline.way import Way as Way

_HOMES = {
    "choosing": (),
    "tally": (),
    "standing": (),
    "judging": (),
    "proposing": (),
    "entering": (),
    "execute": (),
    "chart": ("Chart", "Outcome", "Visit", "compile_pipeline"),
    "defaults": ("COMMITMENT", "CUSTOMER", "LEAD", "SALES", "TASK"),
    "draw": ("mermaid",),
    "effect": ("TODAY", "AddTask", "Effect", "Emit", "SetField", "StartAmendment"),
    "facts": ("Facts", "Guard", "Requirement"),
    "gate": ("Need", "Use", "Where"),
    "model": ("RETURN", "Kind", "Move", "Pipeline", "Stage"),
    "publishing": (),
    "rules": ("check", "problems", "warnings"),
    "way": ("Standing", "Way"),
}

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

__getattr__ = on_demand(__name__, _HOMES)
