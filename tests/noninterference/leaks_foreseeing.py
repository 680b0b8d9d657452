"""Leaks of what is computed over whole pipelines (S03), each of which the two worlds must show."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm.forecast import closing, elapsed, funnel, stage
from pycrm.scope.gateway import Query

from .planting import HIDDEN, NO_SCOPE, through


def _wide(found: Any) -> Any:
    found.scope, found.nothing, found.is_plain = NO_SCOPE, False, False
    return found


def _unscoped(patch: pytest.MonkeyPatch, module: Any) -> None:
    if hasattr(module, "staged"):
        staged = module.staged
        patch.setattr(module, "staged", lambda *given: _wide(staged(*given)))
        return
    running = module.running

    def everybodys(*given: Any) -> Any:
        asked, of = running(*given)
        return _wide(asked), of

    patch.setattr(module, "running", everybodys)


@through("funnel")
def s03_funnel_of_all(patch: pytest.MonkeyPatch) -> None:
    """The funnel counts everybody's records."""
    _unscoped(patch, funnel)


@through("behind")
def s03_behind_all(patch: pytest.MonkeyPatch) -> None:
    """The records behind a number are everybody's."""
    _unscoped(patch, funnel)


@through("time in stage")
def s03_time_of_all(patch: pytest.MonkeyPatch) -> None:
    """The time in stage is that of everybody's records."""
    _unscoped(patch, elapsed)


@through("forecast", "write a forecast down")
def s03_forecast_of_all(patch: pytest.MonkeyPatch) -> None:
    """The forecast is that of the whole enterprise, whoever asks."""
    _unscoped(patch, closing)


@through("forecast", "funnel", rules=HIDDEN)
def s03_forecast_of_hidden_amounts(patch: pytest.MonkeyPatch) -> None:
    """Hidden amounts are weighted and summed."""
    column = Query.column

    def open_(self: Any, field: Any) -> Any:
        try:
            return column(self, field)
        except Exception:
            return getattr(field, "units", field)

    for module in (closing, stage):
        made = module.staged

        def staged(*given: Any, made: Any = made) -> Any:
            found = made(*given)
            found.__class__ = type("Open", (Query,), {"column": open_})
            return found

        patch.setattr(module, "staged", staged)
