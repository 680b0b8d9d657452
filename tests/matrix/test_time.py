"""Time tells nobody whether something hidden is there (T07): it is measured, in long runs alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from evidence import keep
from house import enterprise

from pycrm import CRM, ClaimPolicy
from pycrm.scope.children import any_record
from pycrm.scope.gateway import fetch_one
from pycrm.session import reading

from .timing import auc, furnish, questions, sampled

EXAMPLE = "the time of one answer, of which either class of an endpoint has half"
SAMPLES = int(os.environ.get("PYCRM_SAMPLES", "3000"))
# Two classes of 3,000, at five endpoints.
GOAL = 30_000
SEED = 20260630
LEAST, MOST, CONTROL = 0.45, 0.55, 0.60


def test_the_area_is_that_of_the_ranks() -> None:
    """Whoever reads the evidence may trust its figure: it is counted here pair by pair."""
    one, other = [3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8]
    longer = sum((a > b) + 0.5 * (a == b) for a in one for b in other)
    assert auc(one, other) == pytest.approx(longer / (len(one) * len(other)))
    assert auc([1, 2], [1, 2]) == 0.5


def _fetched_then_checked(tx: Any, cls: Any, id: Any, *more: Any) -> Any:
    """The record is read first, and only then is it asked whether it may be seen."""
    return None if any_record(tx, cls, id) is None else fetch_one(tx, cls, id, *more)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_time_tells_nothing_of_what_is_hidden(
    open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden and missing, and filters that match hidden records and none, take the same time."""
    crm = open_crm(claims={"*": ClaimPolicy.SILENT})
    enterprise(crm)
    sight = furnish(crm)
    found = {name: round(auc(*sampled(sight, name, SAMPLES, SEED)), 4) for name in questions(sight)}
    monkeypatch.setattr(reading, "fetch_one", _fetched_then_checked)
    control = round(auc(*sampled(sight, "get", SAMPLES, SEED)), 4)
    apart = {name: area for name, area in found.items() if not LEAST <= area <= MOST}
    figures = {
        "database": crm.store.dialect,
        "seed": SEED,
        "examples": 2 * SAMPLES * len(found),
        "samples": 2 * SAMPLES,
        "areas": found,
        "control": control,
        "failures": len(apart),
        "not_measured": ["text search"],
    }
    keep("T07", EXAMPLE, GOAL, figures)
    assert apart == {}
    assert control > CONTROL
