"""Inputs with one fault each are refused at the place that is said beforehand."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pycrm import CRM, Delegation, Field, Record, field, ge, owned
from pycrm.declare.validator import AtLeast
from pycrm.plugins.customer_value import CustomerValue
from pycrm.plugins.projects import ProjectEvaluation, Projects
from pycrm.plugins.segments import Segments
from pycrm.plugins.segments.model import Experiment
from pycrm.plugins.supervision import AppraisalMeasure, AppraisalPlan, Supervision
from pycrm.testing import Fault, invalid, records

from .test_strategy import Parcel

SOME = settings(
    max_examples=40,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# What rules that nobody can read ask for.
SAID: dict[Any, dict[str, Any]] = {
    Delegation: {"actions": ("read",)},
    Experiment: {"treated_share": 50},
    AppraisalPlan: {"measures": (AppraisalMeasure(measure="log", weight=100, target=Decimal(1)),)},
}


def missed(cls: Any) -> tuple[Counter[str], list[Fault]]:
    """How often each fault was tried, and those that were not named at their place alone."""
    tried, found = Counter[str](), []

    @SOME
    @given(invalid(cls))
    def refuse(fault: Fault) -> None:
        tried[fault.name] += 1
        if fault.refused() != [fault.path]:
            found.append(fault)

    refuse()
    return tried, found


@pytest.mark.parametrize("cls", [Parcel, ProjectEvaluation])
def test_each_fault_is_named_at_its_place(cls: Any) -> None:
    """Whoever sends something wrong in one place, of a field or of a row, is told of that place alone."""
    tried, found = missed(cls)
    assert found == []
    assert len(tried) >= 5


def test_a_rule_that_is_not_kept_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a lower bound forgotten, what lies below it would be taken, and said to be."""

    class Crate(Record, table="post_crate", scope=owned()):
        """A crate that holds something."""

        pieces: Field[int] = field("Pieces", validator=ge(1))

    assert missed(Crate)[1] == []
    monkeypatch.setattr(AtLeast, "__call__", lambda bound, value: None)
    _, found = missed(Crate)
    assert found
    assert {fault.name for fault in found} == {"low"}


def test_records_of_every_class_can_be_drawn() -> None:
    """Of every record and facet of core and the bundled plugins values are drawn from the declaration alone."""
    crm = CRM("sqlite://", plugins=[CustomerValue, Segments, Supervision, Projects])
    every = [cls for one in crm.records() for cls in (one, *crm.facets_of(one))]
    crm.close()
    assert len(every) > 60
    drawn = set()
    for cls in every:
        settings(SOME, max_examples=1)(
            given(records(cls, **SAID.get(cls, {})))(lambda made: drawn.add(type(made)))
        )()
    assert drawn == set(every)
