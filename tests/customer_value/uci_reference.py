"""What follows from the file of sales, worked out a second time in plain Python, customer by customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import linear_regression, mean, median, pstdev

from .uci import Row

__all__ = ["figures", "rfm"]


def figures(rows: list[Row], day: date) -> dict[str, float | None]:
    """The indicators of one customer by their codes; amounts in pence."""
    lately = [row for row in rows if row.on > day - timedelta(365)]
    before = [row for row in rows if day - timedelta(730) < row.on <= day - timedelta(365)]
    purchases, recent = _purchases(rows), _purchases(lately)
    dates = sorted(on for on, _ in purchases)
    gaps = [(later - earlier).days for earlier, later in pairwise(dates)]
    net, net_before = _net(lately), _net(before)
    number, number_before = len(recent), len(_purchases(before))
    found: dict[str, float | None] = {"T01": number, "T02": net, "T03": _net(rows)}
    found["T04"] = net / number if number else None
    found["T05"] = max((amount for _, amount in recent), default=None)
    found["T06"] = (day - dates[-1]).days if dates else None
    found["T08"] = mean(gaps) if gaps else None
    found["T09"] = None if len(gaps) < 2 else pstdev(gaps) / mean(gaps) if any(gaps) else 0
    found["T11"] = 100 * (net - net_before) / net_before if net_before else None
    found["T12"] = 100 * (number - number_before) / number_before if number_before else None
    found["T40"] = sum(gap > 2 * median(gaps) for gap in gaps) if len(gaps) >= 3 else None
    return found | _by_product(rows, lately, day) | _by_month(rows, dates, day)


def rfm(found: dict[str, float | None]) -> str:
    """Three digits from recency in days, purchases of the year, and its net in pence."""
    recency, number, net = found["T06"], found["T01"], found["T02"]
    if recency is None or not number or net is None:
        return "111"
    points = (
        5 - sum(recency > bound for bound in (30, 60, 120, 240)),
        1 + sum(number >= bound for bound in (2, 3, 6, 12)),
        1 + sum(net > bound for bound in (10_000, 50_000, 200_000, 500_000)),
    )
    return "".join(map(str, points))


def _net(rows: Iterable[Row]) -> int:
    return int(100 * sum((row.net for row in rows), Decimal()))


def _grouped(rows: Iterable[Row], key: Callable[[Row], object]) -> list[list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return list(groups.values())


def _purchases(rows: Iterable[Row]) -> list[tuple[date, int]]:
    """Date and net of the invoices that come to more than nothing."""
    every = [(min(row.on for row in one), _net(one)) for one in _grouped(rows, lambda row: row.invoice)]
    return [(on, net) for on, net in every if net > 0]


def _by_product(rows: list[Row], lately: list[Row], day: date) -> dict[str, float | None]:
    sold = [row for row in rows if row.net > 0]
    products = _grouped(sold, lambda row: row.product)
    begun = min((row.on for row in sold), default=date.max)
    firsts = [min(row.on for row in one) for one in products]
    repeated = sum(len({row.invoice for row in one}) > 1 for one in products)
    largest = max((_net(one) for one in _grouped(lately, lambda row: row.product)), default=0)
    new = [on for on in firsts if on > begun and on > day - timedelta(365)]
    net, bought = _net(lately), {row.product for row in lately if row.net > 0}
    return {
        "T15": len(bought),
        "T18": len(new),
        "T20": 100 * repeated / len(products) if products else None,
        "T21": 100 * largest / net if net > 0 and _purchases(lately) else None,
    }


def _by_month(rows: list[Row], dates: list[date], day: date) -> dict[str, float | None]:
    today = day.year * 12 + day.month
    nets = [_net(row for row in rows if row.on.year * 12 + row.on.month == today - ago) for ago in range(12)]
    half = nets[6:0:-1]
    active = {on.year * 12 + on.month for on in dates} & {today - ago for ago in range(12)}
    rise = linear_regression(range(6), half).slope
    return {
        "T13": 100 * rise / mean(half) if sum(half) else None,
        "T38": 100 * max(nets) / sum(nets) if sum(nets) > 0 else None,
        "T39": len(active),
    }
