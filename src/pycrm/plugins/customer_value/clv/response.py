"""Who is likely to respond when called or written to, by those who were, and what that is worth."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import attrs

from pycrm.errors import InvalidError, Problem
from pycrm.forecast import BackTest, LogisticModel, back_test, fit_logistic
from pycrm.scoring import FORBIDDEN

__all__ = ["ResponseScore", "Trait", "fit_responses"]

Case = Mapping[str, Any]
Verdict = Literal["better than chance", "ranks only", "no better than chance", "too few"]

_LEAST_OF_A_KIND = 10
# Five points beside the truth on average, and a probability is not to be taken at its word.
_MOST_BESIDE = 0.05
_AGES = ("age", "birth_date", "birth_on", "born")
_CENT = Decimal("0.01")


@attrs.frozen
class Trait:
    """What is known of somebody before the answer.

    Args:
        name: under which a case holds it.
        kind: ``"word"``, one of a few texts, or ``"number"``. Numbers count by their inverse hyperbolic
            sine, about their logarithm: so a fortune is not a thousand times a wage.
        reason: why it may be used, of an age (VAL-15).
    """

    name: str
    kind: Literal["word", "number"] = "word"
    reason: str = ""


@attrs.frozen
class ResponseScore:
    """A model of who responds, and how it did on the newest cases, which it was not made from.

    Args:
        verdict: ``"better than chance"``; ``"ranks only"``, where it tells who is likelier and its
            probabilities lie more than five points beside the truth; ``"no better than chance"``;
            ``"too few"``.
        back_test: None where too few of the older or the newest cases responded, or did not.
    """

    verdict: Verdict
    back_test: BackTest | None = None
    _columns: tuple[tuple[Trait, tuple[str, ...]], ...] = ()
    _model: LogisticModel | None = None
    _tested: tuple[float, ...] = ()

    def points(self, case: Case) -> Decimal | None:
        """The part of the newest cases that was thought less likely to respond, 0 to 100.

        Half of those that were thought as likely count too. None where the model is no better than chance.
        """
        if self._model is None or self.verdict == "no better than chance":
            return None
        said = self._model.probability(_row(self._columns, case))
        below = bisect_left(self._tested, said) + bisect_right(self._tested, said)
        return _percent(below / 2 / len(self._tested))

    def probability(self, case: Case) -> Decimal | None:
        """How likely the answer is in percent; None unless the model proved better than chance and near the truth."""
        if self._model is None or self.verdict != "better than chance":
            return None
        return _percent(self._model.probability(_row(self._columns, case)))


def fit_responses(
    cases: Sequence[Case],
    responded: Sequence[bool],
    traits: Sequence[Trait],
    *,
    afterwards: Collection[str] = (),
) -> ResponseScore:
    """A score from the older two thirds of the cases, tried on the newest third.

    The model that was tried is the one that scores: nothing is made from the newest cases, so what the
    back-test says holds for it. It is a logistic regression with a ridge (`pycrm.forecast.fit_logistic`).

    Args:
        cases: what was known of each, oldest first; a trait that it lacks, or None, is unknown.
        responded: one a case.
        traits: what the score is made of.
        afterwards: names that are known only once somebody has responded, such as how long they talked.

    Raises:
        InvalidError: a trait is known only afterwards, or nobody is judged by it, or an age has no
            reason; or a number is none; with the path of each.
    """
    if len(cases) != len(responded):
        raise InvalidError("each case has one answer")
    _refuse(traits, afterwards)
    cut = len(cases) - len(cases) // 3
    parts = responded[:cut], responded[cut:]
    if min(sum(one is kind for one in part) for part in parts for kind in (True, False)) < _LEAST_OF_A_KIND:
        return ResponseScore("too few")
    columns = tuple((trait, _words(trait, cases[:cut])) for trait in traits)
    rows = [_row(columns, case) for case in cases]
    model = fit_logistic(rows[:cut], parts[0])
    tried = back_test(model, rows[cut:], parts[1], parts[0])
    tested = tuple(sorted(map(model.probability, rows[cut:])))
    return ResponseScore(_verdict(tried), tried, columns, model, tested)


def _verdict(tried: BackTest) -> Verdict:
    if not tried.is_better_than_chance:
        return "no better than chance"
    return "ranks only" if tried.miscalibration > _MOST_BESIDE else "better than chance"


def _refuse(traits: Sequence[Trait], afterwards: Collection[str]) -> None:
    problems = [
        Problem(f"traits/{at}", "rule", f"{one.name}: {why}")
        for at, one in enumerate(traits)
        if (why := _against(one, afterwards))
    ]
    if not traits:
        problems = [Problem("traits", "required", "name at least one trait")]
    if problems:
        raise InvalidError(problems[0].message, fields=problems)


def _against(trait: Trait, afterwards: Collection[str]) -> str:
    if trait.name in afterwards:
        return "is known only afterwards, so nobody can be chosen by it"
    if trait.name in FORBIDDEN:
        return "nobody is judged by it (VAL-15)"
    if trait.name in _AGES and not trait.reason:
        return "an age is used with a reason only (VAL-15)"
    return ""


def _words(trait: Trait, cases: Sequence[Case]) -> tuple[str, ...]:
    """The words that a trait took before; of later cases a word that is none of them counts for nothing."""
    if trait.kind == "number":
        return ()
    return tuple(sorted({str(case[trait.name]) for case in cases if case.get(trait.name) is not None}))


def _row(columns: Sequence[tuple[Trait, tuple[str, ...]]], case: Case) -> tuple[float, ...]:
    row: list[float] = []
    for trait, words in columns:
        value = case.get(trait.name)
        if trait.kind == "number":
            row += (float(value is None), 0.0 if value is None else _tamed(trait, value))
        else:
            row += [float(value is not None and str(value) == word) for word in words]
    return tuple(row)


def _tamed(trait: Trait, value: Any) -> float:
    try:
        number = math.asinh(float(value))
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidError(f"{trait.name}: {str(value)[:40]!r} is no number")
    return number


def _percent(part: float) -> Decimal:
    return Decimal(part * 100).quantize(_CENT, ROUND_HALF_UP)
