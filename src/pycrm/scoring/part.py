"""The parts of a score: what each indicator of a model adds to it (VAL-8)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from pycrm.scope.fields import field_rights
from pycrm.scoring.indicator import Aspect, Indicator
from pycrm.scoring.model import ScoreModel

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["Part", "Parts", "Sheet", "is_hidden"]

_ASPECTS = tuple(Aspect)


class Part(NamedTuple):
    """One indicator of a score.

    Args:
        value: as it was measured; amounts in minor units.
        state: ``ok``; ``none`` without a basis; ``unavailable`` where nobody offers the facts; ``hidden``
            where it tells of a field that the reader may not see.
        points: 0 to 100, None where it was left out.
        weight: its share of the whole score, from 0 to 1.
        contribution: share times points; those of all parts are the score.
    """

    indicator: str
    label: str
    zh: str
    aspect: Aspect
    unit: str
    value: Any
    state: Literal["ok", "none", "unavailable", "hidden"]
    points: float | None
    weight: float
    contribution: float


class Parts(Sequence[Part]):
    """The parts of one score, made when somebody first looks at them: of the score before only some do.

    They compare as the tuple of them does.
    """

    __slots__ = ("_inputs", "_made", "_sheet")

    def __init__(self, sheet: Sheet, inputs: str) -> None:
        self._sheet, self._inputs = sheet, inputs
        self._made: tuple[Part, ...] | None = None

    def _all(self) -> tuple[Part, ...]:
        if self._made is None:
            self._made = self._sheet.parts(json.loads(self._inputs))
        return self._made

    @overload
    def __getitem__(self, at: int) -> Part: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Part, ...]: ...
    def __getitem__(self, at: int | slice) -> Part | tuple[Part, ...]:
        return self._all()[at]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Parts):
            return self._all() == other._all()
        return self._all() == other

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class Sheet:
    """What the scores of a run have in common for one reader: the same indicators, weights and hidden fields.

    Args:
        lacking: the indicators of which nobody offered the facts.
    """

    def __init__(self, tx: Transaction, model: ScoreModel, lacking: Collection[str]) -> None:
        known = tx.crm.catalog.indicators
        measured = [item for item in model.items if item.indicator not in lacking]
        self.aspects = [_ASPECTS.index(known[item.indicator].aspect) for item in measured]
        self.weights = [item.weight for item in measured]
        self.aspect_weights = [float(model.weights.get(one.value, 0)) for one in _ASPECTS]
        shown = [known[item.indicator] for item in model.items]
        self._said = list(
            zip(*((one.code, one.label, one.zh, one.aspect, one.unit) for one in shown), strict=True)
        )
        places = {item.indicator: at for at, item in enumerate(measured)}
        hidden = {one.code for one in shown if is_hidden(tx, one)}
        # The place of each indicator among the inputs; behind them stands nothing, for those of which none is shown.
        self._places = [
            len(places) if one.code in hidden else places.get(one.code, len(places)) for one in shown
        ]
        self._closed = [
            (at, "hidden" if one.code in hidden else "unavailable")
            for at, one in enumerate(shown)
            if self._places[at] == len(places)
        ]

    def parts(self, inputs: Sequence[Sequence[Any]]) -> tuple[Part, ...]:
        """The parts of one score, from lists of values and points in turn."""
        flat = list(chain.from_iterable(inputs))
        values, points = flat[::2], [None if one is None else float(one) for one in flat[1::2]]
        shares = _shares(self, points)
        if self._closed:
            values, points, shares = (
                [*map((*column, nothing).__getitem__, self._places)]
                for column, nothing in ((values, None), (points, None), (shares, 0.0))
            )
        states = ["none" if one is None else "ok" for one in values]
        for at, state in self._closed:
            states[at] = state
        added = [share * (its or 0.0) for share, its in zip(shares, points, strict=True)]
        # A score has hundreds of parts: so they are made in no more time than it takes to read them.
        return tuple(map(_PART, zip(*self._said, values, states, points, shares, added, strict=True)))


_PART: Any = partial(tuple.__new__, Part)


def _shares(sheet: Sheet, points: Sequence[float | None]) -> list[float]:
    """How much of the score each indicator has, from 0 to 1; of those without points nothing."""
    counted = [0.0] * len(_ASPECTS)
    for aspect, weight, its in zip(sheet.aspects, sheet.weights, points, strict=True):
        if its is not None:
            counted[aspect] += weight
    whole = sum(weight for weight, there in zip(sheet.aspect_weights, counted, strict=True) if there)
    if not whole:
        return [0.0] * len(points)
    share = [
        weight / whole / there if there else 0.0
        for weight, there in zip(sheet.aspect_weights, counted, strict=True)
    ]
    told = zip(sheet.aspects, sheet.weights, points, strict=True)
    return [0.0 if its is None else share[aspect] * weight for aspect, weight, its in told]


def is_hidden(tx: Transaction, indicator: Indicator) -> bool:
    """Whether an indicator reads a field that is closed to the reader."""
    memo = ("hidden indicator", indicator.code)
    if memo not in tx.memo:
        read = tx.crm.catalog.fields_of(indicator)
        tx.memo[memo] = any(column in field_rights(tx, cls).closed for cls, column in read)
    found: bool = tx.memo[memo]
    return found
