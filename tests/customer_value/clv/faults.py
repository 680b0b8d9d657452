"""Faults to plant in the fits, each of which the published figures must see.

They reach into the rooms on purpose: a fault lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pycrm.plugins.customer_value.clv import bgnbd, gammagamma

Plant = Callable[[pytest.MonkeyPatch], None]


def _spoilt(patch: pytest.MonkeyPatch, likelihood: Any, spoil: Callable[[Any], None]) -> None:
    """The columns that a likelihood is made of, changed."""
    whole = likelihood.__init__

    def made(self: Any, *given: Any) -> None:
        whole(self, *given)
        spoil(self)

    patch.setattr(likelihood, "__init__", made)


def counts_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A row of many customers counts as one of one."""

    def spoil(self: Any) -> None:
        self.weight = np.full(len(self.x), 1 / len(self.x))
        self.share = np.bincount(np.unique(self.x, return_inverse=True)[1], weights=self.weight)

    _spoilt(patch, bgnbd._Likelihood, spoil)


def last_purchase_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Everybody bought at the very end."""
    _spoilt(patch, bgnbd._Likelihood, lambda self: setattr(self, "t_x", self.age))


def anybody_may_have_left(patch: pytest.MonkeyPatch) -> None:
    """Who has not bought again may have left after the first purchase."""
    _spoilt(patch, bgnbd._Likelihood, lambda self: setattr(self, "again", self.again | True))


def first_purchase_counted(patch: pytest.MonkeyPatch) -> None:
    """The purchases are counted with the first one, in the chances to leave and to buy."""

    def spoil(self: Any) -> None:
        self.x, self.distinct = self.x + 1, self.distinct + 1

    _spoilt(patch, bgnbd._Likelihood, spoil)


def scale_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Time is scaled for the search and not back."""
    found = bgnbd.most_likely
    patch.setattr(bgnbd, "most_likely", lambda *given: found(*given) * np.array([1.0, 1.1, 1.0, 1.0]))


def slope_askew(patch: pytest.MonkeyPatch) -> None:
    """The search follows a slope that is not that of the likelihood."""
    patch.setattr(bgnbd, "digamma", lambda value: np.log(value))


def series_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The hypergeometric function is taken for 1."""
    patch.setattr(bgnbd, "hyp2f1", lambda a, b, c, z: np.ones_like(z))


def never_left(patch: pytest.MonkeyPatch) -> None:
    """Everybody is still there."""
    patch.setattr(bgnbd.BgNbd, "alive", lambda self, histories: np.ones(len(histories)))


def chance_turned(patch: pytest.MonkeyPatch) -> None:
    """The odds to be there are taken for those to have left."""
    expit = bgnbd.expit
    patch.setattr(bgnbd, "expit", lambda value: expit(-value))


def mean_for_total(patch: pytest.MonkeyPatch) -> None:
    """The mean amount stands where all amounts together should."""
    _spoilt(patch, gammagamma._Likelihood, lambda self: setattr(self, "total", self.total / self.x))


def purchases_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A mean of many purchases counts no more than one of one."""

    def spoil(self: Any) -> None:
        self.total, self.x, self.distinct = self.total / self.x, self.x / self.x, self.distinct * 0 + 1
        self.log_total = float(self.weight @ np.log(self.total))

    _spoilt(patch, gammagamma._Likelihood, spoil)


def own_mean(patch: pytest.MonkeyPatch) -> None:
    """What is expected is the customer's own mean."""
    own = lambda self, spending: spending.total / np.maximum(spending.frequency, 1)  # noqa: E731
    patch.setattr(gammagamma.GammaGamma, "expected_amount", own)


OF_PURCHASES: tuple[Plant, ...] = (
    counts_forgotten,
    last_purchase_forgotten,
    anybody_may_have_left,
    first_purchase_counted,
    scale_forgotten,
    slope_askew,
    series_forgotten,
    never_left,
    chance_turned,
)
OF_SPENDING: tuple[Plant, ...] = (mean_for_total, purchases_forgotten, own_mean)
