"""How a customer buys: what this plugin keeps of somebody else's record."""

from __future__ import annotations

from pycrm import Customer, Facet, Field, Money, field, ge, le
from pycrm.plugins.projects import TenderKind

__all__ = ["BuyerProfile"]


class BuyerProfile(Facet, table="b2b_buyer_profile", of=Customer):
    """How a customer decides and with what money (采购画像); seen by whoever sees the customer."""

    decision_process: Field[str] = field("How they decide", zh="决策流程", longest=1000)
    annual_budget: Field[Money | None] = field("Annual budget", zh="年度预算", default=None)
    budget_month: Field[int | None] = field(
        "Month of the budget", zh="预算月份", default=None, validator=(ge(1), le(12))
    )
    tender_from: Field[Money | None] = field("Tenders from", zh="招标起点", default=None)
    usual_tender: Field[TenderKind | None] = field("Usual tender", zh="常用招标方式", default=None)
    certificates: Field[tuple[str, ...]] = field("Certificates asked for", zh="资质要求", default=())
