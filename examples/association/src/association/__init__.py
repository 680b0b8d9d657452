"""An association: donors with their pledges and receipts, and volunteers with their shifts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import attrs

# fmt: off
from pycrm import (  # isort: skip
    Child, Children, ConflictError, Customer, Facet, Field, Link, Money, Move, Pipeline, Plugin, Record, Stage,
    children, field, ge, hookimpl, link, owned, through,
)
# fmt: on

__all__ = ["Association", "Helper", "Owed", "Pledge", "Receipt", "Shift", "Volunteer", "owed"]


class Pledge(Record, table="association_pledge", scope=through("donor"), pipeline="association_pledge"):
    """What a donor has promised to give (认捐)."""

    donor: Link[Customer] = link("Donor", zh="捐赠人")
    purpose: Field[str] = field("Purpose", zh="用途", search=True, longest=200)
    amount: Field[Money] = field("Amount", zh="金额", key=True)
    due_on: Field[date] = field("Due on", zh="到期日", order=True)

    def check(self, moment: datetime) -> None:
        """Nothing is no promise."""
        if self.amount.units <= 0:
            raise ValueError("a pledge is above nought")


class Receipt(Record, table="association_receipt", scope=through("donor")):
    """A donation that came in, with the number under which the donor deducts it (捐赠收据)."""

    donor: Link[Customer] = link("Donor", zh="捐赠人")
    pledge: Link[Pledge | None] = link("Pledge", zh="认捐", default=None)
    number: Field[str] = field("Number", zh="编号", unique=True, longest=30)
    amount: Field[Money] = field("Amount", zh="金额", key=True)
    received_on: Field[date] = field("Received on", zh="收款日", order=True)


class Volunteer(Facet, table="association_volunteer", of=Customer):
    """What a person helps with (志愿者)."""

    skills: Field[tuple[str, ...]] = field("Skills", zh="技能", default=(), longest=60)
    hours: Field[int] = field("Hours a month", zh="每月小时", default=4, validator=ge(1), order=True)


class Helper(Child, table="association_helper"):
    """One volunteer on a shift (排班人员)."""

    volunteer: Link[Customer] = link("Volunteer", zh="志愿者")


class Shift(Record, table="association_shift", scope=owned()):
    """Work on one day for some volunteers, kept by whoever runs it (排班)."""

    title: Field[str] = field("Title", zh="内容", search=True, longest=200)
    on: Field[date] = field("Day", zh="日期", order=True)
    places: Field[int] = field("Places", zh="人数", validator=ge(1))
    helpers: Children[Helper] = children("Helpers", zh="志愿者")

    def check(self, moment: datetime) -> None:
        """No more than there are places, and nobody twice."""
        names = [one.volunteer.id for one in self.helpers]
        if len(names) > self.places:
            raise ValueError("the shift is full")
        if len(set(names)) < len(names):
            raise ValueError("somebody stands there twice")


PLEDGE = Pipeline(
    "association_pledge", 1, "Pledge", "Pledge", translations={"zh": "认捐流程"},
    stages=(
        Stage("promised", "Promised", translations={"zh": "已承诺"}),
        Stage("kept", "Kept", kind="won", translations={"zh": "已兑现"}),
        Stage("lapsed", "Lapsed", kind="lost", translations={"zh": "已失效"}),
    ),
    moves=(
        Move("keep", "promised", "kept", "Keep", translations={"zh": "兑现"}),
        Move("lapse", "promised", "lapsed", "Let lapse", reason=True, translations={"zh": "失效"}),
    ),
)  # fmt: skip


@attrs.frozen
class Owed:
    """A pledge that is due, and what of it has not come in."""

    donor: str
    purpose: str
    due_on: date
    left: Money


def owed(session: Any, days: int = 30) -> list[Owed]:
    """List the pledges that fall due within so many days and are not kept."""
    until = session.crm.calendar_day(session.now) + timedelta(days=days)
    pledges = session.find(Pledge, Pledge.stage == "promised", Pledge.due_on <= until, order=Pledge.due_on)
    names = {one.id: one.name for one in session.find(Customer)}
    return [Owed(names[one.donor.id], one.purpose, one.due_on, _left(session, one)) for one in pledges]


def _left(session: Any, pledge: Pledge) -> Money:
    return pledge.amount - session.sum(Receipt.amount, Receipt.pledge == pledge)


class Association(Plugin):
    """Association

    Donors with their pledges and receipts, and volunteers with their shifts.
    """

    name = "association"
    api = ">=0.1,<0.2"
    records = (Pledge, Receipt, Shift)
    children = (Helper,)
    facets = (Volunteer,)
    pipelines = (PLEDGE,)
    commands = (owed,)

    @hookimpl
    def before_add(self, session: Any, record: Receipt) -> None:
        """A receipt pays the pledge of its own donor, and no more of it than is left."""
        if record.pledge is None:
            return
        pledge = session.get(record.pledge)
        if pledge.donor != record.donor:
            raise ConflictError("the pledge is of another donor")
        if record.amount > _left(session, pledge):
            raise ConflictError("more than is left of the pledge: enter the rest without one")

    @hookimpl
    def record_added(self, session: Any, record: Receipt) -> None:
        """Whoever has given all that was promised has kept the pledge."""
        if record.pledge is not None and not _left(session, session.get(record.pledge)).units:
            session.move(session.get(record.pledge), to="kept")
