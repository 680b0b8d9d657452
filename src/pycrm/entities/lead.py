"""Leads: somebody who may become a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pycrm.declare import Child, Children, Field, Link, Record, children, field, link, owned
from pycrm.entities.customer import Customer
from pycrm.entities.party import ContactPointKind, Source, check_reachable
from pycrm.errors import InvalidError, Problem

__all__ = ["Lead", "LeadContactPoint"]


class LeadContactPoint(Child, table="crm_lead_contact_point"):
    """A way to reach whoever stands behind a lead."""

    kind: Field[ContactPointKind] = field("Kind", zh="类型")
    value: Field[str] = field("Value", zh="号码或地址", personal=True, longest=320)

    def check(self, moment: datetime) -> None:
        """The same as of a customer's way of contact (COR-E2)."""
        check_reachable(self.kind, self.value)


class Lead(Record, table="crm_lead", scope=owned(), pipeline="lead"):
    """Somebody who may become a customer (线索)."""

    name: Field[str] = field("Name", zh="名称", order=True, search=True, longest=300)
    company: Field[str | None] = field("Company", zh="公司", default=None, search=True, longest=300)
    contact_points: Children[LeadContactPoint] = children("Ways of contact", zh="联系方式", default=())
    source: Link[Source] = link("Source", zh="来源")
    campaign_code: Field[str | None] = field("Campaign", zh="活动代码", default=None, longest=60)
    need_text: Field[str | None] = field("Need", zh="需求", default=None)
    reject_reason: Field[str | None] = field("Reason of rejection", zh="拒绝原因", default=None, longest=400)
    received_at: Field[datetime | None] = field("Received at", zh="收到时间", default=None)
    first_response_at: Field[datetime | None] = field(
        "First response", zh="首次响应", default=None, init=False
    )
    converted_to: Link[Customer | None] = link("Converted to", zh="转为客户", default=None, init=False)

    def begin(self, session: Any) -> dict[str, Any]:
        """A lead without a time was received now."""
        return {"received_at": self.received_at or session.now}

    def check(self, moment: datetime) -> None:
        """A lead names at least one way of contact (COR-E1) and was not received in the future."""
        if not self.contact_points:
            missing = Problem("contact_points", "required", "at least one way of contact is required")
            raise InvalidError("a lead needs at least one way of contact", fields=[missing])
        if self.received_at is not None and self.received_at > moment:
            raise ValueError("received_at lies in the future")
