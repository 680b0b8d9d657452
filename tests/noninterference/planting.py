"""Where planted leaks are entered, and where to look for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pycrm.scope import predicate

from .twins import Focus

__all__ = ["FOCUS", "HIDDEN", "LEAKS", "NO_SCOPE", "Plant", "through"]

Plant = Callable[[pytest.MonkeyPatch], None]

NO_SCOPE = predicate.Scope(None, (), {})
HIDDEN = ("Customer.channel", "Opportunity.amount", "Opportunity.next_step", "Organization.industry")
LEAKS: dict[str, Plant] = {}
# Where each is looked for when time is short; a longer search looks everywhere.
FOCUS: dict[str, Focus] = {}


def through(*operations: str, **more: Any) -> Callable[[Plant], Plant]:
    """Enter a leak, and say by which operations, people, rules and events it shows."""

    def enter(plant: Plant) -> Plant:
        LEAKS[plant.__name__], FOCUS[plant.__name__] = plant, Focus(operations, **more)
        return plant

    return enter
