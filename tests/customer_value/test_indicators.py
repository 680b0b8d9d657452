"""Every indicator of the catalogue gives what was worked out by hand, on both databases and in DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pycrm import CRM
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import Feed, catalog, feeds
from pycrm.scoring.engine import Engine

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


# DuckDB takes longer to be fed than to reckon: the cases of all tables are one feeding. Where one customer's
# value depends on all others, the cases of a table are everybody.
OF_ALL = [one for one in TABLES if one.stem.startswith("share")]
OTHERS = [one for one in TABLES if one not in OF_ALL]
WAYS = [
    *(pytest.param([one], "database", id=one.stem) for one in TABLES),
    *(pytest.param([one], "duckdb", id=f"duckdb-{one.stem}") for one in OF_ALL),
    pytest.param(OTHERS, "duckdb", id="duckdb"),
]


@pytest.mark.parametrize(("tables", "engine"), WAYS)
def test_the_tables(
    open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch, tables: list[Path], engine: Engine
) -> None:
    """The values and points of a table are those that were worked out by hand."""
    # Facts are those of the table; what the core's own supplies make of records is tested with records.
    own = tuple(one for one in catalog.SUPPLIES if one.feed.name in OWN)
    monkeypatch.setattr(catalog, "SUPPLIES", own)
    crm: Any = open_crm(plugins=(CustomerValue, fact_plugin((), FEEDS.values())))
    crm.migrate()
    found = [case for table in tables for case in cases(table, FEEDS)]
    customers = enter(crm, FEEDS, found)
    assert list(wrong(crm, found, customers, TODAY, engine)) == []
