"""What there is to buy, from the core's own products."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pycrm.declare.raw import RawInstant
from pycrm.entities.customer import Customer
from pycrm.entities.product import Product, ProductState
from pycrm.scoring.feed import Source
from pycrm.scoring.feeds import assortment
from pycrm.scoring.moment import LIFE

__all__ = ["SOURCES"]


def _assortment() -> Any:
    product = Product.__table__.c
    active = sa.select(sa.func.count(product.category_id.distinct())).where(
        product.state == sa.literal(ProductState.ACTIVE.value),
        product.archived_at.is_(None),
        LIFE.holds(sa.type_coerce(product.created_at, RawInstant())),
    )
    return sa.select(Customer.__table__.c.id.label("customer"), active.scalar_subquery().label("categories"))


SOURCES = (Source(assortment, _assortment),)
