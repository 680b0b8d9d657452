"""A small logistic model, and what its probabilities are worth on cases that it has not seen.

Newton's method with a ridge: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning,
2nd edition, section 4.4.1. Area under the curve and its standard error: Hanley and McNeil, Radiology
143 (1982), page 29. Brier score: Brier, Monthly Weather Review 78 (1950), page 1. Miscalibration: the
expected calibration error of Naeini, Cooper and Hauskrecht, AAAI (2015), page 2901.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

__all__ = ["BackTest", "Calibration", "LogisticModel", "back_test", "fit_logistic"]

Row = Sequence[float]
# The features of a case that are not nought, by their places.
Sparse = list[tuple[int, float]]
_STEPS, _ENOUGH = 30, 1e-8
# So many standard errors above one half, which chance exceeds in 1 of 200 cases.
_DOUBT = 2.6
_BINS = 5


@attrs.frozen
class LogisticModel:
    """Weights over features that are centred and scaled as those it was made from."""

    weights: tuple[float, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]

    def probability(self, row: Row) -> float:
        """How likely the case is, 0 to 1."""
        return _sigmoid(sum(w * x for w, x in zip(self.weights, self._scaled(row), strict=True)))

    def _scaled(self, row: Row) -> list[float]:
        return [1.0, *((x - c) / s for x, c, s in zip(row, self.centres, self.scales, strict=True))]


def fit_logistic(rows: Sequence[Row], labels: Sequence[bool], ridge: float = 1.0) -> LogisticModel:
    """The model that makes the labels most likely, its weights held small by the ridge.

    Args:
        rows: cases × features.
        labels: one a case.
        ridge: how small the weights of the scaled features are held; 0 leaves them free.
    """
    number, columns = len(rows), list(zip(*rows, strict=True))
    centres = [sum(column) / number for column in columns]
    scales = [
        math.sqrt(sum([(x - centre) ** 2 for x in column]) / number) or 1.0
        for column, centre in zip(columns, centres, strict=True)
    ]
    # What is mostly nought, such as one word of many, is not centred: so its noughts cost nothing.
    shifts = [
        0.0 if 2 * column.count(0.0) > number else centre
        for column, centre in zip(columns, centres, strict=True)
    ]
    scaled = [_sparse(row, shifts, scales) for row in rows]
    weights = [0.0] * (len(columns) + 1)
    for _ in range(_STEPS):
        step = _newton(scaled, labels, weights, ridge)
        weights = [one + change for one, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _ENOUGH:
            break
    parts = zip(weights[1:], centres, shifts, scales, strict=True)
    level = weights[0] + sum(w * (centre - shift) / scale for w, centre, shift, scale in parts)
    return LogisticModel((level, *weights[1:]), tuple(centres), tuple(scales))


def _sparse(row: Row, shifts: Sequence[float], scales: Sequence[float]) -> Sparse:
    parts = enumerate(zip(row, shifts, scales, strict=True), 1)
    return [(0, 1.0), *((at, (x - shift) / scale) for at, (x, shift, scale) in parts if x != shift)]


def _newton(
    rows: Sequence[Sparse], labels: Sequence[bool], weights: Sequence[float], ridge: float
) -> list[float]:
    width = len(weights)
    slope = [0.0 if at == 0 else -ridge * weights[at] for at in range(width)]
    # The first weight is the level, which no ridge holds down; the small number keeps it solvable.
    curve = [[(ridge if at else 1e-9) * (at == other) for other in range(width)] for at in range(width)]
    for row, label in zip(rows, labels, strict=True):
        chance = _sigmoid(sum([weights[at] * value for at, value in row]))
        miss, bend = label - chance, chance * (1 - chance)
        for place, (at, value) in enumerate(row):
            slope[at] += miss * value
            line, part = curve[at], bend * value
            for other, much in row[place:]:
                line[other] += part * much
    for at in range(width):
        for other in range(at):
            curve[at][other] = curve[other][at]
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
    def miscalibration(self) -> float:
        """How far what was said lies from what came true, on average over the groups, 0 to 1."""
        return sum(one.count * abs(one.said - one.came) for one in self.calibration) / self.tested

    @property
    def is_better_than_chance(self) -> bool:
        """Whether the area lies 2.6 standard errors above one half, and the misses are smaller."""
        return self.auc - _DOUBT * self.error > 0.5 and self.brier < self.base


def back_test(
    model: LogisticModel, rows: Sequence[Row], labels: Sequence[bool], before: Sequence[bool]
) -> BackTest:
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
