"""Lists as people like to see them."""

from __future__ import annotations

from pycrm.declare import Field, Record, field, private

__all__ = ["SavedView"]


class SavedView(Record, table="crm_saved_view", scope=private()):
    """A list with its filters, its order and its columns under a name (视图); its writer's alone."""

    entity: Field[str] = field("Kind of record", zh="对象", longest=100)
    name: Field[str] = field("Name", zh="名称", order=True, longest=60)
    query: Field[str] = field("Filters", zh="筛选", default="", longest=2000)
