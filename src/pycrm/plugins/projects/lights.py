"""How a project is doing: the worst of its reports, milestones, costs, support, bid and conditions (PRJ-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

import attrs

from pycrm.plugins.projects.backing import support
from pycrm.plugins.projects.desk import Picture
from pycrm.plugins.projects.finance import used
from pycrm.plugins.projects.knowledge import blocks, unmet

__all__ = ["Cause", "Health", "Light", "health", "last_report"]

_WHOLE = 100


class Light(StrEnum):
    """Green, yellow or red."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


_WORST = list(Light)


@attrs.frozen
class Cause:
    """Why a project is not green: what of it, how bad, in words."""

    what: str
    light: Light
    text: str


@attrs.frozen
class Health:
    """The worst light, and each cause of one, the worst first."""

    light: Light
    causes: tuple[Cause, ...]


def health(picture: Picture) -> Health:
    """The health of a project today; one that is decided has none to lose."""
    found = sorted(_causes(picture), key=lambda one: -_WORST.index(one.light)) if picture.is_open else []
    return Health(found[0].light if found else Light.GREEN, tuple(found))


def _causes(picture: Picture) -> Iterator[Cause]:
    for look in (_report, _milestones, _costs, _support, _bid, _conditions):
        yield from look(picture)


def _by(number: int, yellow: int, red: int) -> Light | None:
    """Red beyond the one, yellow beyond the other."""
    return Light.RED if number > red else Light.YELLOW if number > yellow else None


def last_report(picture: Picture) -> date:
    """The day of the newest report; without one the day on which the project was entered."""
    crm = picture.desk.session.crm
    written = [one.written_at for one in picture.of(picture.desk.reports)]
    return crm.calendar_day(max(written, default=picture.project.created_at))


def _report(picture: Picture) -> Iterator[Cause]:
    limits = picture.desk.limits
    days = (picture.today - last_report(picture)).days
    light = _by(days, limits.report_yellow_days, limits.report_red_days)
    if light is not None:
        yield Cause("report", light, f"no report for {days} days")


def _milestones(picture: Picture) -> Iterator[Cause]:
    limits = picture.desk.limits
    for one in picture.of(picture.desk.milestones):
        late = one.days_late(picture.today)
        light = _by(late, limits.late_yellow_days, limits.late_red_days)
        # What was reached late is over.
        if light is not None and one.actual is None:
            yield Cause("milestone", light, f"{one.name} is {late} days late")


def _costs(picture: Picture) -> Iterator[Cause]:
    share, warning = used(picture), picture.desk.limits.cost_warning
    if share is not None and share >= _WHOLE:
        yield Cause("costs", Light.RED, "a budget is used up")
    elif share is not None and share >= warning:
        yield Cause("costs", Light.YELLOW, f"{warning} % of a budget is used")


def _support(picture: Picture) -> Iterator[Cause]:
    index, limits = support(picture).index, picture.desk.limits
    if index is not None and index < limits.support_yellow:
        light = Light.RED if index < limits.support_red else Light.YELLOW
        yield Cause("support", light, f"the support index is {index}")


def _bid(picture: Picture) -> Iterator[Cause]:
    bid = picture.project.bid_date
    if bid is None or not 0 <= (bid - picture.today).days <= picture.desk.limits.bid_within_days:
        return
    missing = [what for one in blocks(picture) for what in one.missing]
    if missing:
        yield Cause(
            "bid", Light.RED, f"the bid is in {(bid - picture.today).days} days, without {', '.join(missing)}"
        )


def _conditions(picture: Picture) -> Iterator[Cause]:
    for one in unmet(picture):
        yield Cause("condition", Light.RED, f"not met in time, decide anew: {one}")
