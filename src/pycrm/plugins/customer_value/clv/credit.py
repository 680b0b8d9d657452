"""A credit limit worth proposing, from what a customer buys, how it pays and how long it may take.

The rule is ours: it lends what a customer usually buys within its account period, and less to those who
pay late. Every number in it is a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import attrs

from pycrm.plugins.customer_value.clv.exact import invalid, minor_units

__all__ = ["CreditRule", "CreditSuggestion", "suggest_credit"]

_MONTH = 30

Step = tuple[Decimal, Decimal]


def _steps(given: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(given, reverse=True))


@attrs.frozen
class CreditRule:
    """The parameters of the suggestion.

    Args:
        by_punctuality: (percent paid on time from which it holds, factor); the highest that is
            reached holds, below all of them the factor is 0.
        unknown: the factor where nothing has fallen due yet.
        longest_overdue: whoever has an item overdue for more days gets nothing.
        fewest_months: of purchases that must be known.
        headroom: factor for what a month may exceed the mean.
        highest: minor units that no suggestion exceeds, or None.
        rounding: suggestions are rounded down to a multiple of so many minor units.

    Raises:
        InvalidError: a factor, number of days or amount is negative, a percentage lies outside 0 to 100, or
            there is nothing to round to.
    """

    by_punctuality: tuple[Step, ...] = attrs.field(
        default=(
            (Decimal(95), Decimal("1.0")),
            (Decimal(80), Decimal("0.7")),
            (Decimal(60), Decimal("0.4")),
        ),
        converter=_steps,
    )
    unknown: Decimal = Decimal("0.3")
    longest_overdue: int = 60
    fewest_months: int = 3
    headroom: Decimal = Decimal("1.2")
    highest: int | None = None
    rounding: int = 100_000

    def __attrs_post_init__(self) -> None:
        for name in ("unknown", "longest_overdue", "headroom"):
            if not getattr(self, name) >= 0:
                raise invalid(name, f"{name} of a credit rule is not negative: {getattr(self, name)}")
        if any(not 0 <= share <= 100 or factor < 0 for share, factor in self.by_punctuality):
            raise invalid("by_punctuality", "a step holds from 0 to 100 percent, with a factor of 0 or more")
        if self.highest is not None and self.highest < 0:
            raise invalid("highest", f"the highest credit is not negative: {self.highest}")
        if self.fewest_months < 1 or self.rounding < 1:
            raise invalid("rounding", "a credit rule counts one month and rounds to one minor unit at least")

    def factor(self, on_time: Decimal | None) -> Decimal:
        """The factor for a customer who paid so many percent on time; None where nothing fell due."""
        if on_time is None:
            return self.unknown
        return next((factor for share, factor in self.by_punctuality if on_time >= share), Decimal(0))


@attrs.frozen
class CreditSuggestion:
    """A limit and what it was made of, so that it can be explained.

    Args:
        limit: minor units, a multiple of the rule's rounding.
        monthly: mean net purchases of a month, minor units.
        factor: for the behaviour in paying.
        reason: in words.
    """

    limit: int
    monthly: int
    factor: Decimal
    reason: str


def suggest_credit(
    purchased: int,
    *,
    months: int,
    account_days: int,
    on_time: Decimal | None,
    overdue_days: int = 0,
    rule: CreditRule | None = None,
) -> CreditSuggestion | None:
    """Mean monthly purchases x account days / 30 x headroom x the factor of punctuality, rounded down.

    Args:
        purchased: net purchases of those months, minor units.
        months: whole months over which they were made.
        account_days: days that the customer has to pay (账期); 0 pays at once and needs no credit.
        on_time: percent of what fell due that was paid by its due date (F20), None where nothing fell due.
        overdue_days: age of the oldest overdue item (F18).
        rule: the parameters.

    Returns:
        The suggestion, or None where fewer months are known than the rule asks for.

    Raises:
        InvalidError: months, account days or overdue days are negative, or the percentage lies outside 0 to 100.

    >>> suggest_credit(36_000_000, months=12, account_days=60, on_time=Decimal("97.5")).limit
    7200000
    """
    rule = rule or CreditRule()
    for name, number in (("months", months), ("account_days", account_days), ("overdue_days", overdue_days)):
        if number < 0:
            raise invalid(name, f"{name} are not negative: {number}")
    if on_time is not None and not 0 <= on_time <= 100:
        raise invalid("on_time", f"what is paid on time is 0 to 100 percent, not {on_time}")
    if months < rule.fewest_months:
        return None
    monthly = Fraction(purchased, months)
    factor, reason = _judged(rule, purchased, account_days, on_time, overdue_days)
    exact = monthly * account_days / _MONTH * Fraction(rule.headroom) * Fraction(factor)
    limit = max(0, int(exact)) if rule.highest is None else max(0, min(int(exact), rule.highest))
    return CreditSuggestion(limit - limit % rule.rounding, minor_units(monthly), factor, reason)


def _judged(
    rule: CreditRule, purchased: int, account_days: int, on_time: Decimal | None, overdue_days: int
) -> tuple[Decimal, str]:
    """The factor, and why it is that."""
    if overdue_days > rule.longest_overdue:
        return Decimal(
            0
        ), f"an item has been overdue for {overdue_days} days, more than {rule.longest_overdue}"
    if purchased <= 0:
        return Decimal(0), "nothing is left of what was bought"
    if account_days == 0:
        return rule.factor(on_time), "this customer pays at once"
    factor = rule.factor(on_time)
    said = "nothing has fallen due yet" if on_time is None else f"{on_time} % was paid on time"
    return factor, f"{said}: {factor} of what is bought in {account_days} days"
