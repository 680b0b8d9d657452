"""The figures by which supervision goes; an enterprise may set others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from types import MappingProxyType

import attrs

from pycrm import Session, SigningGrade

__all__ = ["Limits", "limits_of"]

_CADENCE = MappingProxyType({SigningGrade.A: 3, SigningGrade.B: 7, SigningGrade.C: 15, SigningGrade.D: 30})


@attrs.frozen
class Limits:
    """What is late, far, quiet or uncared for.

    Args:
        late_at: by the clock of the person, when the log of a working day is late (SUP-2).
        missing_at: by the same clock, when it is missing on the next working day.
        quiet_minutes: business time without a sign after which somebody is marked (SUP-6).
        far_m: how far from a customer's address a check-in may be (SUP-7).
        late_entry_hours: how long after a visit it may be entered.
        position_days: how long positions are kept.
        least_closed: how many closed deals a win rate needs (SUP-9).
        bands: the bounds between sizes of opportunities, in whole units of their currency.
        most_points: what one measure of an appraisal gives at most (SUP-15).
        least_points: an appraisal below this is low, and two in a row need a plan (SUP-17).
        test_pass: the share of a test that is enough, in percent (SUP-18).
        cadence: after how many days a customer of a signing grade is to be contacted again (COR-4).
        uncared_times: after how many times that a customer is uncared for (SUP-19).
        idle_days: after how many working days without any activity of its owner.
    """

    late_at: time = time(20)
    missing_at: time = time(10)
    quiet_minutes: int = 120
    far_m: int = 1000
    late_entry_hours: int = 2
    position_days: int = 90
    least_closed: int = 5
    bands: tuple[int, ...] = (50_000, 200_000, 1_000_000)
    most_points: int = 120
    least_points: int = 60
    test_pass: int = 80
    cadence: Mapping[SigningGrade, int] = _CADENCE
    uncared_times: int = 2
    idle_days: int = 5


def limits_of(session: Session) -> Limits:
    """The limits of the enterprise: those with which the plugin was made."""
    found: Limits = session.crm.registry.plugin("supervision").limits  # type: ignore[attr-defined]
    return found
