"""The project file, and who works on it: few, large, long sales with many people involved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pycrm import (
    Customer,
    Field,
    InvalidError,
    Link,
    Money,
    Opportunity,
    Problem,
    Record,
    User,
    field,
    ge,
    le,
    link,
    team,
    through,
)

__all__ = [
    "CompetitorEntry",
    "Funding",
    "LimitedDocument",
    "Milestone",
    "Position",
    "ProjectDocument",
    "ProjectFile",
    "ProjectRole",
    "TeamMember",
    "TenderKind",
    "wrong",
]

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def wrong(path: str, code: str, message: str) -> InvalidError:
    """A refusal that names one field."""
    return InvalidError(message, fields=[Problem(path, code, message)])


class Funding(StrEnum):
    """How sure the customer's money is."""

    APPROVED = "approved"
    APPLIED = "applied"
    UNKNOWN = "unknown"


class TenderKind(StrEnum):
    """How the customer buys."""

    OPEN = "open"
    INVITED = "invited"
    NEGOTIATED = "negotiated"


class ProjectRole(StrEnum):
    """What somebody does in the team of a project."""

    LEAD = "lead"
    SALES = "sales"
    TECHNICAL = "technical"
    COMMERCIAL = "commercial"
    EXECUTIVE = "executive"
    OVERSEAS = "overseas"


class Position(StrEnum):
    """Where a competitor stands, seen from us."""

    AHEAD = "ahead"
    LEVEL = "level"
    BEHIND = "behind"


class ProjectFile(
    Record,
    table="projects_project",
    scope=through("customer", team=team("TeamMember", "project", part="role")),
    pipeline="projects_project",
):
    """All that is known of a project of a customer that we want to supply (项目档案).

    It is seen by its team, whatever the unit, by the customer's owner and by the owner's leaders.
    """

    number: Field[str] = field("Number", zh="项目编号", init=False, search=True, longest=20)
    customer: Link[Customer] = link("Customer", zh="客户")
    opportunity: Link[Opportunity] = link("Opportunity", zh="商机")
    name: Field[str] = field("Name", zh="项目名称", order=True, search=True, longest=300)
    investment_scale: Field[Money] = field("Investment scale", zh="投资规模", key=True)
    scope: Field[str] = field("Scope", zh="项目范围", longest=2000)
    industry: Field[str | None] = field("Industry", zh="行业", default=None, longest=100)
    site: Field[str | None] = field("Site", zh="建设地点", default=None, longest=200)
    funding: Field[Funding] = field("Funding", zh="资金落实", default=Funding.UNKNOWN)
    bid_date: Field[date | None] = field("Bid date", zh="投标日期", default=None, key=True)
    decision_date: Field[date | None] = field("Decision expected", zh="决标日期", default=None)
    start_wanted: Field[date | None] = field("Start wanted", zh="期望开工", default=None)
    our_scope_value: Field[Money | None] = field("Value of our scope", zh="我方金额", default=None)
    goods_share: Field[Decimal | None] = field(
        "Share of goods (%)", zh="货物成本占比", default=None, validator=(ge(0), le(100))
    )
    tender_kind: Field[TenderKind | None] = field("Tender", zh="招标方式", default=None)
    no_competitors: Field[bool] = field("No competitor known", zh="暂无已知竞争对手", default=False)
    lost_reason: Field[str | None] = field("Reason of loss", zh="丢标原因", default=None, longest=400)
    lesson: Field[str | None] = field("Lesson", zh="经验教训", default=None, longest=1000)

    def begin(self, session: Any) -> Mapping[str, Any]:
        """The number is drawn at random: it tells nobody how many projects there are."""
        noise = int.from_bytes(session.random_bytes(5), "big")
        return {"number": "P" + "".join(_LETTERS[noise >> 5 * at & 31] for at in range(8))}


class TeamMember(Record, table="projects_member", scope=through("project")):
    """Somebody who works on a project, from a day to a day (项目组成员).

    Overseas members have a time zone, such as ``Europe/Berlin``, in which they write their reports.
    """

    project: Link[ProjectFile] = link("Project", zh="项目")
    user: Link[User] = link("Person", zh="人员")
    role: Field[ProjectRole] = field("Role", zh="角色")
    since: Field[date] = field("Since", zh="开始")
    until: Field[date | None] = field("Until", zh="结束", default=None)
    share_of_time: Field[int | None] = field(
        "Share of time (%)", zh="投入比例", default=None, validator=(ge(0), le(100))
    )
    time_zone: Field[str | None] = field("Time zone", zh="时区", default=None, longest=60)

    def check(self, moment: datetime) -> None:
        """It ends after it begins, and the time zone is one that there is."""
        if self.until is not None and self.until < self.since:
            raise wrong("until", "range", "lies before it begins")
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise wrong("time_zone", "unknown", f"there is no time zone {self.time_zone}") from None


class CompetitorEntry(Record, table="projects_competitor", scope=through("project")):
    """Who else wants the project, and where they stand (竞争对手)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    competitor: Field[str] = field("Competitor", zh="竞争对手", longest=200)
    strengths: Field[str | None] = field("Strengths", zh="优势", default=None)
    weaknesses: Field[str | None] = field("Weaknesses", zh="劣势", default=None)
    price_guess: Field[Money | None] = field("Price guessed", zh="估计报价", default=None)
    their_contacts: Field[str | None] = field("Whom they know", zh="对方关系", default=None)
    position: Field[Position | None] = field("Position", zh="形势", default=None)


class Milestone(Record, table="projects_milestone", scope=through("project")):
    """A day on which something has to be reached (里程碑)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    name: Field[str] = field("Name", zh="名称", longest=200)
    planned: Field[date] = field("Planned", zh="计划日期", order=True)
    forecast: Field[date | None] = field("Forecast", zh="预计日期", default=None)
    actual: Field[date | None] = field("Actual", zh="实际日期", default=None)

    def days_late(self, today: date) -> int:
        """How many days behind its plan it is, or is forecast to be; 0 where it is not."""
        reached = self.actual or max(self.forecast or self.planned, today)
        return max(0, (reached - self.planned).days)


class ProjectDocument(Record, table="projects_document", scope=through("project")):
    """A document of a project, by its place in the files, for the whole team (项目文件)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    title: Field[str] = field("Title", zh="标题", longest=200)
    place: Field[str] = field("Place", zh="存放位置", longest=500)
    edition: Field[str] = field("Edition", zh="版本", default="1", longest=40)


class LimitedDocument(
    Record, table="projects_limited_document", scope=through("project", parts=("lead", "executive"))
):
    """A document for the lead and the executives of a team alone (受限文件)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    title: Field[str] = field("Title", zh="标题", longest=200)
    place: Field[str] = field("Place", zh="存放位置", longest=500)
    edition: Field[str] = field("Edition", zh="版本", default="1", longest=40)
