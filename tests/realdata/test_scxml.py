"""Real state charts in SCXML lead where their authors prescribe, as far as a pipeline can say what they say."""

from __future__ import annotations

from collections import Counter

import pytest

from .scxml import ORDER, PREEMPTION, OutsideError, scripts
from .where import realdata

pytestmark = pytest.mark.realdata

# Of the charts without scripts those that no pipeline expresses, and why not.
#
# Where an event has two meanings SCXML lets the order of the document decide, of moves that lead out of one
# stage or of two regions of which one leaves what the other is in. A pipeline refuses such a name and lists
# what it can mean, so that a person decides.
OUTSIDE = {
    ORDER: 3,
    PREEMPTION: 30,
    "history states: one returns from paused and closed stages alone": 7,
    "events that are named by a pattern or a list": 4,
    "conditions in a language of scripts": 3,
    "transitions without an event": 1,
    "a stage that leads to itself": 1,
}


def test_charts_reach_the_prescribed_configurations() -> None:
    """Each chart that a pipeline expresses stands after every event where its test says."""
    outside: Counter[str] = Counter()
    wrong, run = [], 0
    for script in scripts(realdata("scxml_scion", "test")):
        try:
            reached = list(script.run())
        except OutsideError as refused:
            outside[str(refused)] += 1
            continue
        run += 1
        wrong += [(script.name, found, wanted) for found, wanted in reached if found != sorted(wanted)]
    assert wrong == []
    assert (run, dict(outside)) == (28, OUTSIDE)
