"""Were one of these properties broken, its test would find a case within its few examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm.scoring import catalog, engine, part, statement
from pycrm.scoring.moment import Window

from .test_properties import FEW, PROPERTIES, Hall
from .test_properties import hall as hall

Plant = Callable[[pytest.MonkeyPatch], None]


def _who_is_loaded_first_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Sources stand in the order of loading."""
    patch.setattr(
        catalog, "sorted", lambda some, key=None: list(some) if key else sorted(some), raising=False
    )


def _the_future_counts(patch: pytest.MonkeyPatch) -> None:
    """What has not happened yet is a fact."""
    patch.setattr(statement, "LIFE", Window(ending=-500))


def _who_is_away_counts_as_nought(patch: pytest.MonkeyPatch) -> None:
    """An indicator that nobody can measure has no points, and its weight all the same."""
    real = engine.weigh

    def weigh(layers: Any, model: Any, items: Any) -> None:
        away = [one for one in model.items if one not in items]
        layers.layer([(f"p:{one.indicator}", sa.literal(0.0, sa.Double())) for one in away], "crm_away")
        real(layers, model, model.items)

    patch.setattr(engine, "weigh", weigh)


def _aspects_weigh_alike(patch: pytest.MonkeyPatch) -> None:
    """The weights of aspects are passed over in the explanation."""
    patch.setattr(
        part, "_shares", lambda sheet, points: [0.125 if its is not None else 0.0 for its in points]
    )


FAULTS: dict[str, tuple[str, Plant]] = {
    "believed": ("order", _who_is_loaded_first_is_believed),
    "future": ("later", _the_future_counts),
    "away": ("away", _who_is_away_counts_as_nought),
    "explained": ("away", _aspects_weigh_alike),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_found(hall: Hall, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each of these faults is found by the property that it breaks."""
    of, plant = FAULTS[name]
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        PROPERTIES[of](hall, FEW)
