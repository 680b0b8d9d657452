"""Writing a plugin's next migration from what it declares and what its migrations have made so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql

from pycrm.errors import DeclarationError
from pycrm.store.migration.run import take_all

if TYPE_CHECKING:
    from pycrm.store.engine import Store
    from pycrm.store.migration.line import Line

__all__ = ["TYPES", "make_migration", "portable"]

# The types of pycrm's columns under the names that migrations give them, with their definitions:
# one type on SQLite, another on PostgreSQL.
TYPES: dict[str, tuple[sa.types.TypeEngine[Any], str]] = {
    "KEY": (
        sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql"),
        'sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")',
    ),
    "INSTANT": (
        sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql"),
        'sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")',
    ),
    "DAY": (
        sa.Text().with_variant(sa.Date(), "postgresql"),
        'sa.Text().with_variant(sa.Date(), "postgresql")',
    ),
    "JSON_TEXT": (
        sa.Text().with_variant(postgresql.JSONB(), "postgresql"),
        'sa.Text().with_variant(postgresql.JSONB(), "postgresql")',
    ),
    "SHORT": (
        sa.BigInteger().with_variant(sa.Integer(), "postgresql"),
        'sa.BigInteger().with_variant(sa.Integer(), "postgresql")',
    ),
    "GRAMS": (
        sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql"),
        'sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql")',
    ),
}

_FILE = Template('''\
"""$message"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
$imports
revision = "$revision"
down_revision = $before

$types
def upgrade() -> None:
    """Take the step."""
    $upgrade


def downgrade() -> None:
    """Take it back; what it added is lost."""
    $downgrade
''')


def make_migration(
    store: Store, lines: Sequence[Line], line: Line, message: str, directory: Path
) -> Path | None:
    """Write the line's next migration into the directory and return its path.

    The tables as declared are compared with what the migrations so far make of an empty database,
    so that it does not matter what the database at hand looks like. Read what is written before
    you ship it: a renamed column looks like one dropped and one added, and a column that must not
    be empty needs a value for the rows that are there.

    Args:
        store: an empty SQLite database to try the migrations in.
        lines: those that come before `line`, and itself, for that database; their tables portable
            (see `portable`).
        message: what the step does, in a few words.

    Returns:
        the file, or None where nothing has changed.

    Raises:
        DeclarationError: the message gives no name for a file.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:60]
    if not slug:
        raise DeclarationError(f"{message!r} gives no name for a file: say it in a few ASCII words")
    others = [each for each in lines if each is not line]
    for _ in take_all(store, [*others, *([line] if line.steps else [])]):
        pass
    with store.connect() as connection:
        context = MigrationContext.configure(connection=connection, opts=_options(line, lines))
        upgrade = produce_migrations(context, line.metadata).upgrade_ops
        if upgrade is None or upgrade.is_empty():
            return None
        text = _text(context, line, message, upgrade)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{len(line.steps) + 1:04}_{slug}.py"
    path.write_text(text, "utf-8")
    return path


def portable(metadata: sa.MetaData, postgres: sa.MetaData) -> sa.MetaData:
    """Give every column of tables made for SQLite its type on PostgreSQL too, and return the tables."""
    known = {_pair(kind, kind): kind for kind, _ in TYPES.values()}
    for name, table in metadata.tables.items():
        for column in table.columns:
            other = postgres.tables[name].columns[column.name].type
            pair = _pair(column.type, other)
            if pair[0] != pair[1]:
                column.type = known.get(pair) or column.type.with_variant(other, "postgresql")
    return metadata


def _pair(ours: sa.types.TypeEngine[Any], theirs: sa.types.TypeEngine[Any]) -> tuple[str, str]:
    sqlite = sa.make_url("sqlite://").get_dialect()()
    return ours.compile(dialect=sqlite), theirs.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


def _options(line: Line, lines: Sequence[Line]) -> dict[str, Any]:
    # Of exam and exam_lab the latter's tables begin with the former's prefix too.
    longer = tuple(f"{it.prefix}_" for it in lines if it.prefix.startswith(f"{line.prefix}_"))
    versions = {each.version_table.name for each in lines}

    def is_ours(name: str | None, kind: str) -> bool:
        if kind != "table" or name in line.tables:
            return True
        ours = name is not None and name.startswith(f"{line.prefix}_") and not name.startswith(longer)
        return ours and name not in versions

    return {
        "version_table": line.version_table.name,
        "target_metadata": line.metadata,
        "compare_type": True,
        "include_name": lambda name, kind, parents: is_ours(name, kind),
        "include_object": lambda thing, name, kind, reflected, other: (
            is_ours(name, kind) and (kind != "table" or reflected or name in line.tables)
        ),
    }


def _text(context: MigrationContext, line: Line, message: str, upgrade: UpgradeOps) -> str:
    names = {id(kind): name for name, (kind, _) in TYPES.items()}

    def render(kind: str, thing: Any, autogen: Any) -> str | Literal[False]:
        return names.get(id(thing), False)

    def code(ops: UpgradeOps | DowngradeOps) -> str:
        found = render_python_code(ops, render_as_batch=True, migration_context=context, render_item=render)
        return "\n".join(each for each in found.splitlines() if not each.strip().startswith("# ###"))

    up, down = code(upgrade), code(upgrade.reverse())
    both = up + down
    used = {name: text for name, (_, text) in TYPES.items() if re.search(rf"\b{name}\b", both)}
    definitions = "".join(f"{name} = {text}\n" for name, text in used.items())
    needs = "postgresql." in both + definitions
    before = f'"{len(line.steps):04}"' if line.steps else "None"
    return _FILE.substitute(
        message=message.rstrip(".").replace("\\", " ").replace('"', "'") + ".",
        imports="from sqlalchemy.dialects import postgresql\n" if needs else "",
        revision=f"{len(line.steps) + 1:04}",
        before=before,
        types=f"{definitions}\n" if definitions else "",
        upgrade=up.strip(),
        downgrade=down.strip(),
    )
