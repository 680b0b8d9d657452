"""Opportunities: what may be sold to whom, for how much and when."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pycrm.declare import (
    Child,
    Children,
    Field,
    Link,
    Record,
    children,
    field,
    ge,
    le,
    link,
    reference,
    through,
)
from pycrm.entities.customer import Contact, Customer
from pycrm.entities.lead import Lead
from pycrm.entities.product import Product, ProductState
from pycrm.errors import InvalidError, Problem
from pycrm.values import Money

__all__ = ["LossReason", "Opportunity", "OpportunityContact", "OpportunityLine"]


class OpportunityLine(Child, table="crm_opportunity_line"):
    """A product on an opportunity; its amount is rounded half up by itself."""

    product: Link[Product] = link("Product", zh="产品")
    qty: Field[Decimal] = field("Quantity", zh="数量", scale=3, validator=ge(0))
    unit_price: Field[Money] = field("Unit price", zh="单价")
    discount: Field[Decimal] = field(
        "Discount %", zh="折扣", scale=4, default=Decimal(0), validator=(ge(0), le(100))
    )

    @property
    def amount(self) -> Money:
        """Quantity x unit price x (1 - discount), rounded half up to the minor unit."""
        return self.unit_price.times(self.qty * (100 - self.discount) / 100)


class OpportunityContact(Child, table="crm_opportunity_contact"):
    """A contact's part in an opportunity: stance from -2 (against) to 2, influence from 1 to 5."""

    contact: Link[Contact] = link("Contact", zh="联系人")
    role: Field[str | None] = field("Role", zh="角色", default=None, longest=60)
    stance: Field[int | None] = field("Stance", zh="态度", default=None, validator=(ge(-2), le(2)))
    influence: Field[int | None] = field("Influence", zh="影响力", default=None, validator=(ge(1), le(5)))


class LossReason(Record, table="crm_loss_reason", scope=reference()):
    """Why deals are lost (丢单原因), by the code that `Opportunity.lost_reason` then holds.

    Where a reason `needs_competitor` no deal is lost for it without naming one (PIP-6).
    """

    code: Field[str] = field("Code", zh="代码", unique=True, longest=60, order=True)
    name: Field[str | None] = field("Name", zh="名称", default=None, longest=200)
    needs_competitor: Field[bool] = field("Needs a competitor", zh="须有竞争对手", default=False)


class Opportunity(Record, table="crm_opportunity", scope=through("customer", owned=True), pipeline="sales"):
    """A chance to sell (商机); its stage changes only by a move of its pipeline.

    With lines the amount is their sum; without, it is typed.
    """

    customer: Link[Customer] = link("Customer", zh="客户")
    name: Field[str] = field("Name", zh="名称", search=True, longest=300)
    amount: Field[Money | None] = field("Amount", zh="金额", default=None)
    expected_close: Field[date] = field("Expected close", zh="预计成交", order=True)
    closed_on: Field[date | None] = field("Closed on", zh="成交日期", default=None)
    need: Field[str | None] = field("Need", zh="需求", default=None)
    competitors: Field[tuple[str, ...]] = field("Competitors", zh="竞争对手", default=(), longest=200)
    lines: Children[OpportunityLine] = children("Lines", zh="明细", default=())
    contacts: Children[OpportunityContact] = children("Contacts", zh="联系人", default=())
    lost_reason: Field[str | None] = field("Reason of loss", zh="丢单原因", default=None, longest=400)
    manual_probability: Field[int | None] = field(
        "Own estimate (%)", zh="人工概率", default=None, validator=(ge(0), le(100))
    )
    next_step: Field[str | None] = field("Next step", zh="下一步", default=None, search=True, longest=400)
    source_lead: Link[Lead | None] = link("Lead", zh="来源线索", default=None)
    campaign_code: Field[str | None] = field("Campaign", zh="活动代码", default=None, longest=60)

    # It was an estimate of another stage.
    dropped_by_moves = ("manual_probability",)
    derives = {"amount": ("lines.qty", "lines.unit_price", "lines.discount")}

    def derive(self, session: Any) -> dict[str, Any]:
        """With lines, the amount is the sum of their rounded amounts (COR-12)."""
        lines = self.lines
        if not lines:
            return {}
        retired = [
            Problem(f"lines/{index}/product", "rule", "the product is retired")
            for index, line in enumerate(lines)
            if line.is_new and session.get(line.product).state is ProductState.RETIRED
        ]
        if retired:
            raise InvalidError("a retired product cannot be put on a new line", fields=retired)
        return {"amount": total(lines)}

    def check(self, moment: datetime) -> None:
        """An amount is not negative, a close date not before the day of creation (PIP-E6)."""
        if self.amount is not None and self.amount.units < 0:
            raise InvalidError("the amount is negative", fields=[Problem("amount", "range", "is negative")])


def total(lines: tuple[OpportunityLine, ...]) -> Money:
    """The sum of the lines.

    Raises:
        InvalidError: the lines have several currencies.
    """
    currencies = {line.unit_price.currency for line in lines}
    if len(currencies) > 1:
        wrong = Problem("lines", "rule", f"one currency, not {', '.join(sorted(currencies))}")
        raise InvalidError("the lines have several currencies", fields=[wrong])
    return sum((line.amount for line in lines[1:]), lines[0].amount)
