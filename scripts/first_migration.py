"""Write core's first migration from the declarations, in a notation short enough to read.

``first_migration.py`` writes the file, ``first_migration.py --check`` says whether it is out of date
and fails then. Once a version of pycrm is released its migrations stay as they are: this script is
for the time before the first one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pycrm import CRM
from pycrm.app.setup import portable_tables
from pycrm.store.migration.make import TYPES

FILE = Path(__file__).parents[1] / "src/pycrm/store/migrations/versions/0001_foundation.py"
WIDTH = 100

SALT = "salt"
# The words for types; those of one type on both databases are told by what SQLite calls them.
WORDS = {
    "KEY": "key",
    "INSTANT": "instant",
    "DAY": "day",
    "JSON_TEXT": "json",
    "SHORT": "short",
    "GRAMS": "grams",
}
PLAIN = {"BIGINT": "int", "TEXT": "text", "BOOLEAN": "flag", "VARCHAR(3)": "currency", "DOUBLE": "number"}
# Runs of columns that many tables begin with.
COMMON = {
    "RECORD": "id key, version int, created_at instant, created_by_id key?, updated_at instant, "
    "updated_by_id key?, archived_at instant?",
    "FACET": "of_id key, version int, created_at instant, created_by_id key?, updated_at instant, "
    "updated_by_id key?",
    "CHILD": "id key, parent_id key, position int",
    "OWNER": "owner_id key?, owner_unit_id key?",
    "PARENT": "parent_owner_id key?, parent_unit_id key?",
}

HEAD = '''\
"""Foundation: the tables of core. Written by scripts/first_migration.py."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# A word for each type of column: one type on SQLite, another on PostgreSQL.
TYPES: dict[str, Any] = {
%s}
# What the database draws by itself for each row of a sealed book.
SALTS = {"sqlite": "(randomblob(16))", "postgresql": "gen_random_uuid()"}
%s

def upgrade() -> None:
    """Make every table."""
'''

TAIL = '''

def table(
    name: str,
    *columns: str,
    key: str = "id",
    unique: str = "",
    refers: str = "",
    live: str = "",
    index: str = "",
    unique_index: str = "",
    clustered: bool = False,
) -> None:
    """Make a table: ``code text`` is a column, ``code text?`` one that may be empty.

    `refers` names columns with the tables whose ids they hold, with ``!`` those whose rows go with
    the row that they refer to. `live` are indexes of the rows that are not archived. Whatever may
    be several is parted by commas. SQLite keeps the rows of a `clustered` one in the order of the key.
    """
    parts: list[Any] = []
    for each in several(", ".join(columns)):
        column, word = each.split()
        drawn = sa.text(SALTS[op.get_bind().dialect.name]) if word == "salt" else None
        kind = TYPES[word.rstrip("?")]
        parts.append(sa.Column(column, kind, nullable=word.endswith("?"), server_default=drawn))
    parts.append(sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}"))
    for each in several(unique):
        parts.append(sa.UniqueConstraint(*each.split(), name=named("uq", name, each)))
    for each in several(refers):
        column, target = each.rstrip("!").split()
        cascade = "CASCADE" if each.endswith("!") else None
        parts.append(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=named("fk", name, column), ondelete=cascade
            )
        )
    op.create_table(name, *parts, sqlite_with_rowid=not clustered)
    there = sa.text("archived_at IS NULL")
    for each in several(live):
        op.create_index(
            named("ix", name, each), name, each.split(), sqlite_where=there, postgresql_where=there
        )
    for each in several(index):
        op.create_index(named("ix", name, each), name, each.split())
    for each in several(unique_index):
        op.create_index(named("uq", name, each), name, each.split(), unique=True)


def several(text: str) -> list[str]:
    """What is parted by commas."""
    return text.split(", ") if text else []


def named(kind: str, table: str, columns: str) -> str:
    """The name of an index or a constraint; PostgreSQL takes 63 characters."""
    return f"{kind}_{table}_{'_'.join(columns.split())}"[:63]
