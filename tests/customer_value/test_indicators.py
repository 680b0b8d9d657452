"""Every indicator of the catalogue gives what was worked out by hand, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import Feed, catalog, feeds

from .cases import cases, enter, fact_plugin, wrong

TODAY = date(2026, 6, 30)
TABLES = sorted(Path(__file__).parent.glob("*.txt"))
# What only the core's own records tell is entered through these, not by a table of facts.
OWN = ("holidays",)
FEEDS = {
    one.name: one
    for one in (getattr(feeds, name) for name in feeds.__all__)
    if isinstance(one, Feed) and one.rows is None and one.twin is None and one.name not in OWN
}


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_the_table(open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch, table: Path) -> None:
    """The values and points of a table are those that were worked out by hand."""
    # Facts are those of the table; what the core's own sources make of records is tested with records.
    own = tuple(one for one in catalog.SOURCES if one.feed.name in OWN)
    monkeypatch.setattr(catalog, "SOURCES", own)
    crm: Any = open_crm(plugins=(CustomerValue, fact_plugin((), FEEDS.values())))
    crm.migrate()
    found = cases(table, FEEDS)
    customers = enter(crm, FEEDS, found)
    assert list(wrong(crm, found, customers, TODAY)) == []
