"""What a raw statement names, as PostgreSQL itself understands it, before it runs.

The statement is made a temporary view in a transaction that is always rolled back: a view takes one
SELECT and nothing else, and its stored tree names every table, column and function by number, with
all aliases, search paths and overloads resolved. Running it then takes the same rule of the grammar,
so a text cannot be one thing here and another there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pycrm.scope.raw.policies import readable
from pycrm.scope.raw.role import apart, ready
from pycrm.scope.raw.text import refused, unknown

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["examine", "refusal"]

_VIEW = "pycrm_asked"
_FUNCTION = re.compile(r":\w*(?:funcid|fnoid|tsmhandler) (\d+)")
_TABLE = re.compile(r":relid (\d+)")
# Nothing that a caller names stands between the two words of one node.
_COLUMNS = re.compile(r":relid (\d+) [^{}]*?:selectedCols \(b([ \d]*)\)")
# Attributes are counted from here, so that those of the system (ctid, xmin) come before.
_FIRST = 7
# What never writes can still run SQL, or tell of the server, of tables and of other people's rows.
_TELLTALE = re.compile(
    r"pg_(?!typeof$)|txid_|has_|inet_|lo_|current_setting$|row_security_active$|version$|.*_to_xml|ts_stat"
)

# ``column v.name``, ``column "name" specified in USING clause``, ``function a.name(uuid)``
_MISSING = re.compile(r"""(column|relation|function) "?(?:[^\s"(]+\.)?([^\s"(.]+)""")


def examine(tx: Transaction, text: str) -> str:
    """Refuse a statement that is not one SELECT of what may be read; else the role to run it under.

    Raises:
        InvalidError: it is wrong, or names a table, column or function that is not there or not given.
        StoreError: the database has no role for raw SQL, or one that is out of step.
    """
    with apart(tx.store) as cursor:
        role = ready(cursor, tx.crm)
        try:
            # In the form of results that takes one command only: several are refused by the server.
            cursor.execute(f"CREATE TEMPORARY VIEW {_VIEW} AS {text}\n", binary=True)
        except Exception as error:
            raise refusal(tx, error, 0) from error
        cursor.execute(
            f"SELECT ev_class::oid, ev_action::text FROM pg_rewrite WHERE ev_class = 'pg_temp.{_VIEW}'::regclass"
        )
        view, tree = cursor.fetchone()
        if ":hasForUpdate true" in tree or ":tablesample {" in tree:
            raise refused("a statement reads without locks and samples")
        _refuse_tables(tx, cursor, int(view), tree)
        _refuse_functions(cursor, tree)
    return role


def _refuse_tables(tx: Transaction, cursor: Any, view: int, tree: str) -> None:
    numbers = {int(found) for found in _TABLE.findall(tree)} - {view}
    cursor.execute(
        "SELECT oid::bigint, relname, relnamespace::regnamespace::text = quote_ident(current_schema()) "
        "FROM pg_class WHERE oid = ANY (%s)",
        (list(numbers),),
    )
    tables = {number: (name, is_ours) for number, name, is_ours in cursor.fetchall()}
    given = readable(tx)
    for number in sorted(numbers):
        name, is_ours = tables[number]
        if not is_ours or name not in given:
            raise unknown("relation", name)
    for number, bits in _COLUMNS.findall(tree):
        if int(number) in numbers:
            table = tables[int(number)][0]
            _refuse_columns(cursor, int(number), {int(bit) - _FIRST for bit in bits.split()}, given[table])


def _refuse_columns(cursor: Any, table: int, places: set[int], given: frozenset[str]) -> None:
    # Zero stands for the row as a whole, which is all of its columns.
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s AND NOT attisdropped "
        "AND (attnum = ANY (%s) OR (%s AND attnum > 0)) ORDER BY attnum",
        (table, list(places), 0 in places),
    )
    for (name,) in cursor.fetchall():
        if name not in given:
            raise unknown("column", name)


def _refuse_functions(cursor: Any, tree: str) -> None:
    cursor.execute(
        "SELECT proname, pronamespace = 'pg_catalog'::regnamespace AND provolatile <> 'v' AND NOT prosecdef "
        "FROM pg_proc WHERE oid = ANY (%s) ORDER BY oid",
        ([int(found) for found in _FUNCTION.findall(tree)],),
    )
    for name, is_pure in cursor.fetchall():
        if not is_pure or _TELLTALE.match(name):
            raise unknown("function", name)


def refusal(tx: Transaction, error: Exception, seconds: float) -> Exception:
    """What an error of the driver means to whoever wrote the statement."""
    state = getattr(error, "sqlstate", None)
    missing = _MISSING.match(str(error)) if state in ("42703", "42P01", "42883") else None
    if missing is not None:
        # In the words in which something hidden is refused.
        return unknown(*missing.groups())
    if state == "57014":
        return refused(f"the statement took longer than {seconds:g} seconds", "range")
    if state == "42501":
        return refused("the statement names what may not be read", "unknown")
    if state is None or state[:2] in ("42", "22", "0A", "21", "54"):
        # The first line alone: hints name columns that the reader may not know of.
        return refused(str(error).partition("\n")[0], "format")
    return tx.store.translated(error)
