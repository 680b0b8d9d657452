"""What appraisals measure: facts that were recorded of a person in a period, and nothing else (SUP-15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from uuid import UUID

import attrs

from pycrm import Activity, Customer, Money, Opportunity, Outcome, Session
from pycrm.plugins.supervision.entries import entries
from pycrm.plugins.supervision.hours import hours_of, span_of
from pycrm.plugins.supervision.logs import discipline
from pycrm.plugins.supervision.model import VisitPlan, VisitState

__all__ = ["MEASURES", "Measure", "measured"]


@attrs.frozen
class Measure:
    """A figure of a person and a period; None where there is no basis."""

    label: str
    zh: str
    value: Callable[[Session, UUID, date, date], Decimal | int | None]


def _filed(session: Session, person: UUID, first: date, last: date) -> int:
    since, until = span_of(hours_of(session, [person])[person], first, last)
    filed = (Customer.created_by == person, Customer.created_at >= since, Customer.created_at < until)
    return session.count(Customer, *filed)


def _contacts(session: Session, person: UUID, first: date, last: date) -> int:
    since, until = span_of(hours_of(session, [person])[person], first, last)
    within = (Activity.created_by == person, Activity.started_at >= since, Activity.started_at < until)
    answered = [one for one in Outcome if one is not Outcome.NO_ANSWER]
    return session.count(Activity, *within, Activity.outcome.in_(answered))


def _visits(session: Session, person: UUID, first: date, last: date) -> int:
    within = (VisitPlan.owner == person, VisitPlan.on >= first, VisitPlan.on <= last)
    return session.count(VisitPlan, *within, VisitPlan.stage == VisitState.DONE)


def _moved(session: Session, person: UUID, first: date, last: date) -> int:
    return len({one.record.id for one in entries(session, person, first, last, kind="stage")})


def _contracts(session: Session, person: UUID, first: date, last: date) -> int:
    within = (Opportunity.owner == person, Opportunity.closed_on >= first, Opportunity.closed_on <= last)
    return sum(session.stage(one).kind == "won" for one in session.find(Opportunity, *within))


def _discipline(session: Session, person: UUID, first: date, last: date) -> Decimal | None:
    return discipline(session, person, first, last).on_time_share


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "new_customers": Measure("New customers filed", "新增客户", _filed),
        "contacts": Measure("Effective contacts", "有效联系", _contacts),
        "visits": Measure("Visits kept", "完成拜访", _visits),
        "moves": Measure("Opportunities moved", "推进商机", _moved),
        "contracts": Measure("Contracts", "签约数", _contracts),
        "log": Measure("Logs in time (%)", "日志及时率", _discipline),
    }
)


def measured(session: Session, measure: str, person: UUID, first: date, last: date) -> Decimal | None:
    """The value of a measure, to 2 places: one of `MEASURES`, or an indicator of the person's customers.

    An indicator is summed over the customers that the person holds now, as of the last day.

    Raises:
        InvalidError: nobody declares the indicator.
        ForbiddenError: the actor may not read ``scores``, which indicators need.
    """
    known = MEASURES.get(measure)
    value = (
        _summed(session, measure, person, last)
        if known is None
        else known.value(session, person, first, last)
    )
    return None if value is None else Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _summed(session: Session, code: str, person: UUID, last: date) -> Decimal | None:
    held = session.find(Customer, Customer.owner == person)
    if not held:
        return None
    found = session.measure(code, customers=held, as_of=last)
    values = [Decimal(str(one[code].value)) for one in found.values() if one[code].value is not None]
    if not values:
        return None
    total = sum(values, Decimal(0))
    # Amounts come in minor units, and are wanted in whole ones.
    is_money = session.crm.catalog.indicator(code).unit == "money"
    return Money.minor(int(total), session.crm.currency).amount if is_money else total
