"""What a period will bring: weighted, historic and blended (PIP-10, PIP-11, PIP-13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.entities.opportunity import Opportunity
from pycrm.errors import InvalidError, Problem
from pycrm.forecast.amount import CERTAIN, rounded, weighted
from pycrm.forecast.chance import chances
from pycrm.forecast.closing import Win, falls_in, opportunities, wins
from pycrm.forecast.period import Period
from pycrm.forecast.season import Season, season, total
from pycrm.forecast.stage import courses, in_versions
from pycrm.pipeline.model import Stage
from pycrm.scope.aggregate import halves, joined, money
from pycrm.scope.gateway import Query
from pycrm.values import Money

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = [
    "CATEGORIES",
    "Category",
    "Forecast",
    "Outlook",
    "forecast",
    "open_in",
    "probability_of",
    "weights",
]

#: The least probability of each category, in percent, the highest first.
CATEGORIES = (("commit", 90), ("best case", 50), ("pipeline", 10), ("omitted", 0))
_PERCENT = CERTAIN // 100


@attrs.frozen
class Category:
    """How many open opportunities are about as likely, and what they amount to unweighted."""

    name: str
    count: int
    amount: Money


@attrs.frozen
class Outlook:
    """What a period will bring in one currency.

    Args:
        won: what was won in it so far.
        open: the amounts of the open opportunities that are expected to close in it.
        weighted_open: the same by their probabilities, each rounded.
        weighted: what was won and `weighted_open` together (W).
        historic: the mean of the periods before, by the seasonal index (H); None without history.
        blended: a W + (1 - a) H; None without history.
        season: the seasonal index, and of how many years it is.
        past: how many periods of history `historic` is the mean of.
        categories: the open opportunities by probability; they add up to `open`.
    """

    won: Money
    open: Money
    weighted_open: Money
    weighted: Money
    historic: Money | None
    blended: Money | None
    season: Season
    past: int
    categories: tuple[Category, ...]

    @property
    def currency(self) -> str:
        """The currency of all its amounts."""
        return self.won.currency


@attrs.frozen
class Forecast:
    """What a period will bring, one outlook a currency, of all that its reader sees.

    `without_amount` open opportunities of the period have no amount, and count in nothing else.
    """

    period: Period
    at: datetime
    outlooks: tuple[Outlook, ...]
    without_amount: int

    @property
    def only(self) -> Outlook:
        """The one outlook that there is.

        Raises:
            InvalidError: there are several currencies; ``data["currencies"]`` names them.
        """
        if len(self.outlooks) != 1:
            codes = [one.currency for one in self.outlooks]
            raise InvalidError("the amounts have several currencies", data={"currencies": codes})
        return self.outlooks[0]


@attrs.define
class _Open:
    """The open opportunities of one currency."""

    units: Counter[str] = attrs.field(factory=Counter)
    counts: Counter[str] = attrs.field(factory=Counter)
    weighted: int = 0


def forecast(
    tx: Transaction,
    period: Period,
    conditions: Iterable[Any],
    blend: Any,
    past: int,
    years: int,
    empirical: bool,
) -> Forecast:
    """See `Session.forecast`."""
    given = list(conditions)
    share = _share(blend)
    likely = probability_of(tx, given, empirical)
    asked = open_in(tx, given, period)
    table = asked.table.c
    by = (table.stage, table.pipeline, table.pipeline_version, table.amount_currency)
    chance = weights(tx, likely)
    sums = [*halves(table.amount), *halves(weighted(table.amount, chance))]
    statement = asked.select(*by, sa.func.count(), *sums).group_by(*by)
    by_key = {one.key: one.versions for one in courses(tx, Opportunity)}
    found: dict[str, _Open] = {}
    without = 0
    for key, of, version, currency, count, high, low, *weight in [] if asked.nothing else tx.fetch(statement):
        if currency is None:
            without += count
            continue
        stage = by_key[of][version].stage(key)
        one, name = found.setdefault(currency, _Open()), category(likely(of, stage))
        one.units[name] += joined(high, low)
        one.counts[name] += count
        one.weighted += joined(*weight)
    won = wins(tx, given)
    codes = sorted({*found, *(one.currency for one in won)}) or [tx.crm.currency]
    terms = _Terms(period, share, past, years)
    made = [
        _outlook(code, found.get(code, _Open()), [one for one in won if one.currency == code], terms)
        for code in codes
    ]
    # A currency that was given up long ago says nothing of this period.
    shown = [one for one in made if _is_there(one)] or made[:1]
    return Forecast(period, tx.moment, tuple(shown), without)


def _is_there(one: Outlook) -> bool:
    return bool(one.weighted or one.open or one.historic)


def _share(blend: Any) -> Fraction:
    try:
        share = Fraction(blend)
        if 0 <= share <= 1 and not isinstance(blend, float):
            return share
    except (TypeError, ValueError):
        share = Fraction(2)
    wrong = Problem("blend", "range", "the weighted part lies between 0 and 1, as a decimal or a text")
    raise InvalidError(wrong.message, fields=[wrong])


@attrs.frozen
class _Terms:
    """What was asked for."""

    period: Period
    share: Fraction
    past: int
    years: int


def _outlook(code: str, found: _Open, won: list[Win], terms: _Terms) -> Outlook:
    here, index = total(won, terms.period), season(won, terms.period, terms.years)
    begun = min((one.on for one in won), default=None)
    before = [terms.period.before(number) for number in range(1, terms.past + 1)]
    known = [one for one in before if begun is not None and one.until >= begun]
    historic = blended = None
    if known:
        mean = Fraction(sum(total(won, one) for one in known), len(known))
        historic = rounded(mean * Fraction(index.index))
        blended = rounded(terms.share * (here + found.weighted) + (1 - terms.share) * historic)
    return Outlook(
        won=money(here, code),
        open=money(found.units.total(), code),
        weighted_open=money(found.weighted, code),
        weighted=money(here + found.weighted, code),
        historic=None if historic is None else money(historic, code),
        blended=None if blended is None else money(blended, code),
        season=index,
        past=len(known),
        categories=tuple(
            Category(name, found.counts[name], money(found.units[name], code)) for name, _ in CATEGORIES
        ),
    )


def category(probability: int) -> str:
    """The category of a probability in hundredths of a percent (PIP-13)."""
    return next(name for name, least in CATEGORIES if probability >= least * _PERCENT)


Likely = Callable[[str, Stage], int]


def probability_of(tx: Transaction, conditions: list[Any], empirical: bool) -> Likely:
    """The probability of a stage of a pipeline in hundredths of a percent: its own, or that of experience."""
    known = {
        (one.key, chance.stage): chance.used
        for one in (courses(tx, Opportunity) if empirical else ())
        for chance in chances(tx, conditions, pipeline=one.key)
    }

    def likely(pipeline: str, stage: Stage) -> int:
        return int(known.get((pipeline, stage.key), Decimal(stage.probability or 0)) * _PERCENT)

    return likely


def weights(tx: Transaction, likely: Likely) -> Any:
    """The probability of each opportunity as a column, by the version under which it runs."""
    options = []
    for one in courses(tx, Opportunity):
        known = {likely(one.key, stage) for pipeline in one.versions.values() for stage in pipeline.stages}
        for value in sorted(known - {0}):

            def holds(stage: Stage, key: str = one.key, value: int = value) -> bool:
                return likely(key, stage) == value

            options.append((in_versions(tx, Opportunity, holds, one.key), value))
    return sa.case(*options, else_=0) if options else sa.literal(0)


def open_in(tx: Transaction, conditions: Iterable[Any], period: Period) -> Query:
    """The open opportunities that are expected to close in a period."""
    asked = opportunities(tx, conditions)
    asked.where += [
        in_versions(tx, Opportunity, lambda stage: not stage.is_closed),
        *falls_in(asked.table.c.expected_close, period),
    ]
    return asked
