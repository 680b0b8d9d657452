"""Invented opportunities: who sells what to whom, and every act that this takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Protocol

import attrs
from pycrm import Money
from pycrm.entities.activity import Outcome

from b2b_project_sales.sample import customers
from b2b_project_sales.sample.acts import (
    Act,
    FinishTask,
    Keep,
    MoveDeal,
    OpenDeal,
    PlanTask,
    Tell,
)
from b2b_project_sales.sample.course import Step, course
from b2b_project_sales.sample.words import CATALOGUE, COMPETITORS, DONE, LOST, NEEDS

__all__ = ["Days", "Draft", "Planned", "acts", "drafts"]

Planned = tuple[int, str, Act]
"""The week in which somebody does something."""

# What is worth a million is a project, see `projects`.
_MOST = 950_000
_TYPICAL, _SPREAD = 100_000, 1.3
_FOR_A_COLLEAGUE = 5
_PRODUCTS = [row for rows in CATALOGUE.values() for row in rows]


class Days(Protocol):
    """Which day a week's weekday is."""

    @property
    def today(self) -> date:
        """The day before which everything lies."""
        ...

    def day(self, week: int, weekday: int = 0) -> date:
        """The day of that week, 0 for Monday."""
        ...


@attrs.frozen(eq=False)
class Draft:
    """An opportunity before it is filed; `seller` is whose it is, in doubt not the customer's owner."""

    number: int
    customer: customers.Draft
    seller: str
    title: tuple[str, str]
    week: int
    yuan: int
    lines: tuple[tuple[str, int, int], ...]
    steps: tuple[Step, ...]

    @property
    def is_colleagues(self) -> bool:
        """Whether the region's manager gave it to somebody who does not own the customer."""
        return self.seller != self.customer.seller


def drafts(random: Random, known: Sequence[customers.Draft], many: int, weeks: int) -> list[Draft]:
    """So many opportunities of these customers, spread over the weeks."""
    heights = list(accumulate(customer.weight for customer in known))
    return [_draft(random, number, known, heights, weeks) for number in range(many)]


def _draft(
    random: Random, number: int, known: Sequence[customers.Draft], heights: list[float], weeks: int
) -> Draft:
    customer = random.choices(known, cum_weights=heights)[0]
    week = random.randint(customer.week + 1, weeks - 1)
    yuan = min(_MOST, max(4_000, round(random.lognormvariate(0, _SPREAD) * _TYPICAL, -3)))
    lines = () if random.randrange(5) < 3 else _lines(random, min(yuan, 500_000))
    seller = customer.seller
    if random.randrange(100) < _FOR_A_COLLEAGUE:
        seller = random.choice([one.login for one in customer.region.sellers])
    return Draft(
        number=number,
        customer=customer,
        seller=seller,
        title=random.choice(NEEDS),
        week=week,
        yuan=int(yuan),
        lines=lines,
        # A colleague finds it on the desk in the week after.
        steps=tuple(course(random, week + (seller != customer.seller), weeks - 1)),
    )


def _lines(random: Random, yuan: float) -> tuple[tuple[str, int, int], ...]:
    chosen = random.sample(_PRODUCTS, random.randint(1, 3))
    return tuple((code, max(1, int(yuan / len(chosen) / price)), price) for code, _, _, price, _ in chosen)


def acts(random: Random, sale: Draft, days: Days) -> Iterator[Planned]:
    """Everything that is done for an opportunity, each with its week and whoever does it."""
    # What an opportunity is worth is often known only when it is quoted.
    is_known = not sale.lines and random.randrange(5) < 3
    amount = Money(sale.yuan, "CNY")
    yield (
        sale.week,
        sale.customer.region.manager.login if sale.is_colleagues else sale.seller,
        OpenDeal(
            sale.number,
            sale.customer.number,
            f"{sale.title[0]} {days.day(sale.week).year}",
            days.day(sale.week) + timedelta(weeks=random.randint(8, 26)),
            amount if is_known else None,
            sale.lines,
            sale.seller if sale.is_colleagues else None,
        ),
    )
    before = "filed"
    for step in sale.steps:
        yield step.week, sale.seller, _moved(random, sale, step, before, days)
        if not sale.is_colleagues:
            for act in _told(random, sale, step, days):
                yield step.week, sale.seller, act
        before = step.stage
    yield from _tasks(random, sale, before, days)


def _moved(random: Random, sale: Draft, step: Step, before: str, days: Days) -> MoveDeal:
    day = days.day(step.week)
    values: dict[str, Any] = {}
    because = None
    if before == "lost":
        because = "They called again: the competitor did not deliver."
    elif step.stage == "need_confirmed":
        values = {"need": sale.title[1]}
    elif step.stage == "quoted" and before != "negotiating":
        values = _offer(random, sale, before, day)
    elif step.stage == "won":
        values = {"closed_on": day}
    elif step.stage == "lost":
        values = {"lost_reason": random.choice(LOST)}
        values |= {"competitors": (random.choice(COMPETITORS),)} if random.randrange(2) else {}
    return MoveDeal(sale.number, step.stage, values, because)


def _offer(random: Random, sale: Draft, before: str, day: date) -> dict[str, Any]:
    values: dict[str, Any] = {"expected_close": day + timedelta(weeks=random.randint(4, 16))}
    if not sale.lines:
        values["amount"] = Money(sale.yuan, "CNY")
    if before == "contacted":
        values["need"] = sale.title[1]
    return values


_OUTCOMES = {"won": Outcome.POSITIVE, "lost": Outcome.NEGATIVE}


def _told(random: Random, sale: Draft, step: Step, days: Days) -> Iterator[Act]:
    """What the salesperson writes down about it, and what was promised."""
    if random.randrange(5) < 3:
        return
    kind, summary = DONE[step.stage]
    day = days.day(step.week)
    promises = step.stage == "quoted" and random.randrange(6) == 0
    due = day + timedelta(days=random.randint(7, 25))
    yield Tell(
        customer=sale.customer.number,
        deal=sale.number,
        kind=kind,
        summary=f"{summary} ({sale.title[0]})",
        hours_ago=random.randint(1, 30),
        outcome=_OUTCOMES.get(step.stage, random.choice((Outcome.POSITIVE, Outcome.NEUTRAL))),
        next_on=None if step.stage in _OUTCOMES else day + timedelta(days=random.randint(5, 30)),
        promise="Send the certificates and the drawing of the foundation." if promises else None,
        due_on=due if promises else None,
    )
    # Of what is still due nobody can say yet whether it was kept.
    if promises and due <= day and random.randrange(5):
        yield Keep(sale.number, due)


def _tasks(random: Random, sale: Draft, stage: str, days: Days) -> Iterator[Planned]:
    """Open deals have a next step for their owner; of the decided, some had one and it was done."""
    last = sale.steps[-1].week if sale.steps else sale.week
    wanted = random.randrange(2) == 0 if stage not in _OUTCOMES else random.randrange(10) == 0
    if not wanted or (sale.is_colleagues and not sale.steps):
        return
    due = days.day(last) + timedelta(days=random.randint(7, 35))
    yield (
        last,
        sale.seller,
        PlanTask(sale.number, f"Call about {sale.title[0]}", datetime.combine(due, time(9), UTC)),
    )
    if stage in _OUTCOMES:
        yield last, sale.seller, FinishTask(sale.number)
