"""How often customers buy and whether they are still there: the BG/NBD model.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24 (2005), page 275. Customers buy at random times at a rate that is gamma distributed
(r, alpha) among them; after each purchase they leave with a probability that is beta distributed (a, b).
"""

from __future__ import annotations

import attrs
import numpy as np
from scipy.special import digamma, expit, gammaln, hyp2f1

from pycrm.plugins.customer_value.clv.exact import invalid
from pycrm.plugins.customer_value.clv.history import Floats, Histories, weighed
from pycrm.plugins.customer_value.clv.maximum import most_likely, positive

__all__ = ["BgNbd", "fit_purchases"]

_NEAR, _ASIDE = 1e-6, 1e-4


@attrs.frozen
class BgNbd:
    """A fitted BG/NBD model.

    Args:
        r: shape of the rates of purchase; small where customers differ much.
        alpha: their scale, in the unit of time of the histories; the mean rate is r / alpha.
        a, b: of the probability to leave after a purchase; its mean is a / (a + b).

    Raises:
        InvalidError: a parameter is not above 0 and finite.
    """

    r: float = attrs.field(validator=positive)
    alpha: float = attrs.field(validator=positive)
    a: float = attrs.field(validator=positive)
    b: float = attrs.field(validator=positive)

    def log_likelihood(self, histories: Histories) -> float:
        """The natural logarithm of the likelihood of all customers together (equation 6 of the paper)."""
        parameters = np.array([self.r, self.alpha, self.a, self.b])
        return _Likelihood(histories)(parameters)[0] * float(histories.customers.sum())

    def alive(self, histories: Histories) -> Floats:
        """The probability that a customer will still buy, at the end of observation.

        It is 1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x))^(r + x)), and 1 for whoever has
        not bought again, since this model lets nobody leave before (Fader, Hardie and Lee, Computing
        P(alive) Using the BG/NBD Model, 2008).

        Returns:
            One probability a row.
        """
        x, t_x, age = histories.frequency, histories.recency, histories.age
        once = np.maximum(x, 1)
        odds = np.log(self.a) - np.log(self.b + once - 1)
        odds = odds + (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + t_x))
        return np.where(x > 0, expit(-odds), 1.0)

    def expected_purchases(self, histories: Histories, periods: float) -> Floats:
        """How many purchases to expect in the time after the end of observation (equation 10).

        Args:
            periods: how long a time, in the unit of the histories.

        Returns:
            One expectation a row.

        Raises:
            InvalidError: the time is negative or not finite, or the expectation cannot be computed for a row.
        """
        if not 0 <= periods < np.inf:
            raise invalid("periods", f"a time ahead is 0 or more and finite, not {periods}")
        if periods == 0:
            return np.zeros(len(histories))
        found = _if_there(self, histories, periods) * self.alive(histories)
        if not np.all(np.isfinite(found)):
            row = int(np.flatnonzero(~np.isfinite(found))[0])
            raise invalid(f"frequency/{row}", f"no purchases can be expected of row {row}: {self}", "rule")
        return found


def fit_purchases(histories: Histories) -> BgNbd:
    """The BG/NBD model under which these histories are most likely.

    The cost is that of the rows, so group them first (`Histories.grouped`) or count them in the
    database: a million customers then cost what their different histories cost.

    Args:
        histories: of all customers who have ever bought, those who bought once included.

    Raises:
        InvalidError: nobody has bought again, or the search found no maximum.
    """
    if not histories.frequency.any():
        raise invalid("frequency", "nobody has bought again, so nothing is known of when people do", "rule")
    scale = float(np.average(histories.age, weights=histories.customers))
    scaled = attrs.evolve(histories, recency=histories.recency / scale, age=histories.age / scale)
    r, alpha, a, b = most_likely(
        "BG/NBD", ("r", "alpha", "a", "b"), (1.0, 1.0, 1.0, 1.0), _Likelihood(scaled)
    ).tolist()
    return BgNbd(r, alpha * scale, a, b)


