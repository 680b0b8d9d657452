"""What is sold."""

from __future__ import annotations

from enum import StrEnum

from pycrm.declare import Field, Link, Record, field, link, reference
from pycrm.values import Money

__all__ = ["MarginClass", "Product", "ProductCategory", "ProductKind", "ProductState"]


class ProductKind(StrEnum):
    """Goods, a service or a package of both."""

    GOODS = "goods"
    SERVICE = "service"
    PACKAGE = "package"


class ProductState(StrEnum):
    """Whether a product can be put on a new line."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class MarginClass(StrEnum):
    """How much a product earns."""

    HIGH = "high"
    MID = "mid"
    LOW = "low"


class ProductCategory(Record, table="crm_product_category", scope=reference()):
    """A group of products (产品类别); categories form a tree."""

    name: Field[str] = field("Name", zh="名称", unique=True, longest=200, order=True)
    parent: Link[ProductCategory | None] = link("Part of", zh="上级类别", default=None)


class Product(Record, table="crm_product", scope=reference()):
    """Goods, a service or a package that we sell (产品)."""

    code: Field[str] = field("Code", zh="编码", unique=True, search=True, longest=60)
    name: Field[str] = field("Name", zh="名称", longest=300, order=True, search=True)
    category: Link[ProductCategory] = link("Category", zh="类别")
    kind: Field[ProductKind] = field("Kind", zh="类型", default=ProductKind.GOODS)
    unit: Field[str] = field("Unit", zh="单位", longest=100)
    standard_cost: Field[Money | None] = field("Standard cost", zh="标准成本", default=None, restricted=True)
    margin_class: Field[MarginClass | None] = field("Margin", zh="毛利等级", default=None, restricted=True)
    state: Field[ProductState] = field("State", zh="状态", default=ProductState.ACTIVE)
