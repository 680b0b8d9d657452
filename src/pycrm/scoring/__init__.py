"""Scoring: indicators over feeds of facts, measured for all customers at once, and models that weigh them.

>>> from datetime import date
>>> from pycrm.scoring import YEAR, Feed, Indicator, Linear, count, zero
>>> visits = Feed("visits", "Visits to our halls", on=date)
>>> lately = Indicator("EX90", "Visits of a year", "一年到访次数", "S", "count",
...                    zero(count(visits, within=YEAR)), Linear(0, 12))
>>> lately.aspect
<Aspect.SERVICE: 'S'>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycrm.demand import on_demand

# Only who measures pays for what is imported here.
_HOMES = {
    "grade": (),
    "catalog": ("FORBIDDEN",),
    "feed": (
        "Feed",
        "Supply",
    ),
    "function": (
        "clip",
        "day_of",
        "days_between",
        "deviation",
        "first_of_month",
        "floor",
        "month_number",
        "months_between",
        "percent",
        "ratio",
        "root",
        "zero",
    ),
    "indicator": (
        "Aspect",
        "Indicator",
        "OnNone",
    ),
    "moment": (
        "LAST_YEAR",
        "LIFE",
        "YEAR",
        "Window",
        "as_of",
        "currency",
        "days_ago",
        "minor_units",
        "month_ago",
        "month_ended",
        "months",
    ),
    "explain": ("Score",),
    "part": ("Part",),
    "book": ("ScoreRun",),
    "measure": ("Measure",),
    "model": (
        "Item",
        "ScoreModel",
    ),
    "publish": (
        "Mover",
        "Trial",
    ),
    "scale": (
        "Bands",
        "Linear",
        "Nearest",
        "Percentile",
        "Table",
        "YesNo",
    ),
    "value": (
        "Value",
        "average",
        "count",
        "distinct",
        "greatest",
        "let",
        "named",
        "one",
        "overall",
        "smallest",
        "total",
    ),
}

__all__ = [
    "FORBIDDEN",
    "LAST_YEAR",
    "LIFE",
    "YEAR",
    "Aspect",
    "Bands",
    "Feed",
    "Indicator",
    "Item",
    "Linear",
    "Measure",
    "Mover",
    "Nearest",
    "OnNone",
    "Part",
    "Percentile",
    "Score",
    "ScoreModel",
    "ScoreRun",
    "Supply",
    "Table",
    "Trial",
    "Value",
    "Window",
    "YesNo",
    "as_of",
    "average",
    "clip",
    "count",
    "currency",
    "day_of",
    "days_ago",
    "days_between",
    "deviation",
    "distinct",
    "first_of_month",
    "floor",
    "greatest",
    "let",
    "minor_units",
    "month_ago",
    "month_ended",
    "month_number",
    "months",
    "months_between",
    "named",
    "one",
    "overall",
    "percent",
    "ratio",
    "root",
    "smallest",
    "total",
    "zero",
]

__getattr__ = on_demand(__name__, _HOMES)


def __dir__() -> list[str]:
    return [*__all__, "feeds"]


if TYPE_CHECKING:
    from pycrm.scoring import grade as grade
    from pycrm.scoring.book import ScoreRun as ScoreRun
    from pycrm.scoring.catalog import FORBIDDEN as FORBIDDEN
    from pycrm.scoring.explain import Score as Score
    from pycrm.scoring.feed import Feed as Feed
    from pycrm.scoring.feed import Supply as Supply
    from pycrm.scoring.function import clip as clip
    from pycrm.scoring.function import day_of as day_of
    from pycrm.scoring.function import days_between as days_between
    from pycrm.scoring.function import deviation as deviation
    from pycrm.scoring.function import first_of_month as first_of_month
    from pycrm.scoring.function import floor as floor
    from pycrm.scoring.function import month_number as month_number
    from pycrm.scoring.function import months_between as months_between
    from pycrm.scoring.function import percent as percent
    from pycrm.scoring.function import ratio as ratio
    from pycrm.scoring.function import root as root
    from pycrm.scoring.function import zero as zero
    from pycrm.scoring.indicator import Aspect as Aspect
    from pycrm.scoring.indicator import Indicator as Indicator
    from pycrm.scoring.indicator import OnNone as OnNone
    from pycrm.scoring.measure import Measure as Measure
    from pycrm.scoring.model import Item as Item
    from pycrm.scoring.model import ScoreModel as ScoreModel
    from pycrm.scoring.moment import LAST_YEAR as LAST_YEAR
    from pycrm.scoring.moment import LIFE as LIFE
    from pycrm.scoring.moment import YEAR as YEAR
    from pycrm.scoring.moment import Window as Window
    from pycrm.scoring.moment import as_of as as_of
    from pycrm.scoring.moment import currency as currency
    from pycrm.scoring.moment import days_ago as days_ago
    from pycrm.scoring.moment import minor_units as minor_units
    from pycrm.scoring.moment import month_ago as month_ago
    from pycrm.scoring.moment import months as months
    from pycrm.scoring.part import Part as Part
    from pycrm.scoring.publish import Mover as Mover
    from pycrm.scoring.publish import Trial as Trial
    from pycrm.scoring.scale import Bands as Bands
    from pycrm.scoring.scale import Linear as Linear
    from pycrm.scoring.scale import Nearest as Nearest
    from pycrm.scoring.scale import Percentile as Percentile
    from pycrm.scoring.scale import Table as Table
    from pycrm.scoring.scale import YesNo as YesNo
    from pycrm.scoring.value import Value as Value
    from pycrm.scoring.value import average as average
    from pycrm.scoring.value import count as count
    from pycrm.scoring.value import distinct as distinct
    from pycrm.scoring.value import greatest as greatest
    from pycrm.scoring.value import let as let
    from pycrm.scoring.value import named as named
    from pycrm.scoring.value import one as one
    from pycrm.scoring.value import overall as overall
    from pycrm.scoring.value import smallest as smallest
    from pycrm.scoring.value import total as total
