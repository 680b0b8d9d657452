"""The same values by functions in Python: each is called for each customer with the rows that were loaded of it.

Whoever writes such hooks has no passes to share: each function goes over the rows by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Any, NamedTuple

from benchmarks.value.rows import Contact, Cost, Customer, Line
from benchmarks.value.said import CODES, FIVE_YEARS, SELF_SERVICE, SERVING, TODAY, month

__all__ = ["COMPANY", "HOOKS"]


Hook = Callable[[Customer], Any]
_MEETINGS = ("visit", "reception", "meeting")


class Purchase(NamedTuple):
    """The lines of an origin."""

    on: date
    net: int
    is_mixed: bool
    channel: str


def _age(on: date) -> int:
    """0 for the last year, 1 for the one before."""
    return (TODAY - on).days // 365


def _purchases(customer: Customer) -> list[Purchase]:
    by_origin: dict[str, list[Line]] = defaultdict(list)
    for line in customer.lines:
        by_origin[line.origin].append(line)
    found = []
    for origin, lines in sorted(by_origin.items()):
        net = sum(line.net for line in lines)
        if net > 0:
            several = len({line.category for line in lines if line.net > 0 and line.category is not None}) > 1
            channel = max(line.channel for line in lines)
            found.append((Purchase(min(line.on for line in lines), net, several, channel), origin))
    return [one for one, _ in sorted(found, key=lambda pair: (pair[0].on, pair[1]))]


def _net(customer: Customer, age: int) -> int:
    return sum(line.net for line in customer.lines if _age(line.on) == age)


def _share(part: float | None, whole: float | None) -> float | None:
    return 100.0 * part / whole if part is not None and whole else None


def _number(customer: Customer, age: int = 0) -> int:
    return sum(_age(one.on) == age for one in _purchases(customer))


def _gaps(customer: Customer) -> list[int]:
    days = [one.on for one in _purchases(customer)]
    return [(later - sooner).days for sooner, later in pairwise(days)]


def _recency(customer: Customer) -> int | None:
    bought = _purchases(customer)
    return (TODAY - bought[-1].on).days if bought else None


def _interval(customer: Customer) -> float | None:
    bought = _purchases(customer)
    return (bought[-1].on - bought[0].on).days / (len(bought) - 1) if len(bought) > 1 else None


def _mean(customer: Customer) -> float | None:
    number = _number(customer)
    return _net(customer, 0) / number if number else None


def _overdue(customer: Customer) -> float | None:
    last, interval = _recency(customer), _interval(customer)
    return last / interval if last is not None and interval else None


def _largest(customer: Customer) -> int | None:
    return max((one.net for one in _purchases(customer) if _age(one.on) == 0), default=None)


def _regularity(customer: Customer) -> float | None:
    gaps = _gaps(customer)
    if len(gaps) < 2:
        return None
    whole = sum(gaps)
    return sqrt(max(0, len(gaps) * sum(one * one for one in gaps) - whole * whole)) / whole if whole else 0.0


def _lapses(customer: Customer) -> int | None:
    gaps = _gaps(customer)
    return sum(one > 2 * median(gaps) for one in gaps) if len(gaps) >= 3 else None


def _active_months(customer: Customer) -> int:
    return len({one.on.replace(day=1) for one in _purchases(customer) if one.on >= month(11)})


def _growth(now: float, before: float) -> float | None:
    return _share(now - before, before)


def _trend(customer: Customer) -> float | None:
    half = rise = 0
    begin = month(6)
    for line in customer.lines:
        if begin <= line.on < month(0):
            at = (line.on.year - begin.year) * 12 + line.on.month - begin.month
            half, rise = half + line.net, rise + line.net * (2 * at - 5)
    return _share(rise * 6, half * 35)


def _months(customer: Customer) -> dict[date, int]:
    found: dict[date, int] = defaultdict(int)
    for line in customer.lines:
        if line.on >= month(11):
            found[line.on.replace(day=1)] += line.net
    return found


def _peak(customer: Customer) -> float | None:
    months = _months(customer)
    whole = sum(months.values())
    return _share(max(months.values()), whole) if whole > 0 else None


def _volatility(customer: Customer) -> float | None:
    months = _months(customer)
    whole = sum(months.values())
    squares = sum(net * net for net in months.values())
    return sqrt(max(0, 12 * squares - whole * whole)) / whole if whole > 0 else None


def _products(customer: Customer) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in customer.lines:
        if line.product is not None:
            found[line.product].append(line)
    return found


def _firsts(customer: Customer) -> list[date]:
    sold = ([one.on for one in lines if one.net > 0] for lines in _products(customer).values())
    return [min(days) for days in sold if days]


def _new_products(customer: Customer) -> int:
    firsts = _firsts(customer)
    return sum(first > min(firsts) and _age(first) == 0 for first in firsts)


def _products_lately(customer: Customer) -> int:
    return sum(
        any(one.net > 0 and _age(one.on) == 0 for one in lines) for lines in _products(customer).values()
    )


def _repeated(customer: Customer) -> float | None:
    again = sum(
        len({one.origin for one in lines if one.net > 0}) > 1 for lines in _products(customer).values()
    )
    return _share(again, len(_firsts(customer)))


def _concentration(customer: Customer) -> float | None:
    amount = _net(customer, 0)
    if not (amount > 0 and _number(customer)):
        return None
    most = max(sum(one.net for one in lines if _age(one.on) == 0) for lines in _products(customer).values())
    return _share(most, amount)


def _of_year(customer: Customer) -> Iterator[Line]:
    return (line for line in customer.lines if _age(line.on) == 0)


def _discount(customer: Customer) -> float | None:
    priced = [line for line in _of_year(customer) if line.gross is not None]
    gross = sum(line.gross or 0 for line in priced)
    return _share(gross - sum(line.net for line in priced), gross)


def _returns(customer: Customer) -> float | None:
    returned = sum(-(line.gross or 0) for line in _of_year(customer) if line.is_return)
    return _share(returned, sum(line.gross for line in _of_year(customer) if line.gross and line.gross > 0))


def _margin(customer: Customer, age: int = 0) -> int:
    return sum(line.net - (line.cost or 0) for line in customer.lines if _age(line.on) == age)


def _served(customer: Customer, age: int = 0) -> int:
    return sum(one.amount for one in customer.costs if one.kind in SERVING and _age(one.on) == age)


def _contribution(customer: Customer, age: int = 0) -> int:
    return _margin(customer, age) - _served(customer, age)


def _sold(customer: Customer) -> int | None:
    amount = _net(customer, 0)
    return amount if amount > 0 else None


def _change(customer: Customer) -> int | None:
    if not any(_age(line.on) < 2 for line in customer.lines):
        return None
    return _contribution(customer) - _contribution(customer, 1)


def _first(customer: Customer) -> date | None:
    bought = _purchases(customer)
    return bought[0].on if bought else None


def _is_winning(cost: Cost, first: date | None) -> bool:
    return cost.kind == "acquisition" or (cost.kind == "contact" and (first is None or cost.on <= first))


def _acquired(customer: Customer) -> int | None:
    first = _first(customer)
    spent = [one.amount for one in customer.costs if _is_winning(one, first)]
    return sum(spent) if spent else None


def _ever(customer: Customer) -> int:
    if _first(customer) is None:
        return -(_acquired(customer) or 0)
    kinds = (*SERVING, "acquisition")
    spent = sum(one.amount for one in customer.costs if one.kind in kinds)
    return sum(line.net - (line.cost or 0) for line in customer.lines) - spent


def _lifetime(customer: Customer) -> float | None:
    first = _first(customer)
    years = 0 if first is None else min(3, ((TODAY - first).days + 1) // 365)
    if not years:
        return None
    return sum(_contribution(customer, age) for age in range(years)) / years * FIVE_YEARS


def _payback(customer: Customer) -> int | None:
    first, spent = _first(customer), _acquired(customer)
    if first is None or spent is None:
        return None
    by_day: dict[date, int] = defaultdict(int)
    for line in customer.lines:
        by_day[line.on] += line.net - (line.cost or 0)
    for one in customer.costs:
        if one.kind in SERVING and not _is_winning(one, first):
            by_day[one.on] -= one.amount
    earned = -spent
    for on, amount in sorted(by_day.items()):
        earned += amount
        if earned >= 0:
            return max(0, (on.year - first.year) * 12 + on.month - first.month)
    return None


def _realised(customer: Customer) -> float | None:
    listed = [line for line in _of_year(customer) if line.list_value is not None]
    whole = sum(line.list_value or 0 for line in listed)
    return _share(sum(line.net for line in listed), whole) if whole > 0 else None


def _met(customer: Customer) -> list[Contact]:
    return [one for one in customer.contacts if one.outcome != "no_answer"]


def _met_lately(customer: Customer) -> list[Contact]:
    return [one for one in _met(customer) if _age(one.on) == 0]


def _silence(customer: Customer) -> int | None:
    met = _met(customer)
    return (TODAY - max(one.on for one in met)).days if met else None


def _positive(customer: Customer) -> float | None:
    told = [one.outcome for one in customer.contacts if _age(one.on) == 0]
    good, bad = told.count("positive"), told.count("negative")
    return _share(good, good + bad)


def _answered(customer: Customer) -> float | None:
    tried = [
        one.outcome
        for one in customer.contacts
        if _age(one.on) == 0 and one.direction == "out" and one.outcome is not None
    ]
    return _share(sum(one != "no_answer" for one in tried), len(tried))


# Of these a customer alone does not tell: that is the share of everybody's.
COMPANY = "F05"
HOOKS: dict[str, Hook] = {
    "T01": _number,
    "T02": lambda it: _net(it, 0),
    "T03": lambda it: sum(line.net for line in it.lines),
    "T04": _mean,
    "T05": _largest,
    "T06": _recency,
    "T07": lambda it: _number(it) / 12,
    "T08": _interval,
    "T09": _regularity,
    "T10": _overdue,
    "T11": lambda it: _growth(_net(it, 0), _net(it, 1)),
    "T12": lambda it: _growth(_number(it), _number(it, 1)),
    "T13": _trend,
    "T14": lambda it: len({one.category for one in _of_year(it) if one.net > 0 and one.category is not None}),
    "T15": _products_lately,
    "T18": _new_products,
    "T19": lambda it: _share(sum(one.is_mixed and not _age(one.on) for one in _purchases(it)), _number(it)),
    "T20": _repeated,
    "T21": _concentration,
    "T22": lambda it: sum(line.qty for line in _of_year(it) if line.is_lead),
    "T32": _discount,
    "T33": _returns,
    "T37": lambda it: _share(
        sum(one.channel in SELF_SERVICE and not _age(one.on) for one in _purchases(it)), _number(it)
    ),
    "T38": _peak,
    "T39": _active_months,
    "T40": _lapses,
    "F02": _margin,
    "F03": lambda it: _share(_margin(it), _sold(it)),
    "F04": _contribution,
    "F05": lambda it: max(0, _contribution(it)),
    "F06": _change,
    "F07": _ever,
    "F08": _lifetime,
    "F09": lambda it: _share(
        sum(line.net for line in _of_year(it) if line.margin_class == "high"), _sold(it)
    ),
    "F10": _served,
    "F11": lambda it: _share(_served(it), _sold(it)),
    "F12": _acquired,
    "F13": _payback,
    "F14": lambda it: _served(it) / 12,
    "F27": _realised,
    "F34": _volatility,
    "S01": lambda it: len(_met_lately(it)),
    "S02": _silence,
    "S03": lambda it: _share(sum(one.direction == "in" for one in _met_lately(it)), len(_met_lately(it))),
    "S04": lambda it: sum(one.kind in _MEETINGS for one in _met_lately(it)),
    "S05": lambda it: sum((one.level or 0) >= 4 for one in _met_lately(it)),
    "S06": lambda it: len({one.channel for one in _met_lately(it)}),
    "S12": _positive,
    "S13": _answered,
}
assert tuple(HOOKS) == CODES
