"""What the forecast keeps in books of its own: snapshots, and who was reminded of what stands still."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.entities.org import User

__all__ = ["ForecastLine", "ForecastSnapshot", "ForecastTotal", "StallNotice"]


class ForecastSnapshot(Row, table="crm_forecast_snapshot", primary=("id",), indexes=(("since", "until"),)):
    """A forecast of a period was written down: by the product on a Monday, or by somebody.

    Nothing in pycrm changes such a row or its lines. What a reader is shown of them is added up when
    they are read, over the opportunities that this reader sees.
    """

    id: Field[UUID] = field("Id")
    taken_at: Field[datetime] = field("Taken at")
    by: Link[User | None] = link("By", default=None)
    since: Field[date] = field("Since")
    until: Field[date] = field("Until")


class ForecastTotal(Row, table="crm_forecast_total", primary=("snapshot_id", "method", "currency")):
    """What a snapshot forecast as a whole by history, or blended, in minor units of one currency.

    Such a number cannot be divided among opportunities. So `reach` keeps how far its writer reached, and
    only who reaches as far is shown it.
    """

    snapshot: Field[UUID] = field("Snapshot", column="snapshot_id")
    method: Field[str] = field("Method", longest=20)
    currency: Field[str] = field("Currency", longest=3)
    units: Field[int] = field("Amount")
    reach: Field[str] = field("Reach", longest=100_000)


class ForecastLine(
    Row, table="crm_forecast_line", primary=("snapshot_id", "record_id"), indexes=(("record_id",),)
):
    """One opportunity of a snapshot: stage, probability and amounts in minor units as they were then."""

    snapshot: Field[UUID] = field("Snapshot", column="snapshot_id")
    record: Field[UUID] = field("Record", column="record_id")
    stage: Field[str] = field("Stage", longest=100)
    probability: Field[int] = field("Probability in hundredths of a percent")
    amount: Field[int] = field("Amount")
    weighted: Field[int] = field("Weighted amount")
    currency: Field[str] = field("Currency", longest=3)


class StallNotice(Row, table="crm_stall_notice", primary=("record_id", "since")):
    """Somebody was reminded of a record that has stood in a stage since then for too long."""

    record: Field[UUID] = field("Record", column="record_id")
    since: Field[datetime] = field("Since")
    reminded_at: Field[datetime] = field("Reminded at")
    escalated_at: Field[datetime | None] = field("Escalated at", default=None)
