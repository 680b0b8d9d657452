"""Access that people give each other for a time: one record shared, or one's reach while absent."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pycrm.declare import Field, Link, Record, field, link, minimum_length, owned
from pycrm.entities.org import Action, OrgUnit, User

__all__ = ["Delegation", "Share", "ShareMode"]


class ShareMode(StrEnum):
    """Whether a shared record may only be read, or worked on too."""

    READ = "read"
    WORK = "work"


class Share(Record, table="crm_share", scope=owned()):
    """One record, with all that hangs on it, for a person or a unit (协作); its owner gives it."""

    entity: Field[str] = field("Entity", zh="对象", longest=100)
    record: Field[UUID] = field("Record", zh="记录", column="record_id")
    user: Link[User | None] = link("Person", zh="协作人", default=None)
    unit: Link[OrgUnit | None] = link("Unit", zh="协作单位", default=None)
    mode: Field[ShareMode] = field("Mode", zh="方式", default=ShareMode.READ)
    part: Field[str | None] = field("Part", zh="角色", default=None, longest=100)
    until: Field[date | None] = field("Until", zh="截止", default=None)
    reason: Field[str | None] = field("Reason", zh="原因", default=None, longest=500)

    def check(self, moment: datetime) -> None:
        """It is for one person or for one unit."""
        if (self.user is None) == (self.unit is None):
            raise ValueError("a record is shared with one person or with one unit")


class Delegation(Record, table="crm_delegation", scope=owned(stays=True)):
    """The giver's reach for some actions, for another person, from a day to a day (代理).

    Its owner gives it. It is not passed on, and never goes beyond what the giver has at the moment.
    """

    receiver: Link[User] = link("Delegate", zh="代理人")
    actions: Field[tuple[str, ...]] = field("Actions", zh="操作", longest=40)
    since: Field[date] = field("Since", zh="开始")
    until: Field[date] = field("Until", zh="结束")
    reason: Field[str] = field("Reason", zh="原因", longest=500, validator=minimum_length(2))

    def check(self, moment: datetime) -> None:
        """It names actions that there are, and ends after it begins."""
        unknown = [name for name in self.actions if name not in [action.value for action in Action]]
        if unknown or not self.actions:
            raise ValueError(f"there is no action {unknown[0]}" if unknown else "name the actions")
        if self.until < self.since:
            raise ValueError("until lies before since")
