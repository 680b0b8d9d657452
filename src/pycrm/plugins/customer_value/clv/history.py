"""What a fit needs of each customer's purchases, one row a customer or one row for all who are alike."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pycrm.plugins.customer_value.clv.exact import invalid

__all__ = ["Counts", "Floats", "Histories", "Spending", "weighed"]

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]


def weighed(weights: Floats, values: Floats) -> float:
    """The weighted sum, added in pairs: the same on every machine, which BLAS's threads do not promise."""
    return float(np.sum(weights * values))


def _floats(values: ArrayLike, name: str) -> Floats:
    try:
        found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise invalid(name, f"{name} holds something that is no number", "type") from error
    if found.ndim != 1:
        raise invalid(name, f"{name} is one column, not {found.ndim} dimensions", "type")
    _hold(name, np.isfinite(found), found, "is finite")
    return found


def _counts(values: ArrayLike, name: str) -> Counts:
    found = _floats(values, name)
    # A float holds whole numbers exactly up to 2^53, more than there is money in minor units.
    _hold(name, (found == np.floor(found)) & (np.abs(found) <= 2**53), found, "is a whole number")
    return found.astype(np.int64)


def _frequency(values: ArrayLike) -> Counts:
    return _counts(values, "frequency")


def _recency(values: ArrayLike) -> Floats:
    return _floats(values, "recency")


def _age(values: ArrayLike) -> Floats:
    return _floats(values, "age")


def _total(values: ArrayLike) -> Counts:
    return _counts(values, "total")


def _customers(values: ArrayLike) -> Counts:
    return _counts(values, "customers")


def _hold(name: str, holds: NDArray[np.bool_], values: NDArray[Any], what: str) -> None:
    """Refuse the first value that does not hold, and say how many there are."""
    if not holds.all():
        wrong = np.flatnonzero(~holds)
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        first = int(wrong[0])
        message = f"{name} {what}; {values[first].item()} in row {first} is not{more}"
        raise invalid(f"{name}/{first}", message)


def _grouped(keys: list[NDArray[Any]], customers: Counts) -> tuple[NDArray[np.intp], Counts]:
    """The first row of each different tuple of keys, and how many customers have it."""
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=np.bool_)
    if len(order) > 1:
        new[1:] = np.logical_or.reduce([key[order[1:]] != key[order[:-1]] for key in keys])
    begins = np.flatnonzero(new)
    return order[begins], np.add.reduceat(customers[order], begins)


def _one_each(columns: Histories | Spending) -> Counts:
    return np.ones(len(columns.frequency), dtype=np.int64)


@attrs.frozen(eq=False)
class Histories:
    """Purchase histories as columns, each row of one customer or of all who have the same.

    Time has any one unit, such as days or weeks, which is then the unit of all that a fit gives.

    Args:
        frequency: repeat purchases x, without the first one; whole numbers.
        recency: time from the first purchase to the last, t_x; 0 where there is no repeat purchase.
        age: time from the first purchase to the end of observation, T.
        customers: how many customers have this history; one each where left out.

    Raises:
        InvalidError: columns differ in length or are empty, a number is not finite, negative or, of counts,
            not whole; a recency is above its age, or above 0 without a repeat purchase, or not above 0 with one.
    """

    frequency: Counts = attrs.field(converter=_frequency)
    recency: Floats = attrs.field(converter=_recency)
    age: Floats = attrs.field(converter=_age)
    customers: Counts = attrs.field(default=attrs.Factory(_one_each, takes_self=True), converter=_customers)

    def __attrs_post_init__(self) -> None:
        _same_length(self)
        x, recency = self.frequency, self.recency
        _hold("frequency", x >= 0, x, "is not negative")
        _hold("recency", recency >= 0, recency, "is not negative")
        _hold("recency", recency <= self.age, recency, "is not above the age")
        _hold("recency", (x > 0) | (recency == 0), recency, "is 0 without a repeat purchase")
        _hold("recency", (x == 0) | (recency > 0), recency, "is above 0 with a repeat purchase")

    def __len__(self) -> int:
        return len(self.frequency)

    def grouped(self) -> Histories:
        """The different histories, each once, with the number of customers who have it."""
        rows, customers = _grouped([self.age, self.recency, self.frequency], self.customers)
        return Histories(self.frequency[rows], self.recency[rows], self.age[rows], customers)


@attrs.frozen(eq=False)
class Spending:
    """What customers spent on their repeat purchases, each row of one customer or of all who spent the same.

    Args:
        frequency: repeat purchases x; whole numbers.
        total: spent on them together, in whole minor units of one currency; above 0 where there are any, else 0.
        customers: how many customers; one each where left out.

    Raises:
        InvalidError: columns differ in length or are empty, or a number is not finite, not whole or not in its range.
    """

    frequency: Counts = attrs.field(converter=_frequency)
    total: Counts = attrs.field(converter=_total)
    customers: Counts = attrs.field(default=attrs.Factory(_one_each, takes_self=True), converter=_customers)

    def __attrs_post_init__(self) -> None:
        _same_length(self)
        x, total = self.frequency, self.total
        _hold("frequency", x >= 0, x, "is not negative")
        _hold("total", (x == 0) | (total > 0), total, "is above 0 with a repeat purchase")
        _hold("total", (x > 0) | (total == 0), total, "is 0 without a repeat purchase")

    def __len__(self) -> int:
        return len(self.frequency)

    def grouped(self) -> Spending:
        """The different rows, each once, with the number of customers who have it."""
        rows, customers = _grouped([self.total, self.frequency], self.customers)
        return Spending(self.frequency[rows], self.total[rows], customers)


def _same_length(columns: Histories | Spending) -> None:
    lengths = {field.name: len(getattr(columns, field.name)) for field in attrs.fields(type(columns))}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {number}" for name, number in lengths.items())
        raise invalid("frequency", f"columns have the same number of rows, not {said}", "rule")
    if not len(columns):
        raise invalid("frequency", "there is no customer", "required")
    _hold("customers", columns.customers >= 1, columns.customers, "is 1 or more")
