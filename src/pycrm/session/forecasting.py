"""The verbs about pipelines as a whole: what stands where, for how long, and what it will bring."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pycrm import forecast as foreseeing
from pycrm.declare import Record
from pycrm.session.act import Act
from pycrm.session.reading import Reading

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.forecast import (
        Accuracy,
        Attainment,
        Chance,
        Forecast,
        FunnelStage,
        Odds,
        Period,
        Snapshot,
        StageTime,
        Standing,
    )

__all__ = ["Forecasting"]

R = TypeVar("R", bound=Record)


class Forecasting(Reading):
    """What every session can ask of pipelines, within what its actor sees."""

    def standing(self, record: Record, /) -> Standing:
        """Since how many days the record stands in its stage, and whether it is stalled or overdue.

        It is worked out from the record in hand, so that a list costs no further statement.

        Raises:
            NotReadError: its stage is hidden from the actor.
        """
        return foreseeing.standing.standing(self.transaction, record)

    def stalled(self, cls: type[Record], /) -> ColumnElement[bool]:
        """The condition for lists that a record has stood in its stage for longer than the stage allows.

        Raises:
            InvalidError: the class has no pipeline, or its stages are hidden from the actor.
        """
        return foreseeing.standing.stalled(self.transaction, cls)  # type: ignore[no-any-return]

    def overdue(self, cls: type[Record], /) -> ColumnElement[bool]:
        """The condition that an open record is past its expected close or its stage's expected days.

        Raises:
            InvalidError: as `stalled`.
        """
        return foreseeing.standing.overdue(self.transaction, cls)  # type: ignore[no-any-return]

    def time_in_stage(
        self,
        cls: type[Record],
        *conditions: ColumnElement[bool],
        since: datetime | date | None = None,
        until: datetime | date | None = None,
        pipeline: str | None = None,
        within: str | None = None,
    ) -> list[StageTime]:
        """How long the records that meet the conditions stood in each stage.

        The times of all stages together are the time that the records lived within the period; those of each
        region of a stage are the time that they stood in that stage.

        Args:
            conditions: over the records as they are now, as in `find`.
            since, until: between these instants, or from the one day to the other, both counted.
            pipeline: its key, where it is not the one that the class names.
            within: a stage that holds others, for the times in these.

        Raises:
            InvalidError: the class has no pipeline or no such one, or a condition names what is unknown or
                hidden, or no version has such a stage.
        """
        bounds = foreseeing.period.span(self.transaction, since, until)
        if within is not None:
            return foreseeing.inner.time_within(self.transaction, cls, within, conditions, *bounds, pipeline)
        return foreseeing.elapsed.time_in_stage(self.transaction, cls, conditions, *bounds, pipeline)

    def funnel(
        self,
        cls: type[Record],
        *conditions: ColumnElement[bool],
        amount: Any = None,
        since: datetime | date | None = None,
        until: datetime | date | None = None,
        pipeline: str | None = None,
        within: str | None = None,
    ) -> list[FunnelStage]:
        """What stands in each stage now, and which part of what left it went forward (PIP-9, PIP-17).

        Stages come in the order of the newest version, empty ones too. Where a stage holds several at
        once, a record stands in one of each of its regions and counts there. Whoever leaves the stage
        that holds them goes forward from those within where that one goes forward.

        Args:
            amount: the money field that is summed.
            since, until: the period of leaving, as in `time_in_stage`.
            pipeline, within: as in `time_in_stage`.

        Raises:
            InvalidError: as `time_in_stage`, or the amount is hidden or no money.
        """
        bounds = foreseeing.period.span(self.transaction, since, until)
        return foreseeing.funnel.funnel(self.transaction, cls, conditions, amount, *bounds, pipeline, within)

    def behind(
        self,
        cls: type[R],
        stage: str,
        number: Literal["standing", "stalled", "left", "forward"],
        *conditions: ColumnElement[bool],
        since: datetime | date | None = None,
        until: datetime | date | None = None,
        limit: int | None = None,
        pipeline: str | None = None,
        within: str | None = None,
    ) -> list[R]:
        """The very records that one number of a funnel counts, by their ids.

        Args:
            stage: the key of the stage.
            number: which of its numbers; ``"standing"`` is `FunnelStage.count`.
            conditions, since, until, pipeline, within: those of the funnel.

        Raises:
            InvalidError: as `funnel`, or there is no such stage or number.
        """
        bounds = foreseeing.period.span(self.transaction, since, until)
        return foreseeing.funnel.behind(
            self.transaction, cls, stage, number, conditions, *bounds, limit, pipeline, within
        )

    def forecast(
        self,
        period: Period,
        /,
        *conditions: ColumnElement[bool],
        blend: Decimal | str = "0.6",
        past: int = 3,
        years: int = 2,
        empirical: bool = False,
    ) -> Forecast:
        """What the opportunities of a period will bring: weighted, historic and blended (PIP-11).

        Args:
            conditions: over opportunities, as in `find`.
            blend: the part of the weighted forecast in the blended one, 0 to 1.
            past: of how many periods before this one the historic forecast is the mean.
            years: over how many years the seasonal index is taken.
            empirical: go by what became of earlier opportunities, where these are enough; see `chances`.

        Raises:
            InvalidError: amount, stage or a date of opportunities is hidden from the actor, or a condition
                or `blend` is wrong.
        """
        return foreseeing.outlook.forecast(
            self.transaction, period, conditions, blend, past, years, empirical
        )

    def chances(
        self,
        *conditions: ColumnElement[bool],
        days: int = 365,
        least: int = 20,
        pipeline: str | None = None,
    ) -> list[Chance]:
        """Of each open stage, how many opportunities that passed it were won (PIP-12).

        Args:
            days: of those that closed within so many days.
            least: fewer closed ones are too few, and the stage's own probability counts.
            pipeline: its key, where it is not the one of all opportunities.

        Raises:
            InvalidError: as `forecast`.
        """
        return foreseeing.chance.chances(self.transaction, conditions, days, least, pipeline)

    def odds(self, *conditions: ColumnElement[bool], least: int = 100, pipeline: str | None = None) -> Odds:
        """How likely each open opportunity is to be won, by a logistic model of those that closed.

        It goes by stage, amount and age. It is made from the earlier 70 % of what closed and tried on
        the rest; unless it did better there than chance, it says so and gives no probability.

        Args:
            conditions: over opportunities, as in `find`.
            least: fewer closed ones are too few.
            pipeline: as `chances`.

        Raises:
            InvalidError: as `forecast`.
        """
        return foreseeing.odds.odds(self.transaction, conditions, least, pipeline)

    def attainments(self, *conditions: ColumnElement[bool]) -> list[Attainment]:
        """The targets that the actor sees, each with what was won towards it, the oldest first (PIP-15).

        Args:
            conditions: over `Target`.

        Raises:
            InvalidError: as `forecast`, or a field of targets is hidden.
        """
        return foreseeing.attainment.attainments(self.transaction, conditions)

    def snapshot(self, period: Period, /) -> Snapshot:
        """Write down the forecast of a period by each method, of what the actor sees; it is never changed.

        Nobody else is shown it. The snapshots of the whole enterprise are taken every Monday by
        ``pycrm jobs run``.

        Raises:
            InvalidError: as `forecast`.
            StoreError: the session only reads.
        """
        with Act(self):
            return foreseeing.snapshot.take(self.transaction, period)

    def snapshots(self, period: Period | None = None, *conditions: ColumnElement[bool]) -> list[Snapshot]:
        """The forecasts that were written down, the oldest first, each over what the actor sees today.

        Args:
            period: those of this period alone.
            conditions: over opportunities, as in `find`.

        Raises:
            InvalidError: as `forecast`.
        """
        return foreseeing.snapshot.snapshots(self.transaction, period, conditions)

    def accuracy(
        self,
        period: Period,
        /,
        *conditions: ColumnElement[bool],
        method: Literal["weighted", "historic", "blended"] = "weighted",
    ) -> list[Accuracy]:
        """Each snapshot of a period that is over, beside what was won in it; raises as `snapshots`.

        Args:
            method: which of its forecasts; snapshots without that one, or not shown to the actor, are left out.
        """
        return foreseeing.snapshot.accuracy(self.transaction, period, conditions, method)
