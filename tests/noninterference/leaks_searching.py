"""Leaks of searching to plant: S10, each of which the two worlds must show."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm.declare.search import search_table
from pycrm.scope import paging, sought
from pycrm.scope.fields import FieldRights

from .planting import HIDDEN, through


@through("search", rules=HIDDEN)
def s10_hidden_text_matches(patch: pytest.MonkeyPatch) -> None:
    """Words are found in fields that are hidden."""
    patch.setattr(sought, "field_rights", lambda tx, cls: FieldRights())


@through("search")
def s10_hits_counted(patch: pytest.MonkeyPatch) -> None:
    """A page says how many records contain the words, whoever may see them."""
    page = paging.page

    def told(
        tx: Any, cls: Any, conditions: Any, order: Any, size: Any, after: Any, wanted: Any = None
    ) -> Any:
        found = page(tx, cls, conditions, order, size, after, wanted)
        if wanted is None:
            return found
        texts = search_table(cls)
        contains = [texts.c[name].contains(wanted.words[0], autoescape=True) for name in wanted.columns]
        number = tx.fetch(sa.select(sa.func.count()).select_from(texts).where(sa.or_(*contains)))[0][0]
        return attrs.evolve(found, items=[*found.items, number])

    patch.setattr(paging, "page", told)
