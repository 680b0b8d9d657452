"""Scoring: indicators over feeds of facts, measured for all customers at once, and models that weigh them.

>>> from datetime import date
>>> visits = Feed("visits", "Visits to our halls", on=date)
>>> lately = Indicator("EX90", "Visits of a year", "一年到访次数", "S", "count",
...                    zero(count(visits, within=YEAR)), Linear(0, 12))
>>> lately.aspect
<Aspect.SERVICE: 'S'>
"""

from pycrm.scoring.feed import Feed, Source
from pycrm.scoring.function import (
    clip,
    day_of,
    days_between,
    deviation,
    first_of_month,
    month_number,
    percent,
    ratio,
    root,
    zero,
)
from pycrm.scoring.indicator import Aspect, Indicator, OnNone
from pycrm.scoring.moment import LAST_YEAR, LIFE, YEAR, Window, as_of, currency, days_ago, month_ago, months
from pycrm.scoring.scale import Bands, Linear, Percentile, Table, YesNo
from pycrm.scoring.value import (
    Value,
    average,
    count,
    distinct,
    greatest,
    let,
    named,
    one,
    overall,
    smallest,
    total,
)

__all__ = [
    "LAST_YEAR",
    "LIFE",
    "YEAR",
    "Aspect",
    "Bands",
    "Feed",
    "Indicator",
    "Linear",
    "OnNone",
    "Percentile",
    "Source",
    "Table",
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
    "greatest",
    "let",
    "month_ago",
    "month_number",
    "months",
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
