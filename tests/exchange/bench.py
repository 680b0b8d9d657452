"""A bench for imports: tables and mappings written as text, and every table of the database to compare."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

from pycrm import CRM
from pycrm.exchange import ImportReport, RowVerdict, Verdict, import_file

__all__ = ["CATEGORIES", "CUSTOMER_HEAD", "DEAL_HEAD", "LINES", "Bench", "canonical", "dump"]

# What a mapping of organisations begins with; columns of the test's own are written behind it.
CUSTOMER_HEAD = """
entity = "Customer"
make = "organization"
source = "old"
key = "No"

[columns]
name = "Name"
source = { value = "exhibition", lookup = "Source.name" }
"""

# The same of deals, by the customers that were imported before.
DEAL_HEAD = """
entity = "Opportunity"
source = "old"
key = "No"

[columns]
name = "Name"
customer = { column = "Customer", lookup = "external" }
"""

# Lines of deals, in a table of their own.
LINES = """
[[children]]
field = "lines"
file = "items"
parent = "Deal"

[children.columns]
product = { column = "Product", lookup = "Product.code" }
qty = "Qty"
unit_price = { column = "Price", money = "EUR" }
"""
CATEGORIES = 'entity = "ProductCategory"\nsource = "old"\nkey = "Name"\n[columns]\nname = "Name"\n'
PRODUCTS = """
entity = "Product"
source = "old"
key = "No"

[columns]
name = "No"
code = "No"
unit = { value = "box" }
category = { value = "Food", lookup = "ProductCategory.name" }
"""

Tables = dict[str, list[tuple[Any, ...]]]
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Customers' codes are drawn at random.
_CODE = re.compile(r'"code":\s*\[null,\s*"[2-9A-Z]{8}"\]')


@attrs.frozen
class Bench:
    """A CRM and a folder: `load` writes a table and a mapping there, and imports it."""

    crm: CRM
    folder: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the folder with that content."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(
        self, who: Any, mapping: str, table: str | bytes, *, name: str = "table.csv", **options: Any
    ) -> ImportReport:
        """Import the table by the mapping as `who`; `files` may be given as text too."""
        files = {key: self.write(f"{key}.csv", text) for key, text in options.pop("files", {}).items()}
        return import_file(
            self.crm,
            who,
            self.write(name, table),
            self.write("mapping.toml", mapping),
            files=files,
            **options,
        )

    def stock(self, *codes: str) -> ImportReport:
        """Import products of a category Food; the report is that of the products."""
        setup = self.crm.system("set-up")
        self.load(setup, CATEGORIES, "Name\nFood\n", name="categories.csv")
        return self.load(setup, PRODUCTS, "\n".join(["No", *codes, ""]), name="products.csv")


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """How many rows were imported, updated, unchanged and refused."""
    found = report.counts
    return (
        found[Verdict.IMPORTED],
        found[Verdict.UPDATED],
        found[Verdict.UNCHANGED],
        found[Verdict.REFUSED],
    )


def refusals(report: ImportReport) -> list[tuple[int, str]]:
    """Line and code of every refused row."""
    return [(one.line, one.code) for one in report.refused()]


def only(report: ImportReport) -> RowVerdict:
    """The one refused row of a report."""
    (found,) = report.refused()
    return found


def dump(address: str) -> Tables:
    """Every row of every table, read by the driver alone."""
    if address.startswith("sqlite"):
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            return {name: _rows(connection.execute(f'SELECT * FROM "{name}"')) for name in _names(connection)}
    import psycopg

    with psycopg.connect(address) as server:
        found = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: _rows(server.execute(f'SELECT * FROM "{name}"'.encode())) for (name,) in sorted(found)}


def _names(connection: sqlite3.Connection) -> list[str]:
    return [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    ]


def _rows(cursor: Any) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, cursor.fetchall()), key=repr)


def canonical(tables: Tables) -> Tables:
    """The tables without what differs from run to run: each id is named after the rows that mention it.

    Two databases with equal canonical tables hold the same records with the same links between
    them, whatever their ids are. (Colour refinement, which tells trees apart; five rounds reach
    from a change row over its record to whatever that links to.)
    """
    # The index of texts is derived from the records, their drawn codes among it, and has a test of its own.
    kept = {name: rows for name, rows in tables.items() if "_search" not in name}
    plain = {name: [tuple(_plain(value) for value in row) for row in rows] for name, rows in kept.items()}
    labels: dict[str, str] = defaultdict(str)
    for _ in range(5):
        mentions: dict[str, list[str]] = defaultdict(list)
        for name, rows in plain.items():
            for row in rows:
                told = repr((name, _labelled(row, labels)))
                for place, value in enumerate(row):
                    for id in _ids(value):
                        mentions[id].append(f"{place}{told}")
        labels = defaultdict(str)
        for id, places in mentions.items():
            labels[id] = hashlib.sha256("".join(sorted(places)).encode()).hexdigest()[:16]
    return {name: sorted((_labelled(row, labels) for row in rows), key=repr) for name, rows in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes) and len(value) == 16:
        return str(UUID(bytes=value))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict | list):
        return _plain(repr(value))
    if isinstance(value, str):
        return "CODE" if re.fullmatch(r"[2-9A-Z]{8}", value) else _CODE.sub('"code":CODE', value)
    return value


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _UUID.findall(value)


def _labelled(row: tuple[Any, ...], labels: dict[str, str]) -> tuple[Any, ...]:
    return tuple(
        _UUID.sub(lambda found: f"<{labels[found[0]]}>", value) if isinstance(value, str) else value
        for value in row
    )
