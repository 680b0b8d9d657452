"""The same values, points, scores and grades by pandas, as it is usually written; a program of its own.

It is given a folder of Parquet files of facts and a file of scales, writes its table into that folder, and says
how many mebibytes it held at most.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_LINES = [
    *("customer", "on", "origin", "product", "category", "qty", "gross", "net", "cost", "list_value"),
    *("margin_class", "channel", "is_return", "is_lead"),
]


def main(folder: Path) -> None:
    """Read, work out, write."""
    told = json.loads((folder / "said.json").read_text("utf-8"))
    today, months = pd.Timestamp(told["today"]), [pd.Timestamp(one) for one in told["months"]]
    customers = pd.read_parquet(folder / "crm_scored.parquet").set_index("customer").index
    found = pd.DataFrame(index=customers)
    lines = _dated(pd.read_parquet(folder / "crm_feed_transactions.parquet", columns=_LINES))
    bought = _trade(found, lines, today, months, told)
    costs = _dated(
        pd.read_parquet(folder / "crm_feed_costs.parquet", columns=["customer", "on", "kind", "amount"])
    )
    _money(found, lines, costs, bought, today, months, told)
    del lines, costs
    wanted = ["customer", "on", "kind", "channel", "direction", "outcome", "level"]
    _contacts(found, _dated(pd.read_parquet(folder / "crm_feed_contact_acts.parquet", columns=wanted)), today)
    _score(found, told)
    found.reset_index().to_parquet(folder / "by_pandas.parquet")
    status = Path("/proc/self/status").read_text("ascii")
    print(0, int(status.split("VmHWM:")[1].split()[0]) / 1024)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    frame["on"] = pd.to_datetime(frame["on"])
    return frame


def _age(on: pd.Series, today: pd.Timestamp) -> pd.Series:
    return (today - on).dt.days // 365


def _share(part: Any, whole: Any) -> Any:
    return 100.0 * part / whole.where(whole != 0)


def _sum(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame.groupby("customer")[column].sum()


def _trade(found: pd.DataFrame, lines: pd.DataFrame, today: Any, months: Any, told: Any) -> pd.DataFrame:
    lines["age"] = _age(lines["on"], today)
    year = lines[lines["age"] == 0]
    net = {age: _sum(lines[lines["age"] == age], "net").reindex(found.index, fill_value=0) for age in (0, 1)}
    sold = lines[lines["net"] > 0]
    several = sold.groupby(["customer", "origin"])["category"].nunique()
    purchases = lines.groupby(["customer", "origin"]).agg(
        on=("on", "min"), net=("net", "sum"), channel=("channel", "max")
    )
    purchases["is_mixed"] = several.reindex(purchases.index, fill_value=0) > 1
    purchases = purchases[purchases["net"] > 0].reset_index().sort_values(["customer", "on", "origin"])
    purchases["age"] = _age(purchases["on"], today)
    by = purchases.groupby("customer")
    bought = by.agg(first=("on", "min"), last=("on", "max"), ever=("on", "size")).reindex(found.index)
    lately = purchases[purchases["age"] == 0]
    number, before = (
        purchases[purchases["age"] == age].groupby("customer").size().reindex(found.index, fill_value=0)
        for age in (0, 1)
    )
    found["T01"], found["T02"] = number, net[0]
    found["T03"] = _sum(lines, "net").reindex(found.index, fill_value=0)
    found["T04"] = net[0] / number.where(number > 0)
    found["T05"] = lately.groupby("customer")["net"].max()
    found["T06"] = (today - bought["last"]).dt.days
    found["T07"] = number / 12
    found["T08"] = (bought["last"] - bought["first"]).dt.days / (bought["ever"] - 1).where(bought["ever"] > 1)
    _gaps(found, purchases)
    found["T10"] = found["T06"] / found["T08"].where(found["T08"] != 0)
    found["T11"], found["T12"] = _share(net[0] - net[1], net[1]), _share(number - before, before)
    half = lines[(lines["on"] >= months[6]) & (lines["on"] < months[0])]
    at = (half["on"].dt.year - months[6].year) * 12 + half["on"].dt.month - months[6].month
    rise = (half["net"] * (at * 2 - 5)).groupby(half["customer"]).sum()
    found["T13"] = _share(rise * 6, _sum(half, "net") * 35)
    found["T14"] = year[year["net"] > 0].groupby("customer")["category"].nunique()
    _products(found, lines, number, net[0], today)
    found["T19"] = _share(_sum(lately, "is_mixed"), number)
    found["T22"] = _sum(year[year["is_lead"] == True], "qty")  # noqa: E712
    priced = year[year["gross"].notna()]
    found["T32"] = _share(_sum(priced, "gross") - _sum(priced, "net"), _sum(priced, "gross"))
    returned = -_sum(year[year["is_return"] == True], "gross")  # noqa: E712
    found["T33"] = _share(returned.reindex(found.index, fill_value=0), _sum(year[year["gross"] > 0], "gross"))
    by_self = lately[lately["channel"].isin(told["self_service"])].groupby("customer").size()
    found["T37"] = _share(by_self.reindex(found.index, fill_value=0), number)
    opened = purchases[purchases["on"] >= months[11]]
    found["T39"] = opened["on"].dt.to_period("M").groupby(opened["customer"]).nunique()
    zeros = ["T14", "T15", "T18", "T22", "T39"]
    found[zeros] = found[zeros].fillna(0)
    return bought


def _gaps(found: pd.DataFrame, purchases: pd.DataFrame) -> None:
    days = purchases.groupby("customer")["on"].diff().dt.days
    gaps = pd.DataFrame({"customer": purchases["customer"], "days": days}).dropna()
    by = gaps.groupby("customer")["days"]
    told = by.agg(["size", "sum"]).reindex(found.index)
    spread = by.std(ddof=0).reindex(found.index)
    found["T09"] = (
        (spread / (told["sum"] / told["size"])).where(told["sum"] > 0, 0.0).where(told["size"] >= 2)
    )
    lapses = (gaps["days"] > 2 * by.transform("median")).groupby(gaps["customer"]).sum()
    found["T40"] = lapses.reindex(found.index).where(told["size"] >= 3)


def _products(found: pd.DataFrame, lines: pd.DataFrame, number: Any, amount: Any, today: Any) -> None:
    known = lines[lines["product"].notna()]
    sold = known[known["net"] > 0].groupby(["customer", "product"])
    product = sold.agg(first=("on", "min"), last=("on", "max"), origins=("origin", "nunique")).reset_index()
    by = product.groupby("customer")
    found["T15"] = product[_age(product["last"], today) == 0].groupby("customer").size()
    begun = by["first"].transform("min")
    is_new = (product["first"] > begun) & (_age(product["first"], today) == 0)
    found["T18"] = product[is_new].groupby("customer").size()
    again = (product["origins"] > 1).groupby(product["customer"]).sum()
    found["T20"] = _share(again, by.size())
    most = known[known["age"] == 0].groupby(["customer", "product"])["net"].sum().groupby("customer").max()
    found["T21"] = _share(most.reindex(found.index), amount.where((amount > 0) & (number > 0)))


def _money(found: Any, lines: Any, costs: Any, bought: Any, today: Any, months: Any, told: Any) -> None:
    costs = costs[costs["kind"].isin([*told["serving"], "acquisition"])].copy()
    costs["age"] = _age(costs["on"], today)
    serving = costs[costs["kind"] != "acquisition"]
    lines["earned"] = lines["net"] - lines["cost"].fillna(0)
    margin, served = (
        {age: _sum(one[one["age"] == age], column).reindex(found.index, fill_value=0) for age in (0, 1, 2)}
        for one, column in ((lines, "earned"), (serving, "amount"))
    )
    contribution = {age: margin[age] - served[age] for age in (0, 1, 2)}
    amount = found["T02"]
    sold = amount.where(amount > 0)
    found["F02"], found["F03"], found["F04"] = margin[0], _share(margin[0], sold), contribution[0]
    whole = contribution[0].clip(lower=0).sum()
    found["F05"] = 100.0 * contribution[0] / whole if whole else np.nan
    has_lines = lines[lines["age"] < 2].groupby("customer").size().reindex(found.index, fill_value=0) > 0
    found["F06"] = (contribution[0] - contribution[1]).where(has_lines)
    first = costs["customer"].map(bought["first"])
    costs["is_winning"] = (costs["kind"] == "acquisition") | (
        (costs["kind"] == "contact") & (first.isna() | (costs["on"] <= first))
    )
    won = _sum(costs[costs["is_winning"]], "amount").reindex(found.index)
    spent = _sum(costs, "amount").reindex(found.index, fill_value=0)
    ever = _sum(lines, "earned").reindex(found.index, fill_value=0) - spent
    found["F07"] = ever.where(bought["first"].notna(), -won.fillna(0))
    days = (today - bought["first"]).dt.days + 1
    found["F08"] = told["five_years"] * np.select(
        [days >= 1095, days >= 730, days >= 365],
        [
            (contribution[0] + contribution[1] + contribution[2]) / 3,
            (contribution[0] + contribution[1]) / 2,
            contribution[0],
        ],
        np.nan,
    )
    year = lines[lines["age"] == 0]
    high = _sum(year[year["margin_class"] == "high"], "net").reindex(found.index, fill_value=0)
    found["F09"] = _share(high, sold)
    found["F10"], found["F11"], found["F12"] = served[0], _share(served[0], sold), won
    found["F13"] = _payback(lines, costs, won, bought)
    found["F14"] = served[0] / 12
    listed = year[year["list_value"].notna()]
    value = _sum(listed, "list_value")
    found["F27"] = _share(_sum(listed, "net"), value.where(value > 0))
    lately = lines[lines["on"] >= months[11]]
    net = lately.groupby(["customer", lately["on"].dt.to_period("M")])["net"].sum().astype(float)
    by = net.groupby("customer")
    total, squares = by.sum(), (net * net).groupby("customer").sum()
    above = total.where(total > 0)
    found["T38"] = 100.0 * by.max() / above
    found["F34"] = np.sqrt((12 * squares - total * total).clip(lower=0)) / above


def _payback(lines: Any, costs: Any, won: Any, bought: Any) -> Any:
    spent = won.dropna()
    earned = lines[lines["customer"].isin(spent.index)][["customer", "on", "earned"]]
    cost = costs[~costs["is_winning"]][["customer", "on"]].assign(
        earned=-costs.loc[~costs["is_winning"], "amount"]
    )
    daily = pd.concat([earned, cost]).groupby(["customer", "on"], as_index=False)["earned"].sum()
    daily = daily[daily["customer"].isin(spent.index)].sort_values(["customer", "on"])
    so_far = daily.groupby("customer")["earned"].cumsum() - daily["customer"].map(spent)
    on = daily[so_far >= 0].groupby("customer")["on"].first()
    first = bought["first"].reindex(on.index)
    told = (on.dt.year - first.dt.year) * 12 + on.dt.month - first.dt.month
    return told.clip(lower=0)


def _contacts(found: pd.DataFrame, acts: pd.DataFrame, today: Any) -> None:
    acts["is_lately"] = _age(acts["on"], today) == 0
    met = acts[acts["outcome"].isna() | (acts["outcome"] != "no_answer")]
    year = met[met["is_lately"]]

    def count(some: pd.DataFrame) -> pd.Series:
        return some.groupby("customer").size().reindex(found.index, fill_value=0)

    number = count(year)
    found["S01"] = number
    found["S02"] = (today - met.groupby("customer")["on"].max()).dt.days
    found["S03"] = _share(count(year[year["direction"] == "in"]), number)
    found["S04"] = count(year[year["kind"].isin(["visit", "reception", "meeting"])])
    found["S05"] = count(year[year["level"] >= 4])
    found["S06"] = year.groupby("customer")["channel"].nunique().reindex(found.index, fill_value=0)
    lately = acts[acts["is_lately"]]
    good, bad = (count(lately[lately["outcome"] == one]) for one in ("positive", "negative"))
    found["S12"] = _share(good, good + bad)
    tried = lately[(lately["direction"] == "out") & lately["outcome"].notna()]
    found["S13"] = _share(count(tried[tried["outcome"] != "no_answer"]), count(tried))


def _score(found: pd.DataFrame, told: Any) -> None:
    points = {code: _points(found, code, *told["scales"][code]) for code in told["codes"]}
    over = under = 0.0
    for aspect, weight in told["aspects"].items():
        own = pd.DataFrame({code: its for code, its in points.items() if code[0] == aspect})
        mean = own.mean(axis=1)
        over, under = over + (mean * weight).fillna(0), under + mean.notna() * weight
    found["score"] = np.floor(over / under.where(under > 0) * 100 + 0.5 + 1e-7)
    found["grade"] = np.select(
        [found["score"] >= least * 100 for _, least in told["bands"]],
        [grade for grade, _ in told["bands"]],
        "unrated",
    )


def _points(found: pd.DataFrame, code: str, said: dict[str, Any], on_none: str) -> pd.Series:
    ((kind, its),) = said.items()
    value = found[code].astype(float)
    if kind == "percentile":
        # The mean of the places of equal values counts itself, and a half of it lies below.
        share = (value.rank(method="average") - 0.5) * 100.0 / value.count()
        points = share if its == "rising" else 100.0 - share
    elif kind == "linear":
        points = ((value - its[0]) * 100.0 / (its[1] - its[0])).clip(0, 100)
    else:
        bounds, steps = [bound for bound, _ in its], np.array([0.0, *(float(one) for _, one in its)])
        placed = steps[np.searchsorted(bounds, value.fillna(0), side="right")]
        points = pd.Series(placed, index=found.index).where(value.notna())
    if code == "F11":
        points = points.mask(points.isna() & (found["T02"] <= 0) & (found["F10"] > 0), 0.0)
    if code == "F13":
        points = points.mask(points.isna() & found["F12"].notna(), 0.0)
    return points.fillna(0.0) if on_none == "zero" else points


if __name__ == "__main__":
    main(Path(sys.argv[1]))
