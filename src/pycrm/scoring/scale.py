"""Scales: what makes points from 0 to 100 of a value (VAL-3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs
import sqlalchemy as sa

from pycrm.errors import Problem
from pycrm.scoring.function import along, least, place_of

__all__ = [
    "NEUTRAL",
    "WITHIN",
    "Bands",
    "Linear",
    "Nearest",
    "Percentile",
    "Scale",
    "Table",
    "YesNo",
    "from_data",
    "to_data",
]

NEUTRAL = 50.0
"""The points of what is not known where that shall neither help nor harm."""

WITHIN = " < "
"""What stands between the names of a path: ``Yuhang < Hangzhou < Zhejiang``."""

_FAR = 1_000_000


@attrs.frozen
class Linear:
    """From 0 points at `low` to 100 at `high`, held between them; falling where `low` is the greater.

    >>> Linear(180, 15).points_of(30)
    90.9090909090909
    """

    low: float
    high: float

    def problems(self) -> Iterator[str]:
        """A line from a point to itself is none (VAL-E4)."""
        if self.low == self.high:
            yield "a linear scale goes from one value to another"

    def points(self, value: Any) -> Any:
        """The points as a column."""
        return along(value, self.low, self.high)

    def points_of(self, value: float) -> float:
        """The points of one value."""
        return min(100.0, max(0.0, (value - self.low) * 100.0 / (self.high - self.low)))


@attrs.frozen(init=False)
class Bands:
    """Stepwise: each band begins at its bound, inclusive; below the first there are no points.

    >>> Bands((0, 100), (31, 80), (61, 60)).points_of(81)
    60.0
    """

    bands: tuple[tuple[float, float], ...]

    def __init__(self, *bands: tuple[float, float]) -> None:
        self.__attrs_init__(tuple((bound, float(points)) for bound, points in bands))

    def problems(self) -> Iterator[str]:
        """Bands rise, and have points from 0 to 100 (VAL-E2)."""
        bounds = [bound for bound, _ in self.bands]
        if not bounds or any(later <= earlier for earlier, later in pairwise(bounds)):
            yield "the bounds of bands rise"
        if any(not 0 <= points <= 100 for _, points in self.bands):
            yield "points lie between 0 and 100"

    def points(self, value: Any) -> Any:
        """The points as a column."""
        steps: list[Any] = [
            (value >= bound, sa.literal(points, sa.Double())) for bound, points in self.bands[::-1]
        ]
        steps.append((value.is_not(None), sa.literal(0.0, sa.Double())))
        return sa.case(*steps)

    def points_of(self, value: float) -> float:
        """The points of one value."""
        return next((points for bound, points in self.bands[::-1] if value >= bound), 0.0)


@attrs.frozen
class Table:
    """Points by name; a name that it does not hold has no basis.

    >>> Table({"AAA": 100, "AA": 80}).points_of("AA")
    80.0
    """

    names: Mapping[str, float]

    def problems(self) -> Iterator[str]:
        """Points lie between 0 and 100."""
        if any(not 0 <= points <= 100 for points in self.names.values()):
            yield "points lie between 0 and 100"

    def points(self, value: Any) -> Any:
        """The points as a column."""
        if not self.names:
            return sa.cast(sa.null(), sa.Double())
        steps: list[Any] = [
            (value == name, sa.literal(float(it), sa.Double())) for name, it in self.names.items()
        ]
        return sa.case(*steps)

    def points_of(self, value: str) -> float | None:
        """The points of one value, or None where the table does not hold it."""
        found = self.names.get(value)
        return None if found is None else float(found)


@attrs.frozen
class Nearest:
    """Points by name along a path, such as a region and what it lies in: the first name that it holds counts.

    >>> Nearest({"Zhejiang": 60, "Hangzhou": 90}).points_of("Yuhang < Hangzhou < Zhejiang")
    90.0
    """

    names: Mapping[str, float]

    def problems(self) -> Iterator[str]:
        """Points lie between 0 and 100."""
        yield from Table(self.names).problems()

    def points(self, value: Any) -> Any:
        """The points as a column."""
        if not self.names:
            return sa.cast(sa.null(), sa.Double())
        # The place in the path decides, and says which name it is by what is left over.
        step, path = len(self.names) + 1, WITHIN + value + WITHIN
        places = [place_of(WITHIN + name + WITHIN, path) for name in self.names]
        ranks = [
            sa.case((place > 0, place * step + number), else_=_FAR * step + step - 1)
            for number, place in enumerate(places)
        ]
        found: dict[Any, Any] = {
            number: sa.literal(float(it), sa.Double()) for number, it in enumerate(self.names.values())
        }
        return sa.case(found, value=least(ranks) % step)

    def points_of(self, value: str) -> float | None:
        """The points of one path, or None where the table holds no name of it."""
        path = WITHIN + value + WITHIN
        places = {path.find(WITHIN + name + WITHIN): float(points) for name, points in self.names.items()}
        places.pop(-1, None)
        return places[min(places)] if places else None


@attrs.frozen
class YesNo:
    """100 points for yes, none for no.

    >>> YesNo().points_of(1)
    100.0
    """

    def problems(self) -> Iterator[str]:
        """Nothing can be wrong with it."""
        return iter(())

    def points(self, value: Any) -> Any:
        """The points as a column."""
        full: Any = sa.literal(100.0, sa.Double())
        none: Any = sa.literal(0.0, sa.Double())
        return sa.case((value > 0, full), (value.is_not(None), none))

    def points_of(self, value: float) -> float:
        """The points of one value."""
        return 100.0 if value > 0 else 0.0


@attrs.frozen
class Percentile:
    """The share of customers of the run with a smaller value, and half of those with an equal one.

    Where less is better the share is counted from the other side.
    """

    falling: bool = False

    def problems(self) -> Iterator[str]:
        """Nothing can be wrong with it."""
        return iter(())


Scale = Linear | Bands | Table | Nearest | YesNo | Percentile
_NAMES: dict[str, type[Any]] = {
    "linear": Linear,
    "bands": Bands,
    "table": Table,
    "nearest": Nearest,
    "yes_no": YesNo,
    "percentile": Percentile,
}


def to_data(scale: Scale) -> dict[str, Any]:
    """The scale as JSON has it."""
    if isinstance(scale, Linear):
        return {"linear": [scale.low, scale.high]}
    if isinstance(scale, Bands):
        return {"bands": [list(one) for one in scale.bands]}
    if isinstance(scale, Table):
        return {"table": dict(scale.names)}
    if isinstance(scale, Nearest):
        return {"nearest": dict(scale.names)}
    if isinstance(scale, Percentile):
        return {"percentile": "falling" if scale.falling else "rising"}
    return {"yes_no": True}


def from_data(data: Any, path: str) -> Scale | Problem:
    """The scale that JSON or TOML says, or what is wrong with it."""
    if not isinstance(data, Mapping) or len(data) != 1 or next(iter(data)) not in _NAMES:
        return Problem(path, "format", f"a scale is one of {', '.join(_NAMES)}")
    kind, said = next(iter(data.items()))
    try:
        made = _made(kind, said)
    except (TypeError, ValueError):
        return Problem(path, "format", f"the scale {kind} cannot be read")
    wrong = next(made.problems(), None)
    return made if wrong is None else Problem(path, "rule", wrong)


def _made(kind: str, said: Any) -> Scale:
    if kind == "linear":
        low, high = said
        return Linear(_number(low), _number(high))
    if kind == "bands":
        return Bands(*[(_number(bound), _number(points)) for bound, points in _listed(said)])
    if kind in ("table", "nearest"):
        names = {str(name): _number(points) for name, points in dict(said).items()}
        return Table(names) if kind == "table" else Nearest(names)
    if kind == "percentile":
        if said not in ("rising", "falling"):
            raise ValueError(said)
        return Percentile(said == "falling")
    return YesNo()


def _listed(said: Any) -> Sequence[Any]:
    if not isinstance(said, list | tuple):
        raise TypeError(said)
    return said


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError(value)
    return value
