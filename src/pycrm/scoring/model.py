"""Score models: which indicators count, how much, and which grade a score earns. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from pycrm.entities.party import PartyKind
from pycrm.errors import InvalidError, Problem
from pycrm.scoring.indicator import Aspect, Indicator
from pycrm.scoring.scale import Scale, from_data, to_data

__all__ = ["UNRATED", "Item", "ScoreModel"]

UNRATED = "unrated"
"""The grade of a customer of whom nothing could be weighed."""


@attrs.frozen
class Item:
    """One indicator of a model.

    Args:
        indicator: its code.
        weight: how much it counts within its aspect; above nought.
        scale: in the place of the indicator's own.
        reason: why it may be used, where it must be said (an age, VAL-15).
    """

    indicator: str
    weight: float
    scale: Scale | None = None
    reason: str | None = None


_BANDS = (("A", 80.0), ("B", 60.0), ("C", 40.0), ("D", 0.0))


def _items(given: Any) -> tuple[Item, ...]:
    """Items, or ``"T02:4 T06:3"`` as the catalogue writes them."""
    if isinstance(given, str):
        pairs = (one.partition(":") for one in given.split())
        return tuple(Item(code, float(weight)) for code, _, weight in pairs)
    return tuple(given)


def _aspects(given: Mapping[Any, float]) -> dict[str, float]:
    return {str(Aspect(aspect)): weight for aspect, weight in given.items()}


@attrs.frozen
class ScoreModel:
    """A version of a model; once published it never changes.

    >>> model = ScoreModel("shop", 1, "Shop", {"T": 60, "S": 40}, "T02:4 T06:3 S02:1")
    >>> model.items[1]
    Item(indicator='T06', weight=3.0, scale=None, reason=None)
    >>> model.grade(7050)
    'B'

    Args:
        key: lower-case; versions of one model share it.
        version: from 1.
        label: what people call it.
        weights: of the aspects ``C T F S``; not all nought, none negative.
        items: or their codes and weights as text.
        bands: the grades from the best, each with the least score; the last begins at nought.
        of: only persons or only organisations; without it all customers.
        patience: how many monthly runs in a row have to lie below a grade until it falls (VAL-6).
    """

    key: str
    version: int
    label: str
    weights: Mapping[str, float] = attrs.field(converter=_aspects)
    items: tuple[Item, ...] = attrs.field(converter=_items)
    bands: tuple[tuple[str, float], ...] = _BANDS
    of: PartyKind | None = None
    patience: int = 2

    @property
    def grades(self) -> tuple[str, ...]:
        """The grades, the best first."""
        return tuple(grade for grade, _ in self.bands)

    def grade(self, hundredths: int | None) -> str:
        """The grade of a score, by itself."""
        if hundredths is None:
            return UNRATED
        return next(grade for grade, least in self.bands if hundredths >= round(least * 100))

    def problems(self, indicators: Mapping[str, Indicator]) -> Iterator[Problem]:
        """All that is wrong with it (VAL-E1, E2, E4), with the path of each."""
        yield from _weights(self)
        yield from _bands(self)
        seen: set[str] = set()
        for index, item in enumerate(self.items):
            path = f"items/{index}"
            one = indicators.get(item.indicator)
            if one is None:
                yield Problem(f"{path}/indicator", "unknown", f"there is no indicator {item.indicator}")
                continue
            if item.indicator in seen:
                yield Problem(f"{path}/indicator", "duplicate", f"{item.indicator} stands here twice")
            seen.add(item.indicator)
            if not item.weight > 0:
                yield Problem(f"{path}/weight", "range", "a weight is above nought")
            if one.reason_needed and not (item.reason or "").strip():
                yield Problem(f"{path}/reason", "required", f"{item.indicator} needs a business reason")
            for wrong in item.scale.problems() if item.scale is not None else ():
                yield Problem(f"{path}/scale", "rule", wrong)
        if not self.items:
            yield Problem("items", "required", "a model has indicators")
        if self.patience < 1:
            yield Problem("patience", "range", "at least one run")

    def scale_of(self, code: str, indicators: Mapping[str, Indicator]) -> Scale:
        """The scale by which an indicator is judged here."""
        own = next(item.scale for item in self.items if item.indicator == code)
        return own if own is not None else indicators[code].scale

    def as_dict(self) -> dict[str, Any]:
        """The model as JSON has it; `from_dict` reads it."""
        items = []
        for item in self.items:
            told: dict[str, Any] = {"indicator": item.indicator, "weight": item.weight}
            if item.scale is not None:
                told["scale"] = to_data(item.scale)
            if item.reason is not None:
                told["reason"] = item.reason
            items.append(told)
        return {
            "key": self.key,
            "version": self.version,
            "label": self.label,
            "weights": dict(self.weights),
            "items": items,
            "bands": [list(one) for one in self.bands],
            "of": self.of.value if self.of is not None else None,
            "patience": self.patience,
        }

    @classmethod
    def from_dict(cls, data: Any) -> ScoreModel:
        """The model that JSON or TOML says.

        Raises:
            InvalidError: with every part that cannot be read.
        """
        if not isinstance(data, Mapping):
            raise InvalidError("a score model is a table of fields")
        given, problems = dict(data), []
        for name in given.keys() - {one.name for one in attrs.fields(cls)}:
            problems.append(Problem(name, "unknown", f"a score model has no {name}"))
            del given[name]
        items = given.get("items", ())
        if not isinstance(items, str):
            given["items"] = list(_read_items(items, problems))
        try:
            given["bands"] = tuple((str(grade), float(least)) for grade, least in given.get("bands", _BANDS))
            given["of"] = PartyKind(given["of"]) if given.get("of") else None
            made = cls(**given)
        except (TypeError, ValueError) as error:
            problems.append(Problem("", "format", str(error)))
        if problems:
            raise InvalidError(problems[0].message, fields=problems)
        return made


def _read_items(items: Any, problems: list[Problem]) -> Iterator[Item]:
    for index, one in enumerate(items if isinstance(items, list | tuple) else ()):
        path = f"items/{index}"
        if not isinstance(one, Mapping) or not {"indicator", "weight"} <= one.keys():
            problems.append(Problem(path, "format", "an item names its indicator and weight"))
            continue
        scale = from_data(one["scale"], f"{path}/scale") if one.get("scale") is not None else None
        weight = one["weight"]
        if isinstance(scale, Problem):
            problems.append(scale)
        elif isinstance(weight, bool) or not isinstance(weight, int | float):
            problems.append(Problem(f"{path}/weight", "type", "a weight is a number"))
        else:
            yield Item(str(one["indicator"]), float(weight), scale, one.get("reason"))


def _weights(model: ScoreModel) -> Iterator[Problem]:
    if any(weight < 0 for weight in model.weights.values()):
        yield Problem("weights", "range", "the weight of an aspect is not negative")
    if not any(weight > 0 for weight in model.weights.values()):
        yield Problem("weights", "range", "some aspect has a weight")


def _bands(model: ScoreModel) -> Iterator[Problem]:
    bounds = [least for _, least in model.bands]
    if not bounds or bounds[-1] != 0:
        yield Problem("bands", "rule", "the last grade begins at nought")
    if bounds != sorted(set(bounds), reverse=True) or any(not 0 <= one <= 100 for one in bounds):
        yield Problem("bands", "rule", "grades fall from the best, between 0 and 100, without overlap")
    names = model.grades
    if len(set(names)) != len(names) or UNRATED in names:
        yield Problem("bands", "duplicate", f"each grade has a name of its own, and none is {UNRATED}")