'''


def column(one: sa.Column[Any]) -> str:
    """A column in words: ``code text?``."""
    if one.name == SALT:
        return f"{SALT} salt"
    word = next((WORDS[name] for name, (kind, _) in TYPES.items() if kind is one.type), None)
    word = word or PLAIN[one.type.compile(dialect=sa.make_url("sqlite://").get_dialect()())]
    return f"{one.name} {word}{'?' if one.nullable else ''}"


def columns(table: sa.Table) -> Iterator[str]:
    """The arguments for the columns of a table: common runs by name, the others as text."""
    rest = ", ".join(map(column, table.columns))
    for name, run in COMMON.items():
        if rest == run or rest.startswith(f"{run}, "):
            yield name
            rest = rest[len(run) :].removeprefix(", ")
    yield from map(quoted, lines(rest))


def lines(long: str) -> Iterator[str]:
    """A text cut at commas into pieces that fit a line."""
    piece = ""
    for part in filter(None, long.split(", ")):
        if piece and len(piece) + len(part) + 2 > WIDTH:
            yield piece
            piece = ""
        piece += f", {part}" if piece else part
    if piece:
        yield piece


def arguments(table: sa.Table) -> Iterator[str]:
    """The arguments that say what a table has besides columns."""
    key = [each.name for each in table.primary_key.columns]
    if key != ["id"]:
        yield f"key={quoted(' '.join(key))}"
    unique = [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]
    if unique:
        yield f"unique={text(names(each.columns) for each in ordered(unique))}"
    refers = []
    for each in sorted(table.foreign_key_constraints, key=lambda it: list(table.c).index(it.columns[0])):
        mark = "!" if each.ondelete == "CASCADE" else ""
        assert each.ondelete in (None, "CASCADE")
        assert [it.column.name for it in each.elements] == ["id"]
        refers.append(f"{names(each.columns)} {each.referred_table.name}{mark}")
    if refers:
        yield f"refers={text(refers)}"
    for word, found in indexes(table).items():
        if found:
            yield f"{word}={text(found)}"
    if not table.dialect_options["sqlite"]["with_rowid"]:
        yield "clustered=True"


def indexes(table: sa.Table) -> dict[str, list[str]]:
    """The columns of each index, by what kind of index it is."""
    found: dict[str, list[str]] = {"live": [], "index": [], "unique_index": []}
    for each in ordered(table.indexes):
        where = each.dialect_options["sqlite"]["where"]
        if each.unique:
            assert where is None
            found["unique_index"].append(names(each.columns))
        else:
            assert where is None or str(where) == f"{table.name}.archived_at IS NULL"
            found["index" if where is None else "live"].append(names(each.columns))
    return found


def check_names(table: sa.Table) -> None:
    """The migration makes names by a rule, so every name has to follow it."""
    for each in (*table.indexes, *table.constraints):
        kinds = {"Index": "uq" if getattr(each, "unique", False) else "ix", "UniqueConstraint": "uq"}
        kind = (kinds | {"ForeignKeyConstraint": "fk"}).get(type(each).__name__)
        if kind is not None:
            made = f"{kind}_{table.name}_{'_'.join(names(each.columns).split())}"[:63]  # type: ignore[union-attr]
            assert str(each.name) == made, (each.name, made)


def names(some: Iterable[Any]) -> str:
    """The names of columns, parted by spaces."""
    return " ".join(each.name for each in some)


def ordered(some: Iterable[Any]) -> list[Any]:
    """Indexes or constraints by name."""
    return sorted(some, key=lambda each: str(each.name))


def quoted(piece: str) -> str:
    """A text as Python has it."""
    return f'"{piece}"'


def text(parts: Iterable[str]) -> str:
    """Parts in one text, with commas, as Python has it; on several lines where it is long."""
    pieces = list(lines(", ".join(parts)))
    found = [quoted(f"{piece}, ") for piece in pieces[:-1]] + [quoted(pieces[-1])]
    return found[0] if len(found) == 1 else f"({' '.join(found)})"


def written(metadata: sa.MetaData) -> str:
    """The whole file."""
    types = "".join(f'    "{WORDS[name]}": {made},\n' for name, (_, made) in TYPES.items())
    types += '    "int": sa.BigInteger(),\n    "text": sa.Text(),\n'
    types += '    "salt": sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql"),\n'
    types += '    "flag": sa.Boolean(create_constraint=False),\n    "currency": sa.String(3),\n'
    types += '    "number": sa.Double(),\n'
    common = ""
    for name, run in COMMON.items():
        common += f"{name} = {text([run])}\n"
    body = ""
    for table in metadata.sorted_tables:
        check_names(table)
        parts = [quoted(table.name), *columns(table), *arguments(table)]
        body += f"    table({', '.join(parts)})\n"
    return HEAD % (types, common) + body + TAIL


def formatted(code: str) -> str:
    """The file as the house lays out its code."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FILE), "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Write the file, or say that it is out of date."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; fail if it is out of date")
    code = formatted(written(portable_tables(CRM("sqlite://"))))
    if not arguments.parse_args().check:
        FILE.write_text(code, "utf-8")
    elif FILE.read_text("utf-8") != code:
        sys.exit(f"{FILE.name} is not what the declarations say: run scripts/first_migration.py")


if __name__ == "__main__":
    main()
