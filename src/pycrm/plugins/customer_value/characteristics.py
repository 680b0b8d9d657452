"""Aspect C, characteristics (特征): who a customer is, what it could buy and whom we know there.

Tables that only the enterprise can fill (industries, regions, kinds of ownership, zones, incomes) are
empty here: until a model has its own, such an indicator is neutral or left out.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.scoring import (
    LIFE,
    YEAR,
    Bands,
    Indicator,
    Linear,
    Nearest,
    Percentile,
    Table,
    Window,
    YesNo,
    as_of,
    average,
    clip,
    count,
    days_between,
    distinct,
    floor,
    greatest,
    let,
    minor_units,
    months_between,
    named,
    one,
    percent,
    ratio,
    smallest,
    total,
    zero,
)
from pycrm.scoring.feeds import (
    contacts,
    decisions,
    estimates,
    flags,
    groups,
    judgement,
    known_groups,
    origins,
    profile,
    purchases,
    rivals,
    staffing,
    ties,
    transactions,
)

__all__ = ["INDICATORS"]

_DEPARTMENTS = ("user", "technical", "procurement", "decision")
_RISKS = ("lawsuit", "blacklist", "dispute")
_TIES = ("relative_of", "referred", "employs")
_RATINGS = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D")
_LEAST_CLOSED = 20


def _yes(value: Any) -> Any:
    """1 for yes and 0 for no, of what may be unknown."""
    return sa.case((value, 1), (value.is_not(None), 0))


def _ten_thousands(amount: Any) -> Any:
    return ratio(amount, minor_units() * 10_000)


def _lasts(until: Any) -> Any:
    """That what has no end, or one that has not come, goes on."""
    return sa.or_(until.is_(None), until > as_of())


def _known(*items: tuple[Any, int]) -> Any:
    """The weights of those items that are there."""
    return sum(sa.case((there, weight), else_=0) for there, weight in items)


def _later(first: Any, instead: Any) -> Any:
    """A date, or another where it is not known."""
    return sa.case((first.is_not(None), first), else_=instead)


_is_person = one(profile.is_person)
_filed = one(profile.filed_on)
_active = _lasts(contacts.left_on)
_departments = zero(
    distinct(contacts.department, where=sa.and_(_active, contacts.department.in_(_DEPARTMENTS)))
)
_deciders = count(contacts, where=sa.and_(_active, contacts.department == "decision"))
_key_contact = sa.or_(contacts.is_primary, contacts.department == "decision", contacts.level >= 4)
_first = smallest(purchases.on, where=purchases.net > 0)
_bought = zero(total(transactions.net, within=YEAR))
_verified, _rated = one(judgement.verified_on), one(judgement.rated_on)
_employees, _birth = one(staffing.then), one(profile.birth_on)
_unserved = let(named("C15") - _bought)
_tie = sa.and_(ties.kind.in_(_TIES), _lasts(ties.until), ties.other != ties.customer)
_closed = one(origins.closed)

# COR-18. A person has neither industry nor tax id nor departments: what may be known of it is the whole.
_filled = 15 + _known((one(profile.is_reachable), 10), (one(profile.region).is_not(None), 10))
_filled_company = _known(
    (one(profile.industry).is_not(None), 10),
    (one(profile.employees).is_not(None), 5),
    (one(profile.has_tax_id), 10),
)
_completeness = sa.case(
    (_is_person, percent(_filled, 35)), else_=percent(_filled + _filled_company + _departments * 10, 100)
)

_COMPANY = (
    Indicator(
        *("C01", "Enterprise size", "客户规模", "C", "persons", one(profile.employees)),
        Bands((0, 20), (50, 40), (200, 60), (1000, 80), (5000, 100)),
        "neutral",
    ),
    Indicator(
        *("C02", "Registered capital", "注册资本", "C", "10k"),
        _ten_thousands(one(profile.registered_capital)),
        Linear(0, 5000),
        "neutral",
    ),
    Indicator(
        *("C03", "Customer's own turnover", "客户年营业额", "C", "10k"),
        _ten_thousands(one(profile.annual_revenue)),
        Linear(0, 50_000),
        "neutral",
    ),
    Indicator(
        *("C04", "Industry attractiveness", "行业吸引力", "C", "points", one(profile.industry)),
        Table({}),
        "neutral",
    ),
    Indicator(
        *("C05", "Region attractiveness", "地区吸引力", "C", "points", one(profile.region)),
        Nearest({}),
        "neutral",
    ),
    Indicator(
        *("C06", "Ownership kind", "所有制性质", "C", "points", one(profile.ownership_kind)),
        Table({}),
        "neutral",
    ),
    Indicator("C07", "Listed company", "上市公司", "C", "yes/no", _yes(one(profile.listed)), YesNo()),
    Indicator(
        *("C08", "Age of enterprise", "成立年限", "C", "years"),
        ratio(days_between(one(profile.founded_on), as_of()), 365.25),
        Linear(0, 20),
    ),
    Indicator(
        *("C12", "External credit rating", "外部信用评级", "C", "points"),
        sa.case((Window(2 * 365).holds(_rated), one(judgement.credit_rating))),
        Table(dict(zip(_RATINGS, (100, 90, 80, 70, 60, 50, 40, 30, 20, 0), strict=True))),
    ),
    Indicator(
        *("C13", "Market position", "市场地位", "C", "points", one(profile.market_position)),
        Table({"leader": 100, "challenger": 75, "follower": 50, "niche": 25}),
    ),
    Indicator(
        *("C14", "Growth of headcount", "人员规模增长率", "C", "%"),
        percent(one(staffing.now) - _employees, _employees),
        Linear(-20, 30),
    ),
)

_PERSON = (
    Indicator(
        *("C32", "Age", "年龄段", "C", "years", floor(ratio(months_between(_birth, as_of()), 12))),
        Bands((0, 50)),
        reason_needed=True,
    ),
    Indicator("C33", "Income band", "收入水平", "C", "points", one(profile.income_band), Table({})),
)

_DEMAND = (
    Indicator(
        *("C15", "Estimated yearly demand", "预计年需求额", "C", "money", total(estimates.amount)),
        Percentile(),
    ),
    Indicator(
        *("C16", "Unserved potential", "未满足潜力", "C", "money"),
        # Not clip: it gives fractions, and this is an amount.
        sa.case((_unserved < 0, 0), else_=_unserved),
        Percentile(),
    ),
    Indicator(
        *("C17", "Purchasing centralisation", "采购集中度", "C", "points", one(judgement.purchasing)),
        Table({"central": 100, "mixed": 60, "dispersed": 30}),
    ),
    Indicator(
        *("C18", "Decision cycle", "决策周期", "C", "days"),
        average(decisions.days, where=(decisions.place * 2).between(decisions.number, decisions.number + 2)),
        Linear(180, 14),
    ),
    Indicator(
        *("C28", "Rivals supplying", "竞争供应商数", "C", "count"),
        zero(distinct(rivals.rival, where=_lasts(rivals.until))),
        Linear(4, 0),
    ),
    Indicator(
        *("C29", "Switching cost for customer", "客户转换成本", "C", "1-5", one(judgement.switching_cost)),
        Linear(1, 5),
    ),
    Indicator(
        *("C30", "Distance to service point", "距服务网点远近", "C", "points", one(judgement.zone)), Table({})
    ),
    Indicator(
        *("C31", "Risk flags", "风险标记数", "C", "count"),
        zero(count(flags, where=sa.and_(flags.kind.in_(_RISKS), _lasts(flags.closed_on)))),
        Bands((0, 100), (1, 40), (2, 0)),
    ),
)

_RELATIONSHIP = (
    Indicator(
        *("C09", "Length of relationship", "合作时长", "C", "months"),
        months_between(_later(_first, _filed), as_of()),
        Linear(0, 60),
    ),
    Indicator(
        *("C10", "Group membership", "集团内其他客户数", "C", "count", zero(one(groups.customers) - 1)),
        Linear(0, 5),
    ),
    Indicator(
        *("C11", "Group penetration", "集团渗透率", "C", "%"),
        percent(one(groups.customers), one(known_groups.companies)),
        Linear(0, 100),
    ),
    Indicator(
        *("C19", "Known contacts", "已知联系人数", "C", "count", zero(count(contacts, where=_active))),
        Linear(0, 8),
    ),
    Indicator(
        *("C20", "Department coverage", "部门覆盖率", "C", "%"),
        sa.case((sa.not_(_is_person), percent(_departments, len(_DEPARTMENTS)))),
        Linear(0, 100),
    ),
    Indicator(
        *("C21", "Highest level known", "最高联系人级别", "C", "1-5"),
        clip(zero(greatest(contacts.level, where=_active)), 1, 5),
        Linear(1, 5),
    ),
    Indicator(
        *("C22", "Decision maker known", "已知决策人", "C", "yes/no", clip(zero(_deciders), 0, 1)), YesNo()
    ),
    Indicator("C23", "Completeness of file", "档案完整度", "C", "%", _completeness, Linear(0, 100)),
    Indicator(
        *("C24", "Freshness of file", "档案新鲜度", "C", "days"),
        days_between(sa.case((LIFE.holds(_verified), _verified), else_=_filed), as_of()),
        Linear(365, 30),
    ),
    Indicator(
        *("C25", "Quality of source", "来源质量", "C", "%"),
        sa.case((_closed >= _LEAST_CLOSED, percent(one(origins.won), _closed))),
        Linear(0, 40),
        "neutral",
    ),
    Indicator(
        *("C26", "Strategic customer", "战略客户", "C", "yes/no", _yes(one(profile.strategic))), YesNo()
    ),
    Indicator(
        *("C27", "Willing to be a reference", "愿作推荐客户", "C", "yes/no"),
        _yes(one(judgement.is_reference)),
        YesNo(),
    ),
    Indicator(
        *("C34", "Connected customers", "关联客户数", "C", "count"),
        zero(distinct(ties.other, where=_tie)),
        Linear(0, 5),
    ),
    Indicator(
        *("C35", "Signing chance", "签约可能性", "C", "points"),
        sa.case((one(profile.lifecycle) != "buyer", one(profile.signing_grade))),
        Table({"A": 100, "B": 70, "C": 40, "D": 10}),
    ),
    Indicator(
        *("C36", "Stability of contacts", "关键联系人流失数", "C", "count"),
        zero(count(contacts, where=_key_contact, within=YEAR, by=contacts.left_on)),
        Linear(3, 0),
    ),
)

INDICATORS = (*_COMPANY, *_PERSON, *_DEMAND, *_RELATIONSHIP)
