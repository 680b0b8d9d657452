"""Whether customers alike are treated alike: prices, service and contacts by group, and reasons."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median
from typing import Any
from uuid import UUID

import attrs

from pycrm import Customer, InvalidError, Party, Problem, Ref, Session
from pycrm.plugins.segments.model import (
    FairnessFinding,
    FindingState,
    Segment,
    SegmentMember,
    Serving,
    Treatment,
)
from pycrm.plugins.segments.treating import DIMENSIONS
from pycrm.scoring.feeds import answers, transactions

__all__ = [
    "Answering",
    "Deviation",
    "Group",
    "Prices",
    "Reasoned",
    "Reasons",
    "by_answers",
    "by_group",
    "compare_prices",
    "reasons",
    "record_findings",
]

LEAST_CUSTOMERS = 4
LEAST_SHOWN = 5
MOST_PERCENT = 10
BANDS = (10, 100, 1000)
_CENT = Decimal("0.01")


@attrs.frozen
class Deviation:
    """A net price that differs from the median of its group, in percent of that.

    Args:
        group: quantity band and grade, in words.
        reason: why it is so, where that is on record.
    """

    customer: Ref[Customer]
    product: str
    group: str
    on: date
    percent: Decimal
    reason: str | None


@attrs.frozen
class Prices:
    """What a comparison of prices found (ANA-13).

    Args:
        findings: deviations without a reason on record; `explained` those with one.
        groups: how many groups were compared, and `too_small` how many had too few customers.
    """

    findings: tuple[Deviation, ...]
    explained: tuple[Deviation, ...]
    groups: int
    too_small: int


@attrs.frozen
class _Line:
    customer: Ref[Customer]
    product: str
    on: date
    origin: str | None
    price: Fraction


def compare_prices(
    session: Session,
    since: date,
    until: date,
    *,
    approved: Mapping[str, str] | None = None,
    bands: Sequence[float] = BANDS,
    most: int = MOST_PERCENT,
) -> Prices:
    """Hold each net price of a period against those that customers of the same grade paid.

    Prices of one product and one band of quantities are compared where at least 4 customers of a grade
    bought. What deviates by more than `most` percent from the median is a finding, unless a reason is on
    record: that of the sale, or of a price tier that not most of the group have.

    Args:
        approved: by the origin of a sale, why its price is another: a contract, an approval.
        bands: where quantities part, each bound belonging to the band above it.

    Raises:
        ForbiddenError: the actor may not read ``scores``.
        InvalidError: nobody offers what was sold.
    """
    grades, tiers = session.grades(), _tiers(session)
    groups: dict[tuple[str, str], list[_Line]] = {}
    for fact in session.facts(transactions, since=since, until=until):
        grade, qty = grades.get(fact["customer"]), fact.get("qty")
        if grade is None or not qty or qty <= 0 or fact.get("is_return") or fact.get("net") is None:
            continue
        product = str(fact.get("product"))
        price = Fraction(fact["net"]) / Fraction(qty)
        line = _Line(fact["customer"], product, fact["on"], fact.get("origin"), price)
        groups.setdefault((product, f"{_band(qty, bands)}, grade {grade}"), []).append(line)
    large = {key: lines for key, lines in groups.items() if _customers(lines) >= LEAST_CUSTOMERS}
    found = [
        one
        for (_, group), lines in sorted(large.items())
        for one in _deviations(group, lines, approved or {}, tiers, most)
    ]
    return Prices(
        findings=tuple(one for one in found if one.reason is None),
        explained=tuple(one for one in found if one.reason is not None),
        groups=len(large),
        too_small=len(groups) - len(large),
    )


def _customers(lines: Iterable[_Line]) -> int:
    return len({one.customer for one in lines})


def _band(qty: float, bands: Sequence[float]) -> str:
    at = bisect_right(bands, qty)
    low = f"{bands[at - 1]:g}" if at else "0"
    return f"{low} and more" if at == len(bands) else f"{low} to below {bands[at]:g}"


def _deviations(
    group: str,
    lines: Sequence[_Line],
    approved: Mapping[str, str],
    tiers: Mapping[UUID, Treatment],
    most: int,
) -> Iterable[Deviation]:
    middle = median(one.price for one in lines)
    if middle == 0:
        return
    held = Counter(tiers[id].id for id in {one.customer.id for one in lines} if id in tiers)
    for one in lines:
        percent = (one.price - middle) / middle * 100
        if abs(percent) > most:
            tier = tiers.get(one.customer.id)
            is_own = tier is not None and held[tier.id] * 2 < _customers(lines)
            reason = approved.get(one.origin or "") or (tier.reason if tier is not None and is_own else None)
            rounded = _rounded(percent)
            yield Deviation(one.customer, one.product, group, one.on, rounded, reason)


def _rounded(number: Fraction) -> Decimal:
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(_CENT, ROUND_HALF_UP)


def _tiers(session: Session) -> dict[UUID, Treatment]:
    """By customer the treatment by which its price tier is what it is."""
    by_name = {one.name: one for one in session.find(Treatment)}
    found = {}
    for one in session.find(Serving, Serving.price_tier.is_not(None)):
        treatment = by_name.get(json.loads(one.sources).get("price_tier", ""))
        if treatment is not None and treatment.price_tier == one.price_tier:
            found[one.of.id] = treatment
    return found


def record_findings(session: Session, prices: Prices, since: date, until: date) -> list[FairnessFinding]:
    """Write findings down that are not there yet, the greatest of each customer, product and group.

    They are closed as explained or corrected by `session.change`, with a reason.
    """
    cls = FairnessFinding
    known = {
        (one.customer, one.product, one.group_name)
        for one in session.find(cls, cls.since == since, cls.until == until)
    }
    greatest: dict[Any, Deviation] = {}
    for one in prices.findings:
        key = (one.customer, one.product, one.group)
        if key not in known and (key not in greatest or abs(one.percent) > abs(greatest[key].percent)):
            greatest[key] = one
    return session.add_all(
        cls(
            customer=one.customer,
            product=one.product,
            group_name=one.group,
            since=since,
            until=until,
            deviation=one.percent,
            state=FindingState.OPEN,
        )
        for one in greatest.values()
    )


@attrs.frozen
class Group:
    """What the customers of a group get in the mean.

    Args:
        customers: how many; None where they are so few that the figures would tell of each.
        means: by indicator; None where it has no basis, or the group is too small.
    """

    name: str
    customers: int | None
    means: Mapping[str, Decimal | None]


def by_group(session: Session, *measures: str, by: str = "grade") -> list[Group]:
    """Who gets better prices, faster service, more contacts: means of indicators by group.

    Groups of fewer than 5 customers, and means over fewer, are not shown.

    Args:
        measures: codes of indicators, such as those of price, of response and of contacts.
        by: ``grade``, ``segment``, ``region``, or a field of `Customer`; never what a person is.

    Raises:
        ForbiddenError: the actor may not read ``scores``.
        InvalidError: an unknown indicator or group.
    """
    groups = _groups(session, by)
    measured = session.measure(*measures)
    found = []
    for name, members in sorted(groups.items()):
        means: dict[str, Decimal | None] = {}
        for code in measures:
            values = [measured[one][code].value for one in members if one in measured]
            numbers = [Fraction(value) for value in values if value is not None]
            few = len(numbers) < LEAST_SHOWN
            means[code] = None if few else _rounded(sum(numbers, Fraction(0)) / len(numbers))
        found.append(Group(name, len(members) if len(members) >= LEAST_SHOWN else None, means))
    return found


@attrs.frozen
class Answering:
    """How fast customers of a grade were answered, against what their treatment says.

    Args:
        answers: inbound contacts that were answered, and `beyond` how many of them later than the
            treatment says; None, as all figures, where there are too few customers.
        hours: business hours until the answer in the mean.
    """

    grade: str
    customers: int | None
    answers: int | None
    beyond: int | None
    hours: Decimal | None


def by_answers(session: Session, since: date, until: date) -> list[Answering]:
    """Whether customers are answered as their treatment says, by grade (ANA-13).

    Grades of fewer than 5 customers that were answered are not shown.

    Raises:
        ForbiddenError: the actor may not read ``scores``.
    """
    grades = session.grades()
    due = {one.of.id: one.first_response_hours for one in session.find(Serving)}
    groups: dict[str, list[tuple[UUID, Fraction]]] = {}
    for fact in session.facts(answers, since=since, until=until):
        grade = grades.get(fact["customer"])
        if grade is not None and fact["hours"] is not None:
            groups.setdefault(grade, []).append((fact["customer"].id, Fraction(fact["hours"])))
    return [_answering(grade, told, due) for grade, told in sorted(groups.items())]


def _answering(
    grade: str, told: Sequence[tuple[UUID, Fraction]], due: Mapping[UUID, int | None]
) -> Answering:
    customers = len({id for id, _ in told})
    if customers < LEAST_SHOWN:
        return Answering(grade, None, None, None, None)
    late = [hours for id, hours in told if (most := due.get(id)) is not None and hours > most]
    mean = sum((hours for _, hours in told), Fraction(0)) / len(told)
    return Answering(grade, customers, len(told), len(late), _rounded(mean))


def _groups(session: Session, by: str) -> dict[str, list[Ref[Customer]]]:
    found: dict[str, list[Ref[Customer]]] = {}
    for name, customer in _pairs(session, by):
        found.setdefault(name, []).append(customer)
    return found


def _pairs(session: Session, by: str) -> Iterable[tuple[str, Ref[Customer]]]:
    if by == "grade":
        return [(grade, ref) for ref, grade in session.grades().items()]
    if by == "segment":
        codes = {one.id: one.code for one in session.find(Segment)}
        return [
            (codes[one.segment.id], one.customer)
            for one in session.find(SegmentMember, SegmentMember.until.is_(None))
        ]
    customers = session.find(Customer)
    if by == "region":
        regions = {one.id: one.region for one in session.find(Party)}
        return [(_named(session, regions[one.party.id]), one.ref) for one in customers]
    session.understand(f"{by} is not empty")
    if by not in Customer.__specs__:
        wrong = Problem("by", "unknown", f"customers are not grouped by {by}")
        raise InvalidError(wrong.message, fields=[wrong])
    return [(_named(session, getattr(one, by)), one.ref) for one in customers]


def _named(session: Session, value: Any) -> str:
    if isinstance(value, Ref):
        found = session.find_one(session.crm.record(value.entity), value.id)
        return str(getattr(found, "name", value.id))
    return "none" if value is None else str(value)


@attrs.frozen
class Reasoned:
    """So many customers get a value of a dimension, by a treatment and its reason."""

    dimension: str
    value: str
    treatment: str
    reason: str
    customers: int


@attrs.frozen
class Reasons:
    """Who gets what for which reason (ANA-14); `without` are the values that no treatment in force gives."""

    rows: tuple[Reasoned, ...]
    without: tuple[tuple[Ref[Customer], str, str], ...]


def reasons(session: Session) -> Reasons:
    """What the customers in sight get, by treatment and reason."""
    treatments = {one.name: one for one in session.find(Treatment)}
    counted = Counter[tuple[str, str, str, str]]()
    without: list[tuple[Ref[Customer], str, str]] = []
    for serving in session.find(Serving):
        sources = json.loads(serving.sources)
        for name in DIMENSIONS:
            value = getattr(serving, name)
            if value is None:
                continue
            one = treatments.get(sources.get(name, ""))
            if one is None or not one.reason or getattr(one, name) != value:
                without.append((Ref(Customer.__name__, serving.of.id), name, str(value)))
            else:
                counted[name, str(value), one.name, one.reason] += 1
    rows = tuple(Reasoned(*key, number) for key, number in sorted(counted.items()))
    return Reasons(rows, tuple(sorted(without, key=lambda it: (it[1], it[0].id))))
