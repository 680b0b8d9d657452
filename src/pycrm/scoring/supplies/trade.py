"""What there is to buy, from the core's own products."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.declare.raw import RawInstant
from pycrm.entities.customer import Customer
from pycrm.entities.product import Product, ProductState
from pycrm.scoring.feed import Supply
from pycrm.scoring.feeds import assortment
from pycrm.scoring.moment import LIFE

__all__ = ["SUPPLIES"]


def _assortment() -> Any:
    product = Product.__table__.c
    filed, archived = (sa.type_coerce(at, RawInstant()) for at in (product.created_at, product.archived_at))
    active = sa.select(sa.func.count(product.category_id.distinct())).where(
        product.state == sa.literal(ProductState.ACTIVE.value),
        LIFE.holds(filed),
        sa.or_(archived.is_(None), sa.not_(LIFE.holds(archived))),
    )
    return sa.select(Customer.__table__.c.id.label("customer"), active.scalar_subquery().label("categories"))


SUPPLIES = (Supply(assortment, _assortment),)
