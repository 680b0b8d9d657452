"""Which customers bring most of the contribution: classes A, B and C (VAL-12)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Generic, Literal, TypeVar

import attrs

from pycrm.plugins.customer_value.clv.exact import invalid, percentage

__all__ = ["Pareto", "pareto"]

Class = Literal["A", "B", "C"]
K = TypeVar("K")


@attrs.frozen
class Pareto(Generic[K]):
    """The class of each customer, and what class A amounts to.

    Args:
        classes: from the largest contribution to the smallest.
        customers: how many are of class A.
        customer_share: percent of all customers, to 2 places; None without customers.
        contribution_share: percent of all positive contributions, to 2 places; None without any.
    """

    classes: Mapping[K, Class]
    customers: int
    customer_share: Decimal | None
    contribution_share: Decimal | None


def pareto(contributions: Mapping[K, int], *, a: Decimal | int = 80, b: Decimal | int = 95) -> Pareto[K]:
    """Class A until the sum reaches `a` percent, with the one that crosses; then B until `b`; then C.

    Whoever contributes nothing or less is C, and does not count in the whole.

    Args:
        contributions: minor units of one currency by customer; equal ones are ranked by the text of the key.
        a, b: percent of the sum of all positive contributions.

    Raises:
        InvalidError: the limits are not 0 < a <= b <= 100.

    >>> pareto({"x": 70, "y": 20, "z": -5}).classes
    {'x': 'A', 'y': 'A', 'z': 'C'}
    """
    if not 0 < a <= b <= 100:
        raise invalid("a", f"the limits of classes are 0 < a <= b <= 100, not {a} and {b}")
    whole = sum(one for one in contributions.values() if one > 0)
    limits: tuple[tuple[Class, Fraction], ...] = (
        ("A", Fraction(a) * whole / 100),
        ("B", Fraction(b) * whole / 100),
    )
    classes: dict[K, Class] = {}
    reached = top = 0
    for key, one in sorted(contributions.items(), key=lambda item: (-item[1], str(item[0]))):
        # The one that crosses a limit still belongs to the class below it.
        classes[key] = next((name for name, limit in limits if one > 0 and reached < limit), "C")
        reached += max(one, 0)
        if classes[key] == "A":
            top = reached
    number = sum(one == "A" for one in classes.values())
    return Pareto(classes, number, percentage(number, len(classes)), percentage(top, whole))
