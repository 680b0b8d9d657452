"""Looking into databases with their drivers alone, past pycrm."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["catalogue", "driver", "fetch", "names"]


@contextmanager
def driver(database: str, schema: str = "public") -> Iterator[Any]:
    """A connection of the driver; it commits."""
    if database.startswith("sqlite"):
        connection: Any = sqlite3.connect(database.removeprefix("sqlite:///"))
    else:
        import psycopg

        connection = psycopg.connect(database, options=f"-c search_path={schema}")
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def fetch(database: str, statement: str, schema: str = "public") -> list[tuple[Any, ...]]:
    """The rows of one statement, if it has any."""
    with driver(database, schema) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def catalogue(database: str, schema: str = "public", prefix: str = "") -> dict[str, Any]:
    """All that the database knows of its tables, by name.

    Version tables are left out, and SQLite's indexes of texts, which are virtual tables.
    """
    if database.startswith("sqlite"):
        rows = fetch(database, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        # Of a table's constraints and columns it does not matter which comes first.
        found = {name: sorted(line.strip(" ,\t") for line in text.splitlines()) for name, text in rows}
    else:
        found = dict(_postgresql(database, schema))
    return {
        name: what
        for name, what in found.items()
        if name.startswith(prefix) and "crm_version_" not in name and "_search_fts" not in name
    }


def _postgresql(database: str, schema: str) -> Iterator[tuple[str, Any]]:
    columns = (
        "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
        "pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
        f"WHERE c.relkind = 'r' AND c.relnamespace = '{schema}'::regnamespace "
        "AND a.attnum > 0 AND NOT a.attisdropped"
    )
    constraints = (
        "SELECT conrelid::regclass::text || ':' || conname, pg_get_constraintdef(oid) "
        f"FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace AND contype <> 'n'"
    )
    indexes = (
        f"SELECT indexname, replace(indexdef, '{schema}.', '') FROM pg_indexes WHERE schemaname = '{schema}'"
    )
    for statement in (columns, constraints, indexes):
        for name, *what in fetch(database, statement, schema):
            yield name, what


def names(database: str) -> set[str]:
    """The names of all tables, version tables too."""
    if database.startswith("sqlite"):
        statement = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        statement = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {name for (name,) in fetch(database, statement)}
