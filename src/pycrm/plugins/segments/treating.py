"""What a customer gets: for each dimension one treatment, and where the value comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from pycrm import Money, Session
from pycrm.plugins.segments.model import Serving, Treatment, TreatmentState
from pycrm.scoring import Supply
from pycrm.scoring.feeds import treatments as treatments_feed

__all__ = ["AMENDED", "DIMENSIONS", "SUPPLY", "Dimension", "Effective", "add_defaults", "effective", "said"]


@attrs.frozen
class Dimension:
    """One thing that customers get more or less of: what it is called, and in which unit it is."""

    word: str
    zh: str
    unit: str = ""


DIMENSIONS: Mapping[str, Dimension] = {
    "contact_days": Dimension("contact", "联系", "days"),
    "first_response_hours": Dimension("response", "响应", "h"),
    "sla_class": Dimension("service level", "服务级别"),
    "dedicated_person": Dimension("dedicated person", "专人"),
    "gift_budget": Dimension("gift budget", "礼品预算"),
    "offer": Dimension("offer", "优惠"),
    "price_tier": Dimension("price tier", "价格等级"),
    "account_days": Dimension("account period", "账期", "days"),
}
# What a treatment does not change by itself (SEG-6).
AMENDED = ("price_tier", "account_days")


@attrs.frozen
class Effective:
    """A value with the treatment that it comes from."""

    value: Any
    treatment: Treatment


def effective(
    treatments: Iterable[Treatment], grade: str | None, segments: Collection[UUID], day: date
) -> dict[str, Effective]:
    """The one treatment in force for each dimension, for a customer of that grade in these segments (SEG-5).

    The highest priority comes first, then what is narrower (a grade and a segment, then a segment, then a
    grade), then the newer.

    Args:
        treatments: all there are; drafts and those of other days do not count.
        segments: the ids of the segments that the customer is in.
    """
    found: dict[str, Effective] = {}
    for one in sorted(treatments, key=_first, reverse=True):
        if not _applies(one, grade, segments, day):
            continue
        for name in DIMENSIONS:
            value = getattr(one, name)
            if value is not None and name not in found:
                found[name] = Effective(value, one)
    return found


def _first(one: Treatment) -> tuple[Any, ...]:
    narrow = 2 * (one.segment is not None) + (one.grade is not None)
    return one.priority, narrow, one.since, one.id


def _applies(one: Treatment, grade: str | None, segments: Collection[UUID], day: date) -> bool:
    in_force = one.since <= day and (one.until is None or day < one.until)
    of_grade = one.grade is None or one.grade == grade
    of_segment = one.segment is None or one.segment.id in segments
    return one.state is TreatmentState.PUBLISHED and in_force and of_grade and of_segment


def said(name: str, before: Any, after: Any) -> str:
    """A change of a dimension in words: ``contact 14 -> 30 days``."""
    dimension = DIMENSIONS[name]
    return f"{dimension.word} {_value(name, before)} -> {_value(name, after)} {dimension.unit}".rstrip()


def _value(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name == "price_tier" and value == 0:
        return "list price"
    return f"{value.amount:f} {value.currency}" if isinstance(value, Money) else str(value)


def _due() -> sa.Select[tuple[object, ...]]:
    serving = Serving.__table__.c
    return sa.select(serving.of_id.label("customer"), serving.contact_days.label("contact_days"))


# What customers are due, for indicators of whether they get it.
SUPPLY = Supply(treatments_feed, _due)

# By grade: days between contacts, hours until the first response, price tier, account days (SEG-8).
_DEFAULTS = {"A": (7, 1, 1, 60), "B": (14, 4, 2, 45), "C": (30, 8, 3, 30), "D": (90, 24, 0, 0)}
_REASONS = {
    "A": "You buy from us steadily and much, and so we keep the best terms for you.",
    "B": "You buy from us often, and better terms follow when you buy more.",
    "C": "These are our terms for customers who buy now and then.",
    "D": "These are our usual terms; others follow when we have worked together for a while.",
}


def add_defaults(session: Session, *, since: date | None = None) -> list[Treatment]:
    """Publish the treatments by grade with which an enterprise may begin (SEG-8).

    Raises:
        ForbiddenError: the actor may not create treatments.
        ConflictError: there are treatments of that priority for the grades.
    """
    day = since or session.crm.calendar_day(session.now)
    return [
        session.add(
            Treatment(
                name=f"Grade {grade}",
                priority=10,
                grade=grade,
                contact_days=days,
                first_response_hours=hours,
                price_tier=tier,
                account_days=account,
                reason=_REASONS[grade],
                state=TreatmentState.PUBLISHED,
                since=day,
            )
        )
        for grade, (days, hours, tier, account) in _DEFAULTS.items()
    ]
