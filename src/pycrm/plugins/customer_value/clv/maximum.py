"""Finding the parameters that make observations most likely, or saying that there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
from scipy.optimize import minimize

from pycrm.errors import InvalidError
from pycrm.plugins.customer_value.clv.exact import invalid
from pycrm.plugins.customer_value.clv.history import Floats

__all__ = ["most_likely", "positive"]

# Beyond e^12 times the scale of the data a parameter is on its way to infinity.
_FAR = 12.0
_STEP, _CLOSE = 1e-4, 1e-6
_POLISHES = 12
_FLAT = 1e-10


def positive(model: object, field: attrs.Attribute[float], value: float) -> None:
    """The validator of a parameter of a model: above 0 and finite."""
    if not 0 < value < np.inf:
        raise invalid(field.name, f"a parameter is above 0 and finite, and {field.name} is {value}")


def most_likely(
    model: str,
    names: Sequence[str],
    start: Sequence[float],
    likelihood: Callable[[Floats], tuple[float, Floats]],
) -> Floats:
    """The positive parameters of the highest likelihood.

    Searched as logarithms by L-BFGS-B, then by Newton's steps until one of them moves no parameter by more
    than a millionth. A search that does not come to this, or comes to a ridge, is refused.

    Args:
        model: its name, for people.
        names: of the parameters.
        start: one value for each, in the scale of the data.
        likelihood: from parameters to the mean log-likelihood of a customer and its slope along each.

    Returns:
        One value a parameter.

    Raises:
        InvalidError: no maximum is found; `data` tells where the search stood, in the scale of the data.
    """

    def downhill(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        # What lies too far out to be computed is no maximum, and ends as one that was not found.
        with np.errstate(all="ignore"):
            height, slope = likelihood(values)
            return -height, -slope * values

    found = minimize(
        downhill,
        np.log(np.asarray(start, dtype=np.float64)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_FAR, _FAR)] * len(start),
        options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-15},
    )
    logs = np.asarray(found.x, dtype=np.float64)
    for _ in range(_POLISHES):
        step = _newton(downhill, logs)
        if step is None or not np.all(np.abs(logs + step) < _FAR):
            break
        if np.max(np.abs(step)) <= _CLOSE:
            return np.exp(logs)
        # Far from the top the parabola is no guide for long.
        logs = logs + np.clip(step, -0.5, 0.5)
    reached = dict(zip(names, np.exp(logs).tolist(), strict=True))
    raise InvalidError(
        f"the fit of {model} did not converge: these customers do not determine its parameters",
        data={"model": model, "reached": reached, "search": str(found.message)},
    )


def _newton(downhill: Callable[[Floats], tuple[float, Floats]], logs: Floats) -> Floats | None:
    """The step to the bottom of the parabola here, or None where there is no bottom."""
    slope = downhill(logs)[1]
    curve = np.empty((len(logs), len(logs)))
    for at in range(len(logs)):
        aside = np.zeros(len(logs))
        aside[at] = _STEP
        with np.errstate(all="ignore"):
            curve[at] = (downhill(logs + aside)[1] - downhill(logs - aside)[1]) / (2 * _STEP)
    curve = (curve + curve.T) / 2
    if not (np.all(np.isfinite(curve)) and np.all(np.isfinite(slope))):
        return None
    bends, axes = np.linalg.eigh(curve)
    if bends[0] <= _FLAT:
        return None
    return np.asarray(-(axes @ ((axes.T @ slope) / bends)), dtype=np.float64)
