"""What is judged of a customer, beside what the core holds."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from pycrm import Customer, Facet, Field, field, ge, le
from pycrm.scoring import Supply
from pycrm.scoring.feeds import judgement

__all__ = ["SUPPLIES", "Purchasing", "ValueProfile"]


class Purchasing(StrEnum):
    """Whether one place buys for the whole customer (集中采购/混合/分散采购)."""

    CENTRAL = "central"
    MIXED = "mixed"
    DISPERSED = "dispersed"


class ValueProfile(Facet, table="customer_value_profile", of=Customer):
    """What is judged of a customer or was found out (价值档案).

    The zone is that of its address, by how far it is from a place of service. How many companies its
    group is known to have may be said of any of them.
    """

    credit_rating: Field[str | None] = field("Credit rating", zh="外部信用评级", default=None, longest=10)
    rated_on: Field[date | None] = field("Rated on", zh="评级日期", default=None)
    purchasing: Field[Purchasing | None] = field("Purchasing", zh="采购集中度", default=None)
    switching_cost: Field[int | None] = field(
        "Cost of switching (1-5)", zh="转换成本", default=None, validator=(ge(1), le(5))
    )
    zone: Field[str | None] = field("Service zone", zh="服务区域", default=None, longest=60)
    is_reference: Field[bool | None] = field("Willing to be a reference", zh="愿作推荐客户", default=None)
    group_companies: Field[int | None] = field(
        "Companies of the group", zh="集团企业数", default=None, validator=ge(1)
    )
    verified_on: Field[date | None] = field("Verified on", zh="资料核实日期", default=None)


def _judgement() -> Any:
    held = ValueProfile.__table__.c
    told = (held[name].label(name) for name in judgement.columns)
    return sa.select(held.of_id.label("customer"), *told)


SUPPLIES = (Supply(judgement, _judgement),)
