"""Invented project files: large opportunities run through the plugin's own pipeline as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from pycrm import Money

from b2b_project_sales.project import Funding, ProjectKind, Tender
from b2b_project_sales.sample.acts import Act, Evaluate, MoveProject, OpenProject
from b2b_project_sales.sample.course import Step
from b2b_project_sales.sample.words import COMPETITORS, CRITERIA, LESSONS, LOST

if TYPE_CHECKING:
    from b2b_project_sales.sample.deals import Days, Draft

__all__ = ["before", "opening"]

_SITES = ("on the customer's ground", "harbour, plot 7", "new development zone", "by the river")
_ABROAD = ("Port Verra, abroad", "Samarin, abroad")


def opening(random: Random, sale: Draft, days: Days) -> Iterator[tuple[int, str, Act]]:
    """The file is opened with the opportunity, with what is known by then."""
    overseas = random.randrange(6) == 0
    bid_week = next((step.week for step in sale.steps if step.stage == "negotiating"), sale.week + 18)
    values: dict[str, Any] = {
        "name": f"{sale.title[0]}, {sale.customer.name}",
        "kind": random.choice(list(ProjectKind)),
        "site": random.choice(_ABROAD if overseas else _SITES),
        "overseas": overseas,
        "investment": Money(sale.yuan * random.randint(3, 12), "CNY"),
        "funding": random.choice(list(Funding)),
        "tender": random.choice(list(Tender)),
        "bid_on": days.day(sale.week) + timedelta(weeks=bid_week - sale.week, days=random.randint(8, 20)),
        "budget": Money(max(10_000, sale.yuan // 50), "CNY"),
    }
    yield sale.week, sale.seller, OpenProject(sale.number, sale.customer.number, values)


def before(random: Random, sale: Draft, step: Step, stage: str, days: Days) -> Iterator[tuple[int, str, Act]]:
    """What happens to the project before (and after) its opportunity reaches that stage."""

    def move(week: int, to: str, because: str | None = None, **values: Any) -> tuple[int, str, Act]:
        return week, sale.seller, MoveProject(sale.number, to, values, because)

    def later(weeks: int, to: str) -> Iterator[tuple[int, str, Act]]:
        # The steps of a large deal lie at least three weeks apart, so nothing overtakes these.
        if days.day(step.week + weeks) < days.today:
            yield move(step.week + weeks, to)

    if step.stage == "quoted":
        scores = tuple(random.randint(3, 5) for _ in CRITERIA)
        yield step.week, sale.seller, Evaluate(sale.number, scores)
        yield move(
            step.week,
            "initiated",
            supply="Pumps, valves and controls, with commissioning.",
            our_value=Money(sale.yuan, "CNY"),
            competitors=tuple(random.sample(COMPETITORS, random.randint(1, 3))),
        )
        yield from later(1, "strategy")
        if step is sale.steps[-1]:
            yield from later(6, "technical")
    elif step.stage == "negotiating":
        yield move(step.week - 2, "technical")
        yield move(step.week, "bid")
        yield from later(2, "negotiation")
    elif step.stage == "won":
        yield move(step.week, "won")
        yield from later(4, "handed_over")
    elif step.stage == "lost" and stage in ("quoted", "negotiating"):
        yield move(step.week, "lost", lost_reason=random.choice(LOST), lesson=random.choice(LESSONS))
    elif step.stage == "lost":
        yield move(step.week, "stopped", because="They do not go on with the project.")
