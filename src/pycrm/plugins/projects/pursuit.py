"""How a project is pursued: the strategy, the weekly progress, the bid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pycrm import (
    Child,
    Children,
    Field,
    InvalidError,
    Link,
    Money,
    Problem,
    Record,
    User,
    children,
    field,
    ge,
    link,
    through,
)
from pycrm.plugins.projects.project import ProjectFile, TeamMember

__all__ = ["Bid", "BidDocument", "BidRank", "ProgressReport", "StrategyMove", "StrategyPlan", "monday"]


class StrategyMove(Child, table="projects_strategy_move"):
    """One thing that is done against a competitor, by whom and until when (策略行动)."""

    against: Field[str | None] = field("Against", zh="针对对手", default=None, longest=200)
    action: Field[str] = field("Action", zh="行动", longest=400)
    who: Link[User] = link("Who", zh="负责人")
    due_on: Field[date] = field("Due on", zh="期限")
    result: Field[str | None] = field("Result", zh="结果", default=None, longest=400)


class StrategyPlan(Record, table="projects_plan", scope=through("project"), pipeline="projects_plan"):
    """How we mean to win (竞争策略); a leader approves it."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    theme: Field[str] = field("Theme", zh="主题", longest=400)
    moves: Children[StrategyMove] = children("Moves", zh="策略行动", default=())


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


class ProgressReport(Record, table="projects_report", scope=through("project")):
    """What happened on a project in a week (进展报告).

    The facts are what the writer's records say (`facts`). `time_zone` is the writer's, who sees the day there;
    readers see `written_at` in theirs.
    """

    project: Link[ProjectFile] = link("Project", zh="项目")
    text: Field[str] = field("Text", zh="说明", longest=8000)
    facts: Field[tuple[str, ...]] = field("Facts", zh="事实", default=(), longest=500)
    risks: Field[tuple[str, ...]] = field("Risks", zh="风险", default=(), longest=500)
    help_needed: Field[str | None] = field("Help needed", zh="需要支持", default=None, longest=1000)
    written_at: Field[datetime] = field("Written at", zh="填写时间", init=False, order=True)
    time_zone: Field[str | None] = field("Time zone", zh="时区", init=False, longest=60)
    week: Field[date] = field("Week of", zh="所在周", init=False)

    def begin(self, session: Any) -> Mapping[str, Any]:
        """The moment, the writer's time zone, and the Monday of the writer's week."""
        mine = session.find(
            TeamMember,
            TeamMember.project == self.project.id,
            TeamMember.user == session.actor.id,
            TeamMember.time_zone.is_not(None),
        )
        name = mine[0].time_zone if mine else None
        zone: tzinfo = session.crm.zone if name is None else ZoneInfo(name)
        day = session.now.astimezone(zone).date()
        return {"written_at": session.now, "time_zone": name, "week": monday(day)}

    def shown_at(self, zone: tzinfo) -> datetime:
        """When it was written, by the clock of a reader in that time zone."""
        return self.written_at.astimezone(zone)


class BidDocument(Child, table="projects_bid_document"):
    """A document that goes with a bid, and who has checked that edition of it (投标文件)."""

    name: Field[str] = field("Name", zh="名称", longest=200)
    edition: Field[int] = field("Edition", zh="版本", default=1, validator=ge(1))
    checked_by: Link[User | None] = link("Checked by", zh="复核人", default=None)


class BidRank(Child, table="projects_bid_rank"):
    """A bidder's place when the bids were opened, and the price where it is known (开标排名)."""

    place: Field[int] = field("Place", zh="名次", validator=ge(1))
    bidder: Field[str] = field("Bidder", zh="投标人", longest=200)
    price: Field[Money | None] = field("Price", zh="报价", default=None)
    is_ours: Field[bool] = field("Ours", zh="我方", default=False)


class Bid(Record, table="projects_bid", scope=through("project"), pipeline="projects_bid"):
    """Our bid for a project, from its documents to the review of why it was lost (投标)."""

    project: Link[ProjectFile] = link("Project", zh="项目")
    deadline: Field[datetime] = field("Deadline", zh="截止时间", order=True)
    bond: Field[Money | None] = field("Bond", zh="投标保证金", default=None)
    documents: Children[BidDocument] = children("Documents", zh="投标文件", default=())
    opened_on: Field[date | None] = field("Opened on", zh="开标日期", default=None)
    ranking: Children[BidRank] = children("Ranking", zh="排名", default=())
    review_reason: Field[str | None] = field("Why it was lost", zh="失标原因", default=None, longest=1000)
    review_competitor: Field[str | None] = field("Lost to", zh="中标对手", default=None, longest=200)
    price_gap: Field[Decimal | None] = field("Price gap (%)", zh="价差", default=None)
    lesson: Field[str | None] = field("Lesson", zh="经验教训", default=None, longest=1000)

    def check(self, moment: datetime) -> None:
        """No two bidders have the same place, and one bid at most is ours."""
        places = [one.place for one in self.ranking]
        if len(set(places)) < len(places) or sum(one.is_ours for one in self.ranking) > 1:
            wrong = Problem("ranking", "duplicate", "each bidder has a place of its own, and one is ours")
            raise InvalidError(wrong.message, fields=[wrong])
