"""A small logistic model, and what its probabilities are worth on cases that it has not seen.

Newton's method with a ridge: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning,
2nd edition, section 4.4.1. Area under the curve and its standard error: Hanley and McNeil, Radiology
143 (1982), page 29. Brier score: Brier, Monthly Weather Review 78 (1950), page 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

__all__ = ["BackTest", "Calibration", "Model", "back_test", "fit"]

Row = Sequence[float]
_STEPS, _ENOUGH = 30, 1e-8
# So many standard errors above one half, which chance exceeds in 1 of 200 cases.
_DOUBT = 2.6
_BINS = 5


@attrs.frozen
class Model:
    """Weights over features that are centred and scaled as those it was made from."""

    weights: tuple[float, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]

    def probability(self, row: Row) -> float:
        """How likely the case is, 0 to 1."""
        return _sigmoid(sum(w * x for w, x in zip(self.weights, self._scaled(row), strict=True)))

    def _scaled(self, row: Row) -> list[float]:
        return [1.0, *((x - c) / s for x, c, s in zip(row, self.centres, self.scales, strict=True))]


def fit(rows: Sequence[Row], labels: Sequence[bool], ridge: float = 1.0) -> Model:
    """The model that makes the labels most likely, its weights held small by the ridge.

    Args:
        rows: cases × features.
        labels: one a case.
    """
    number, width = len(rows), len(rows[0])
    centres = [sum(row[at] for row in rows) / number for at in range(width)]
    spread = [math.sqrt(sum((row[at] - centres[at]) ** 2 for row in rows) / number) for at in range(width)]
    model = Model((0.0,) * (width + 1), tuple(centres), tuple(one or 1.0 for one in spread))
    scaled = [model._scaled(row) for row in rows]
    weights = list(model.weights)
    for _ in range(_STEPS):
        step = _newton(scaled, labels, weights, ridge)
        weights = [one + change for one, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _ENOUGH:
            break
    return attrs.evolve(model, weights=tuple(weights))


def _newton(
    rows: Sequence[Row], labels: Sequence[bool], weights: Sequence[float], ridge: float
) -> list[float]:
    width = len(weights)
    slope = [0.0 if at == 0 else -ridge * weights[at] for at in range(width)]
    # The first weight is the level, which no ridge holds down; the small number keeps it solvable.
    curve = [[(ridge if at else 1e-9) * (at == other) for other in range(width)] for at in range(width)]
    for row, label in zip(rows, labels, strict=True):
        chance = _sigmoid(sum(w * x for w, x in zip(weights, row, strict=True)))
        miss, bend = label - chance, chance * (1 - chance)
        for at, value in enumerate(row):
            if value:
                slope[at] += miss * value
                line, part = curve[at], bend * value
                for other, much in enumerate(row):
                    line[other] += part * much
    return _solved(curve, slope)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss with pivots; the matrix is small and positive definite."""
    size = len(right)
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for at in range(size):
        best = max(range(at, size), key=lambda one: abs(rows[one][at]))
        rows[at], rows[best] = rows[best], rows[at]
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [a - factor * b for a, b in zip(rows[below], rows[at], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][other] * found[other] for other in range(at + 1, size))
        found[at] = (rows[at][size] - known) / rows[at][at]
    return found


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-35.0, min(35.0, value))))


@attrs.frozen
class Calibration:
    """Cases of about one probability: the mean that was said, and the part that came true."""

    said: float
    came: float
    count: int


@attrs.frozen
class BackTest:
    """What a model is worth on cases that closed after those it was made from.

    Args:
        trained, tested: the numbers of cases.
        auc: how often a case that came true was thought likelier than one that did not; 0.5 is chance.
        error: the standard error of `auc`.
        brier: the mean squared miss of the probabilities; less is better.
        base: the Brier score of saying the part that came true before, every time.
        calibration: in up to five groups of equal size, from unlikely to likely.
    """

    trained: int
    tested: int
    auc: float
    error: float
    brier: float
    base: float
    calibration: tuple[Calibration, ...]

    @property
    def is_better_than_chance(self) -> bool:
        """Whether the area lies 2.6 standard errors above one half, and the misses are smaller."""
        return self.auc - _DOUBT * self.error > 0.5 and self.brier < self.base


def back_test(model: Model, rows: Sequence[Row], labels: Sequence[bool], before: Sequence[bool]) -> BackTest:
    """Try a model on cases of both kinds that it was not made from.

    Args:
        before: the labels that it was made from.
    """
    said = [model.probability(row) for row in rows]
    level = sum(before) / len(before)
    auc = _auc(said, labels)
    pairs = sorted(zip(said, labels, strict=True))
    size = max(1, math.ceil(len(pairs) / _BINS))
    groups = [pairs[at : at + size] for at in range(0, len(pairs), size)]
    return BackTest(
        *(len(before), len(rows), auc, _error(auc, sum(labels), len(labels) - sum(labels))),
        brier=_brier(said, labels),
        base=_brier([level] * len(labels), labels),
        calibration=tuple(
            Calibration(_mean([p for p, _ in one]), _mean([float(y) for _, y in one]), len(one))
            for one in groups
        ),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _brier(said: Sequence[float], labels: Sequence[bool]) -> float:
    return _mean([(p - y) ** 2 for p, y in zip(said, labels, strict=True)])


def _auc(said: Sequence[float], labels: Sequence[bool]) -> float:
    """By the sum of ranks, equal ones sharing theirs."""
    order = sorted(range(len(said)), key=lambda one: said[one])
    ranks, at = [0.0] * len(said), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and said[order[end + 1]] == said[order[at]]:
            end += 1
        for one in order[at : end + 1]:
            ranks[one] = (at + end) / 2 + 1
        at = end + 1
    true = sum(labels)
    above = sum(rank for rank, label in zip(ranks, labels, strict=True) if label) - true * (true + 1) / 2
    return above / (true * (len(labels) - true))


def _error(auc: float, true: int, false: int) -> float:
    """Hanley and McNeil's standard error, at no less doubt than that of chance for an area of one."""
    one, two = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (true - 1) * (one - auc * auc) + (false - 1) * (two - auc * auc)
    return math.sqrt(max(0.0, variance) / (true * false))