class _Likelihood:
    """The mean log-likelihood of a customer and its slope along r, alpha, a and b.

    The gamma functions depend on the number of purchases alone, of which there are few different ones; per
    row there remain two logarithms and their sum.
    """

    def __init__(self, histories: Histories) -> None:
        self.number = float(histories.customers.sum())
        self.weight = histories.customers / self.number
        self.x = histories.frequency.astype(np.float64)
        self.t_x, self.age = histories.recency, histories.age
        self.again = histories.frequency > 0
        self.distinct, inverse = np.unique(self.x, return_inverse=True)
        self.share = np.bincount(inverse, weights=self.weight).astype(np.float64)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters.tolist()
        x, k, weight = self.x, self.distinct, self.weight
        until_end, until_last = np.log(alpha + self.age), np.log(alpha + self.t_x)
        later = np.maximum(b + x - 1, np.finfo(float).tiny)
        stayed = -(r + x) * until_end
        left = np.where(self.again, np.log(a) - np.log(later) - (r + x) * until_last, -np.inf)
        each = np.logaddexp(stayed, left)
        gone = np.exp(left - each)
        gammas = (
            gammaln(r + k) - gammaln(r) + gammaln(a + b) - gammaln(b) + gammaln(b + k) - gammaln(a + b + k)
        )
        height = weighed(self.share, gammas) + r * np.log(alpha) + weighed(weight, each)
        both, past = digamma(a + b) - digamma(a + b + k), digamma(b + k) - digamma(b)
        when = until_end + gone * (until_last - until_end)
        how_fast = (r + x) * ((1 - gone) / (alpha + self.age) + gone / (alpha + self.t_x))
        slope = (
            weighed(self.share, digamma(r + k) - digamma(r)) + np.log(alpha) - weighed(weight, when),
            r / alpha - weighed(weight, how_fast),
            weighed(self.share, both) + weighed(weight, gone) / a,
            weighed(self.share, both + past) - weighed(weight, gone / later),
        )
        return float(height), np.array(slope, dtype=np.float64)


def _if_there(model: BgNbd, histories: Histories, periods: float) -> Floats:
    """What is expected of whoever is still there.

    The formula has holes at a = 1 and a + b + x = 1, and SciPy's hypergeometric function has some where
    r - a is whole. The expectation itself is smooth there, so it is taken as the mean of both sides.
    """
    parameters = np.array([model.r, model.alpha, model.a, model.b])
    pole = np.abs(model.a + model.b + histories.frequency - 1) < _NEAR
    moved = 3 if pole.any() and abs(model.a - 1) >= _NEAR else 2
    with np.errstate(all="ignore"):
        direct = _formula(parameters, histories, periods)
    is_hole = pole | ~np.isfinite(direct) | (abs(model.a - 1) < _NEAR)
    if not is_hole.any():
        return direct
    aside = np.zeros(4)
    aside[moved] = min(_ASIDE, parameters[moved] / 2)
    sides = [_formula(parameters + sign * aside, histories, periods) for sign in (-1, 1)]
    return np.where(is_hole, (sides[0] + sides[1]) / 2, direct)


def _formula(parameters: Floats, histories: Histories, periods: float) -> Floats:
    """(C / (a - 1)) * (1 - (1 - z)^(a - 1) * F(a - 1, a + b - 1 - r; C; z)), where C = a + b + x - 1.

    That is equation 10 over P(alive), its hypergeometric function turned by Euler's transformation: of
    its three parameters only C grows with x, so that no power overflows, however often somebody has bought.
    """
    r, alpha, a, b = parameters.tolist()
    z = periods / (alpha + histories.age + periods)
    c = a + b + histories.frequency - 1
    series = hyp2f1(a - 1, a + b - 1 - r, c, z)
    return np.asarray(c / (a - 1) * (1 - np.exp((a - 1) * np.log1p(-z)) * series), dtype=np.float64)
