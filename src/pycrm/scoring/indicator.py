"""Indicators: what is measured of each customer, and how that is judged."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.sql.elements import ClauseList

from pycrm.scoring.feed import Feed
from pycrm.scoring.scale import Scale
from pycrm.scoring.value import Value

__all__ = ["Aspect", "Indicator", "OnNone"]


class Aspect(StrEnum):
    """What an indicator is about: characteristics (特征), transactions (交易情况), financial contribution
    (财务贡献), contact and service (联络状况)."""

    CHARACTERISTICS = "C"
    TRANSACTIONS = "T"
    FINANCE = "F"
    SERVICE = "S"


class OnNone(StrEnum):
    """What becomes of an indicator that has no basis for a customer (VAL-2)."""

    SKIP = "skip"
    ZERO = "zero"
    NEUTRAL = "neutral"


@attrs.frozen(eq=False)
class Indicator:
    """One thing that is known of each customer as of a day, and its usual scale.

    Args:
        code: letters and a number, ``T02``, or the plugin's name and a word, ``exam.visits``.
        label: in English; `zh` in Chinese.
        aspect: one of four.
        unit: ``count``, ``days``, ``months``, ``years``, ``%``, ``money`` (minor units), ``points`` or a word.
        value: an expression over values; text for scales by name.
        scale: what makes points of it, unless a model says otherwise.
        on_none: what becomes of it without a basis. A value that is nought says so by `zero` in `value`.
        needs: feeds that have to be there although the value speaks of others, or of none.
        reason_needed: the model that uses it has to give a business reason (VAL-15).
        zero_where: a condition over values under which it has no points without a basis, whatever becomes
            of it else: a cost for which nothing was bought.
    """

    code: str
    label: str
    zh: str
    aspect: Aspect = attrs.field(converter=Aspect)
    unit: str
    value: Any
    scale: Scale
    on_none: OnNone = attrs.field(default=OnNone.SKIP, converter=OnNone)
    needs: tuple[Feed, ...] = ()
    reason_needed: bool = False
    zero_where: Any = None

    @cached_property
    def result(self) -> Value:
        """Its value, for the expressions of other indicators."""
        return Value.of(self.value, name=self.code)

    @property
    def barren(self) -> Value | None:
        """1 where a missing value has no points (see `zero_where`), else 0; None where that is never so."""
        if self.zero_where is None:
            return None
        return Value.of(sa.case((self.zero_where, 1), else_=0), name=f"z:{self.code}")

    @property
    def said(self) -> Any:
        """All that it says of values, as one clause to look through."""
        return self.value if self.zero_where is None else ClauseList(self.value, self.zero_where)
