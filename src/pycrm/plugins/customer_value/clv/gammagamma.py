"""What customers spend on a purchase: the Gamma-Gamma model.

Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013). Amounts of one customer are gamma
distributed (p, nu); nu is gamma distributed (q, v) among customers. It holds where what people spend does
not depend on how often they buy.
"""

from __future__ import annotations

import attrs
import numpy as np
from scipy.special import digamma, gammaln

from pycrm.plugins.customer_value.clv.exact import invalid
from pycrm.plugins.customer_value.clv.history import Floats, Spending, weighed
from pycrm.plugins.customer_value.clv.maximum import most_likely, positive

__all__ = ["GammaGamma", "fit_spending"]


@attrs.frozen
class GammaGamma:
    """A fitted Gamma-Gamma model.

    Args:
        p: shape of the amounts of one customer; large where they are alike.
        q: shape of how customers differ; large where these are alike.
        v: their scale, in minor units.

    Raises:
        InvalidError: a parameter is not above 0 and finite.
    """

    p: float = attrs.field(validator=positive)
    q: float = attrs.field(validator=positive)
    v: float = attrs.field(validator=positive)

    def log_likelihood(self, spending: Spending) -> float:
        """The natural logarithm of the likelihood of all who bought again, of mean amounts in minor units."""
        likelihood = _Likelihood(spending, 1.0)
        return likelihood(np.array([self.p, self.q, self.v]))[0] * likelihood.number

    def expected_amount(self, spending: Spending) -> Floats:
        """What a customer is expected to spend on a purchase to come (equation 5).

        It is p * (v + total) / (p * x + q - 1): the mean of all customers, p * v / (q - 1), for whoever has
        not bought again, and drawn to the customer's own mean by each purchase. Where the rows are
        profits instead of sales, so is what is expected.

        Returns:
            Minor units, one expectation a row.

        Raises:
            InvalidError: a row has no expectation, because its purchases are too few for amounts that differ so
                much (p * x + q <= 1).
        """
        rest = self.p * spending.frequency + self.q - 1
        if np.any(rest <= 0):
            row = int(np.flatnonzero(rest <= 0)[0])
            message = (
                f"amounts differ too much for a mean with {spending.frequency[row]} purchases (q is {self.q})"
            )
            raise invalid(f"frequency/{row}", message, "rule")
        return np.asarray(self.p * (self.v + spending.total) / rest, dtype=np.float64)


def fit_spending(spending: Spending) -> GammaGamma:
    """The Gamma-Gamma model under which these amounts are most likely.

    Rows without a repeat purchase say nothing and are left out. The cost is that of the rows.

    Raises:
        InvalidError: nobody has bought again, or the search found no maximum.
    """
    if not spending.frequency.any():
        raise invalid(
            "frequency", "nobody has bought again, so nothing is known of what people spend", "rule"
        )
    weights = spending.customers * spending.frequency
    scale = float(spending.customers @ spending.total.astype(np.float64)) / float(weights.sum())
    p, q, v = most_likely(
        "Gamma-Gamma", ("p", "q", "v"), (2.0, 3.0, 1.0), _Likelihood(spending, scale)
    ).tolist()
    return GammaGamma(p, q, v * scale)


class _Likelihood:
    """The mean log-likelihood of a customer and its slope along p, q and v, money in units of `scale`."""

    def __init__(self, spending: Spending, scale: float) -> None:
        again = spending.frequency > 0
        self.number = float(spending.customers[again].sum())
        self.weight = spending.customers[again] / max(self.number, 1.0)
        self.x = spending.frequency[again].astype(np.float64)
        self.total = spending.total[again] / scale
        # What does not depend on the parameters: p * ln(total) - ln(mean amount).
        self.log_total = weighed(self.weight, self.x * np.log(self.total))
        self.log_mean = weighed(self.weight, np.log(self.total / self.x))
        self.distinct, inverse = np.unique(self.x, return_inverse=True)
        self.share = np.bincount(inverse, weights=self.weight).astype(np.float64)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        p, q, v = parameters.tolist()
        k, weight, x = self.distinct, self.weight, self.x
        whole = v + self.total
        logs = np.log(whole)
        by_x = weighed(weight, x * logs)
        by_one = weighed(weight, logs)
        height = (
            weighed(self.share, gammaln(p * k + q) - gammaln(p * k))
            - gammaln(q)
            + q * np.log(v)
            + p * self.log_total
            - self.log_mean
            - p * by_x
            - q * by_one
        )
        ahead = digamma(p * k + q)
        slope = (
            weighed(self.share, k * (ahead - digamma(p * k))) + self.log_total - by_x,
            weighed(self.share, ahead) - digamma(q) + np.log(v) - by_one,
            q / v - weighed(weight, (p * x + q) / whole),
        )
        return float(height), np.array(slope, dtype=np.float64)
