"""Tables of a scratch database as CSV files, by the standard library alone."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Mapping
from pathlib import Path

__all__ = ["export"]


def export(database: sqlite3.Connection, queries: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Write the result of each query to ``<name>.csv`` in the folder, without its binary columns."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, query in queries.items():
        cursor = database.execute(query)
        rows = cursor.fetchall()
        kept = [
            (index, column[0])
            for index, column in enumerate(cursor.description)
            if not any(isinstance(row[index], bytes) for row in rows)
        ]
        written[name] = folder / f"{name}.csv"
        with open(written[name], "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([title for _, title in kept])
            writer.writerows([["" if row[at] is None else row[at] for at, _ in kept] for row in rows])
    return written
