"""A leak to plant in lists that are sorted by fields which administrators added."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm.scope.gateway import Query

from .planting import HIDDEN, through


@through("walk in the order of an added field", rules=HIDDEN)
def s05_sorted_by_an_added_field(patch: pytest.MonkeyPatch) -> None:
    """A list is sorted by an added field, and leaves out whoever has no value of it, though the field is hidden."""
    column = Query.column

    def unasked(self: Any, field: Any) -> Any:
        table = getattr(field, "table", None)
        if table is None or not str(table.name).startswith("custom_"):
            return column(self, field)
        if table not in self._joined:
            self.source = self.source.outerjoin(table, table.c.of_id == self.table.c.id)
            self._joined.add(table)
        return field

    patch.setattr(Query, "column", unasked)
