"""Experiments: who is treated, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import attrs

from pycrm import ConflictError, Customer, Money, Ref, Session
from pycrm.plugins.segments.membership import members
from pycrm.plugins.segments.model import Arm, Experiment, ExperimentMember

__all__ = ["FEWEST", "Effect", "arm_of", "arms", "compared", "effect", "enrol", "sides"]

FEWEST = 30
_CENT = Decimal("0.01")


@attrs.frozen
class Effect:
    """What a treatment did: the difference of the two means, in the unit of the measure (SEG-11).

    Args:
        treated, control: how many were measured on each side; None among the means where nobody was.
        effect: of percentages in points.
        roi: the return on the cost in percent; None without a cost or an effect in money.
        is_too_few: on a side there are fewer than 30.
    """

    unit: str
    treated: int
    control: int
    mean_treated: Decimal | None
    mean_control: Decimal | None
    effect: Decimal | None
    roi: Decimal | None
    is_too_few: bool


def arm_of(seed: str, treated_share: int, customer: UUID) -> Arm:
    """The side on which a customer is, by the seed and its id alone: it never changes (SEG-10).

    Args:
        treated_share: of a hundred customers, so many are treated in the mean.
    """
    digest = hashlib.blake2b(customer.bytes, digest_size=8, key=seed.encode()[:64]).digest()
    return Arm.TREATED if int.from_bytes(digest, "big") % 10_000 < treated_share * 100 else Arm.CONTROL


def enrol(session: Session, experiment: Experiment) -> int:
    """Let the customers of the segment take part who do not yet; gives their number."""
    today = session.crm.calendar_day(session.now)
    segment = session.get(experiment.segment)
    cls = ExperimentMember
    there = {one.customer.id for one in session.find(cls, cls.experiment == experiment.id)}
    new = [one for one in members(session, segment, today) if one.id not in there]
    session.add_all(cls(experiment=experiment, customer=one, since=today) for one in new)
    return len(new)


def sides(session: Session, experiment: Experiment) -> dict[Arm, list[Ref[Customer]]]:
    """Who is on which side, for the product's own work."""
    found: dict[Arm, list[Ref[Customer]]] = {arm: [] for arm in Arm}
    for one in session.find(ExperimentMember, ExperimentMember.experiment == experiment.id):
        found[arm_of(experiment.seed, experiment.treated_share, one.customer.id)].append(one.customer)
    return found


def arms(session: Session, experiment: Experiment) -> dict[Arm, list[Ref[Customer]]]:
    """Who was on which side of an experiment that has ended.

    Raises:
        ConflictError: it has not ended; until then nobody sees a side.
    """
    if session.crm.calendar_day(session.now) < experiment.until:
        raise ConflictError(f"the experiment ends on {experiment.until}: who is treated is told then")
    return sides(session, experiment)


def effect(session: Session, experiment: Experiment) -> Effect:
    """What the treatment did so far, or did until the experiment ended, by its measure.

    Customers without a value are left out.

    Raises:
        ForbiddenError: the actor may not read ``scores``.
    """
    until = min(experiment.until, session.crm.calendar_day(session.now))
    indicator = session.crm.catalog.indicator(experiment.measure)
    # Amounts are measured in whole minor units.
    unit = Money.minor(1, session.crm.currency).amount if indicator.unit == "money" else Decimal(1)
    found: dict[Arm, list[Decimal]] = {}
    for arm, customers in sides(session, experiment).items():
        measured = session.measure(experiment.measure, customers=customers, as_of=until)
        values = [one[experiment.measure].value for one in measured.values()]
        found[arm] = [Decimal(str(value)) * unit for value in values if value is not None]
    return compared(found[Arm.TREATED], found[Arm.CONTROL], experiment.cost, indicator.unit)


def compared(treated: Sequence[Decimal], control: Sequence[Decimal], cost: Money | None, unit: str) -> Effect:
    """The effect by the values of both sides; the return is of what is measured in money.

    >>> once, twice = [Decimal(300)] * 100, [Decimal(240)] * 100
    >>> found = compared(once, twice, Money("2000", "CNY"), "money")
    >>> found.effect, found.roi
    (Decimal('60.00'), Decimal('200.00'))
    """
    means = [sum(some, Decimal(0)) / len(some) if some else None for some in (treated, control)]
    gain = None if means[0] is None or means[1] is None else means[0] - means[1]
    roi = None
    if gain is not None and unit == "money" and cost is not None and cost.units:
        roi = (gain * len(treated) - cost.amount) / cost.amount * 100
    return Effect(
        unit=unit,
        treated=len(treated),
        control=len(control),
        mean_treated=_rounded(means[0]),
        mean_control=_rounded(means[1]),
        effect=_rounded(gain),
        roi=_rounded(roi),
        is_too_few=min(len(treated), len(control)) < FEWEST,
    )


def _rounded(number: Decimal | None) -> Decimal | None:
    return None if number is None else number.quantize(_CENT, ROUND_HALF_UP)
