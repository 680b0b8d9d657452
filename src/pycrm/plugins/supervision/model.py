"""What is kept of a day's work: where people work, their logs, leave, planned visits and check-ins."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pycrm import (
    Activity,
    Customer,
    Facet,
    Field,
    InvalidError,
    Link,
    Problem,
    Record,
    field,
    ge,
    le,
    link,
    minimum_length,
    owned,
    through,
)
from pycrm.plugins.supervision.distance import metres

__all__ = [
    "CheckIn",
    "CustomerSite",
    "Leave",
    "LogState",
    "VisitPlan",
    "VisitState",
    "WorkLog",
    "Workplace",
]


def _wrong(path: str, code: str, message: str) -> InvalidError:
    return InvalidError(f"{path}: {message}", fields=[Problem(path, code, message)])


def _whose(record: Any, day: date) -> dict[str, Any]:
    """Whose record it is of which day: a person has one."""
    if record.owner is None:
        raise _wrong("owner", "required", "say whose it is")
    return {"whose": f"{record.owner.id}/{day.isoformat()}"}


class Workplace(Record, table="supervision_workplace", scope=owned(stays=True)):
    """By whose clock somebody works from a day on, and whether logs are expected (工作地点).

    It holds until the next one of the same person. `zone` is a name such as ``Europe/Berlin``; without
    one the clock is that of the enterprise.
    """

    zone: Field[str | None] = field("Time zone", zh="时区", default=None, longest=60)
    keeps_log: Field[bool] = field("Keeps a log", zh="写工作日志", default=True)
    since: Field[date] = field("Since", zh="开始")
    whose: Field[str] = field("Person and day", zh="人员与日期", init=False, unique=True, longest=60)

    def begin(self, session: Any) -> dict[str, Any]:
        """A person has one workplace at a time."""
        return _whose(self, self.since)

    def check(self, moment: datetime) -> None:
        """There is such a time zone."""
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _wrong("zone", "unknown", f"there is no time zone {self.zone}") from None


class Leave(Record, table="supervision_leave", scope=owned(stays=True)):
    """Somebody is away from a day to a day, both counted (请假); leaders enter it."""

    since: Field[date] = field("First day", zh="开始日期", order=True)
    until: Field[date] = field("Last day", zh="结束日期")
    reason: Field[str | None] = field("Reason", zh="原因", default=None, longest=400)

    def check(self, moment: datetime) -> None:
        """It ends after it begins."""
        if self.until < self.since:
            raise _wrong("until", "range", "lies before it begins")


class LogState(StrEnum):
    """How a log stands: the stages of the pipeline ``supervision_log``."""

    OPEN = "open"
    LATE = "late"
    SUBMITTED = "submitted"
    SUBMITTED_LATE = "submitted_late"
    MISSING = "missing"


class WorkLog(
    Record,
    table="supervision_log",
    scope=owned(stays=True),
    pipeline="supervision_log",
    indexes=(("owner_id", "on"),),
):
    """What a person adds to the recorded facts of a day: a remark, and what comes tomorrow (工作日志).

    The facts themselves are read from the records, and nobody edits them here.
    """

    on: Field[date] = field("Day", zh="日期", order=True)
    remark: Field[str | None] = field("Remark", zh="备注", default=None)
    plan: Field[tuple[str, ...]] = field("Plan for tomorrow", zh="明日计划", default=(), longest=400)
    whose: Field[str] = field("Person and day", zh="人员与日期", init=False, unique=True, longest=60)

    def begin(self, session: Any) -> dict[str, Any]:
        """A person has one log a day."""
        return _whose(self, self.on)


class VisitState(StrEnum):
    """What became of a planned visit: the stages of the pipeline ``supervision_visit``."""

    PLANNED = "planned"
    DONE = "done"
    SKIPPED = "skipped"


class VisitPlan(
    Record,
    table="supervision_visit",
    scope=through("customer", owned=True),
    pipeline="supervision_visit",
    indexes=(("owner_id", "on"),),
):
    """A visit that somebody plans (拜访计划); its activity says that it took place."""

    customer: Link[Customer] = link("Customer", zh="客户")
    on: Field[date] = field("Day", zh="日期", order=True)
    purpose: Field[str] = field("Purpose", zh="目的", longest=400, validator=minimum_length(2))
    activity: Link[Activity | None] = link("Activity", zh="跟进记录", default=None)


class CustomerSite(Facet, table="supervision_site", of=Customer):
    """Where a customer is to be found, in degrees (客户位置)."""

    latitude: Field[Decimal] = field("Latitude", zh="纬度", scale=6, validator=(ge(-90), le(90)))
    longitude: Field[Decimal] = field("Longitude", zh="经度", scale=6, validator=(ge(-180), le(180)))


class CheckIn(Record, table="supervision_check_in", scope=owned(stays=True), indexes=(("owner_id", "at"),)):
    """Somebody says where they are (签到); the position is kept for some days, its distance for good."""

    at: Field[datetime] = field("At", zh="时间", order=True)
    customer: Link[Customer | None] = link("Customer", zh="客户", default=None)
    latitude: Field[Decimal | None] = field(
        "Latitude", zh="纬度", default=None, scale=6, personal=True, validator=(ge(-90), le(90))
    )
    longitude: Field[Decimal | None] = field(
        "Longitude", zh="经度", default=None, scale=6, personal=True, validator=(ge(-180), le(180))
    )
    accuracy_m: Field[int | None] = field(
        "Accuracy (m)", zh="精度(米)", default=None, personal=True, validator=ge(0)
    )
    distance_m: Field[int | None] = field("From the customer (m)", zh="距客户(米)", init=False, default=None)

    def begin(self, session: Any) -> dict[str, Any]:
        """How far from the customer it is, where both places are known."""
        site = None if self.customer is None else session.facet(self.customer, CustomerSite)
        if site is None or self.latitude is None or self.longitude is None:
            return {}
        here, there = (self.latitude, self.longitude), (site.latitude, site.longitude)
        return {"distance_m": metres(here, there)}

    def check(self, moment: datetime) -> None:
        """Nobody checks in ahead of time, and a position has two parts."""
        if self.at > moment:
            raise _wrong("at", "range", "lies in the future")
        if (self.latitude is None) != (self.longitude is None):
            raise _wrong("longitude", "rule", "a position has a latitude and a longitude")
