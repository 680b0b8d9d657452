"""How each database says the functions of indicators; what they mean is in `function`.

A form names its arguments ``{0}``, ``{1}``, and all of them ``{all}``. PostgreSQL's is the plain one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.functions import FunctionElement

from pycrm.declare.raw import RawDate

__all__ = [
    "ALONG",
    "CLIP",
    "DAY",
    "DAYS",
    "DAYS_AFTER",
    "DAY_AFTER",
    "FIRST_OF_MONTH",
    "FLOOR",
    "HUNDREDTHS",
    "LEAST",
    "LISTED",
    "MONTH",
    "PLACE",
    "RATIO",
    "ROOT",
    "SECONDS",
]

Make = Callable[..., Any]


class _Function(FunctionElement[Any]):
    """A function whose arguments are its clauses."""

    inherit_cache = True

    def __init__(self, *clauses: Any) -> None:
        super().__init__(*clauses)


def _function(name: str, kind: Any, said: str, **forms: str) -> Make:
    """A function of that type, said alike in every database but for those in `forms`."""
    body = {"inherit_cache": True, "name": f"pycrm_{name}", "type": kind}
    made: Any = type(name.title().replace("_", ""), (_Function,), body)
    compiles(made)(_saying(said))
    for dialect, form in forms.items():
        compiles(made, dialect)(_saying(form))
    return made  # type: ignore[no-any-return]


def _saying(form: str) -> Callable[..., str]:
    def say(element: Any, compiler: Any, **options: Any) -> str:
        # A sum or a difference stands in brackets, whatever is done with it.
        grouped = (clause.self_group(against=operators.mul) for clause in element.clauses)
        parts = [compiler.process(clause, **options) for clause in grouped]
        return form.format(*parts, all=", ".join(parts))

    return say


RATIO = _function(
    "ratio", sa.Double(), "(CAST({0} AS DOUBLE PRECISION) / NULLIF(CAST({1} AS DOUBLE PRECISION), 0))"
)
DAYS = _function(
    "days", sa.BigInteger(), "({1} - {0})", sqlite="CAST(julianday({1}) - julianday({0}) AS INTEGER)"
)
MONTH = _function(
    "month",
    sa.BigInteger(),
    "CAST(EXTRACT(YEAR FROM {0}) * 12 + EXTRACT(MONTH FROM {0}) AS BIGINT)",
    sqlite="(CAST(substr({0}, 1, 4) AS INTEGER) * 12 + CAST(substr({0}, 6, 2) AS INTEGER))",
)
DAY = _function(
    "day",
    RawDate(),
    "CAST(timezone('UTC', {0}) + {1} * INTERVAL '1 second' AS DATE)",
    sqlite="date({0} / 1000000 + {1}, 'unixepoch')",
    duckdb="CAST({0} + {1} * INTERVAL '1 second' AS DATE)",
)
DAY_AFTER = _function("day_after", RawDate(), "({0} + 1)", sqlite="date({0}, '+1 day')")
DAYS_AFTER = _function(
    "days_after",
    RawDate(),
    "({0} + CAST({1} AS INTEGER))",
    sqlite="date({0}, CAST({1} AS INTEGER) || ' days')",
)
SECONDS = _function(
    "seconds",
    sa.Double(),
    "CAST(EXTRACT(EPOCH FROM CAST(timezone('UTC', {0}) + {1} * INTERVAL '1 second' AS TIME))"
    " AS DOUBLE PRECISION)",
    sqlite="((({0} + {1} * 1000000) % 86400000000) / 1000000.0)",
    duckdb="EXTRACT(EPOCH FROM CAST({0} + {1} * INTERVAL '1 second' AS TIME))",
)
FIRST_OF_MONTH = _function(
    "first_of_month",
    RawDate(),
    "CAST(date_trunc('month', {0}) AS DATE)",
    sqlite="(substr({0}, 1, 8) || '01')",
)
ROOT = _function("root", sa.Double(), "sqrt(CASE WHEN {0} > 0 THEN {0} ELSE {0} * 0 END)")
# GREATEST passes over what is missing on PostgreSQL, and is called MAX on SQLite.
CLIP = _function("clip", sa.Double(), "(CASE WHEN {0} < {1} THEN {1} WHEN {0} > {2} THEN {2} ELSE {0} END)")
# From 0 points at {1} to 100 at {2}, which lies {3} further. To PostgreSQL a constant is a numeric, which is slow.
_LINE = "(CASE WHEN {0} {from_} {1} THEN {nought} WHEN {0} {to} {2} THEN {full} ELSE ({0} - {1}) * {full} / {3} END)"
_PLAIN = _LINE.replace("{nought}", "0e0").replace("{full}", "1e2")
_TYPED = _LINE.replace("{0}", "CAST({0} AS DOUBLE PRECISION)")
_TYPED = _TYPED.replace("{nought}", "CAST(0 AS DOUBLE PRECISION)").replace(
    "{full}", "CAST(100 AS DOUBLE PRECISION)"
)


def _along(name: str, from_: str, to: str) -> Make:
    typed, plain = (one.replace("{from_}", from_).replace("{to}", to) for one in (_TYPED, _PLAIN))
    return _function(name, sa.Double(), typed, sqlite=plain, duckdb=plain)


# For lines that rise, and for lines that fall.
ALONG = {True: _along("along_up", "<=", ">="), False: _along("along_down", ">=", "<=")}
# SQLAlchemy's own floor is a Python function on SQLite, slow and without an answer to nothing.
FLOOR = _function(
    "floor",
    sa.BigInteger(),
    "CAST(floor({0}) AS BIGINT)",
    sqlite="(CAST({0} AS INTEGER) - ({0} < CAST({0} AS INTEGER)))",
)
LEAST = _function("least", sa.BigInteger(), "LEAST({all})", sqlite="min({all})")
PLACE = _function("place", sa.BigInteger(), "strpos({1}, {0})", sqlite="instr({1}, {0})")
# A decimal such as 70.495 lies a little beside itself in binary: what is that near to a half is one.
HUNDREDTHS = _function(
    "hundredths",
    sa.BigInteger(),
    "CAST(floor({0} * 100 + 0.5 + 1e-7) AS BIGINT)",
    sqlite="CAST({0} * 100 + 0.5 + 1e-7 AS INTEGER)",
)
LISTED = _function(
    "listed",
    sa.Text(),
    "CAST(json_build_array({all}) AS TEXT)",
    sqlite="json_array({all})",
    duckdb="CAST(json_array({all}) AS TEXT)",
)
