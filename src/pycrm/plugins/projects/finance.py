"""What projects cost against their budgets, and what they bring (PRJ-12, PRJ-13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from operator import add

import attrs

from pycrm import Money, Session
from pycrm.plugins.projects.cost import CostBudget, CostEntry, CostKind, RevenueKind, RevenueLine
from pycrm.plugins.projects.desk import Picture
from pycrm.plugins.projects.knowledge import percent
from pycrm.plugins.projects.project import ProjectFile

__all__ = [
    "Contribution",
    "CostLine",
    "Expectation",
    "cost_lines",
    "costs",
    "expectation",
    "figures",
    "used",
]


@attrs.frozen
class CostLine:
    """What was spent of a kind, of what may be: `used` in percent, None without a budget."""

    kind: str
    budget: Money
    spent: Money
    used: Decimal | None


def cost_lines(entries: Iterable[CostEntry], budgets: Iterable[CostBudget], currency: str) -> list[CostLine]:
    """One line for each kind that has a budget or costs, and the total; of entries and budgets in sight."""
    nothing = Money(0, currency)
    spent: dict[CostKind, Money] = defaultdict(lambda: nothing)
    given: dict[CostKind, Money] = defaultdict(lambda: nothing)
    for entry in entries:
        if entry.amount is not None:
            spent[entry.kind] += entry.amount
    for budget in budgets:
        given[budget.kind] += budget.amount
    kinds = [kind for kind in CostKind if kind in spent or kind in given]
    lines = [(kind.value, given[kind], spent[kind]) for kind in kinds]
    lines.append(("total", reduce(add, given.values(), nothing), reduce(add, spent.values(), nothing)))
    return [CostLine(kind, may, is_, percent(is_.units, may.units)) for kind, may, is_ in lines]


def costs(session: Session, project: ProjectFile) -> list[CostLine]:
    """Costs against budget as far as the reader sees them: a member the own ones, the lead all."""
    entries = session.find(CostEntry, CostEntry.project == project.id)
    budgets = session.find(CostBudget, CostBudget.project == project.id)
    return cost_lines(entries, budgets, session.crm.currency)


def used(picture: Picture) -> Decimal | None:
    """The most that is used of any budget of a project, in percent, by whomever; None without a budget."""
    desk = picture.desk
    lines = cost_lines(picture.of(desk.costs), picture.of(desk.budgets), desk.session.crm.currency)
    return max((line.used for line in lines if line.used is not None), default=None)


@attrs.frozen
class Contribution:
    """What a project has brought: contract - cost of goods - cost of the pursuit, and that in percent.

    `received` is what has been paid of the contract, `by_month` what was spent in each month.
    """

    contract: Money
    received: Money
    goods: Money
    pursuit: Money
    contribution: Money
    percent: Decimal | None
    by_kind: Mapping[str, Money]
    by_month: Mapping[str, Money]


@attrs.frozen
class Expectation:
    """What a project may bring: our value x probability x (1 - share of goods) - what was spent so far."""

    value: Money
    probability: int
    goods_share: Decimal
    pursuit: Money
    contribution: Money


def figures(session: Session, project: ProjectFile) -> Contribution:
    """The contribution of a project, of lines that the reader sees."""
    nothing = Money(0, session.crm.currency)
    sums = dict.fromkeys(RevenueKind, nothing)
    for line in session.find(RevenueLine, RevenueLine.project == project.id):
        sums[line.kind] += line.amount
    by_kind: dict[str, Money] = {}
    by_month: dict[str, Money] = {}
    entries = session.find(CostEntry, CostEntry.project == project.id, order=CostEntry.on)
    for entry in entries:
        if entry.amount is not None:
            for key, held in ((entry.kind.value, by_kind), (f"{entry.on:%Y-%m}", by_month)):
                held[key] = held.get(key, nothing) + entry.amount
    pursuit = reduce(add, by_kind.values(), nothing)
    left = sums[RevenueKind.CONTRACT] - sums[RevenueKind.GOODS] - pursuit
    return Contribution(
        contract=sums[RevenueKind.CONTRACT],
        received=sums[RevenueKind.RECEIPT],
        goods=sums[RevenueKind.GOODS],
        pursuit=pursuit,
        contribution=left,
        percent=percent(left.units, sums[RevenueKind.CONTRACT].units),
        by_kind=by_kind,
        by_month=by_month,
    )


def expectation(session: Session, project: ProjectFile) -> Expectation | None:
    """What a project may bring before there is a contract; None while its value or share of goods is unknown."""
    if project.our_scope_value is None or project.goods_share is None:
        return None
    pursuit = figures(session, project).pursuit
    probability = session.stage(project).probability or 0
    value, share = project.our_scope_value, project.goods_share
    weighted = value.times(Decimal(probability) / 100)
    return Expectation(
        *(value, probability, share, pursuit), weighted - weighted.times(share / 100) - pursuit
    )
