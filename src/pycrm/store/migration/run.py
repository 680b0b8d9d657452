"""Taking the steps: each in one transaction of its own, under a lock, whole or not at all."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from pycrm.errors import CRMError, DeclarationError, StoreError
from pycrm.store.migration import rebuild
from pycrm.store.migration.line import Act, Line, Step
from pycrm.store.migration.version import pending, present, remaining

if TYPE_CHECKING:
    from pycrm.store.engine import Store

__all__ = [
    "LOCK_WAIT",
    "create_schema",
    "differences",
    "hold",
    "remove",
    "take_all",
    "take_back",
    "take_next",
]

# Alembic hands the running step to its script through one module-wide name.
_ONE_AT_A_TIME = threading.Lock()
# A step that must wait for a reader's lock holds up everybody behind it, so it gives up soon.
LOCK_WAIT = "10s"


def take_all(store: Store, lines: Sequence[Line]) -> Iterator[Step]:
    """Take every step that is missing and yield each once it is durable.

    Raises:
        StoreError: a step failed, of which nothing was kept, or the database is of a newer version.
        DeclarationError: a plugin's files are not a line of numbered migrations.
    """
    waiting = {step.plugin for step in pending(store, lines)}
    for line in lines:
        if line.plugin in waiting:
            while (step := _take(store, line)) is not None:
                yield step


def take_next(store: Store, line: Line) -> Step | None:
    """Take the one step of a line that comes next, and return it; None where there is none.

    Raises:
        StoreError, DeclarationError: as `take_all`.
    """
    return _take(store, line)


def take_back(store: Store, line: Line) -> Step | None:
    """Take back the newest step of a line, whole or not at all, and return it; None where there is none.

    What the step added is lost. For those who try out their migrations: `pycrm migrate` never goes back.

    Raises:
        StoreError: it could not be taken back, and nothing has changed.
    """
    step = None
    try:
        with _ONE_AT_A_TIME, _alone(store) as connection:
            waiting = remaining(connection, [line])
            taken = line.steps[: len(line.steps) - len(waiting)]
            if not taken:
                return None
            step = taken[-1]
            _migrate(connection, line, step, is_upgrade=False)
    except CRMError:
        raise
    except Exception as error:
        raise StoreError(f"{step or line.plugin} could not be taken back: {_reason(error)}") from error
    return step


def remove(store: Store, line: Line, acts: Sequence[Any]) -> None:
    """Drop every table of a line with its rows, and how far it was taken; whole or not at all.

    Args:
        acts: statements that are executed first, while the rows are there.

    Raises:
        StoreError: it could not be done, and nothing has changed.
    """
    try:
        with _ONE_AT_A_TIME, _alone(store) as connection:
            for act in acts:
                connection.execute(act)
            # What SQLite keeps for searching is a table of its own, which nothing declares.
            more = [f"{name}_fts" for name in line.tables if store.dialect == "sqlite"]
            names = [*more, *line.tables, line.version_table.name]
            if store.dialect == "sqlite":
                for name in names:
                    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {store.quoted(name)}")
            else:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {', '.join(map(store.quoted, names))}")
    except Exception as error:
        raise StoreError(f"the tables of {line.plugin} could not be dropped: {_reason(error)}") from error


def create_schema(store: Store) -> None:
    """Make the schema of this tenant, where it has one of its own."""
    if store.schema:
        with _alone(store) as connection:
            connection.execute(sa.schema.CreateSchema(store.schema, if_not_exists=True))


def hold(store: Store) -> tuple[str, tuple[int, ...]] | None:
    """The statement that keeps other processes from migrating until the transaction ends.

    SQLite needs none: its writers take turns already.
    """
    if store.dialect == "sqlite":
        return None
    name = f"pycrm migrate {store.schema or 'public'}".encode()
    digest = hashlib.blake2b(name, digest_size=8).digest()
    return "SELECT pg_advisory_xact_lock(%s)", (int.from_bytes(digest, signed=True),)


def _take(store: Store, line: Line) -> Step | None:
    step = None
    try:
        with _ONE_AT_A_TIME, _alone(store) as connection:
            # Another process may have been faster while this one waited.
            step = next(iter(remaining(connection, [line])), None)
            if step is not None:
                _ACTS[step.act](connection, line, step)
    except CRMError:
        raise
    except Exception as error:
        what = step or f"the migration of {line.plugin}"
        raise StoreError(f"{what} failed, and nothing of it was kept: {_reason(error)}") from error
    return step


@contextmanager
def _alone(store: Store) -> Iterator[sa.Connection]:
    """A transaction in which nobody else migrates."""
    with store.turn or nullcontext(), store.connect() as connection:
        if store.dialect == "sqlite":
            with rebuild.foreign_keys_off(connection), _begun(connection, "BEGIN IMMEDIATE"):
                with rebuild.derived_kept(connection):
                    yield connection
                rebuild.check_foreign_keys(connection)
            return
        with _begun(connection, "BEGIN ISOLATION LEVEL READ COMMITTED"):
            held = hold(store)
            assert held is not None
            connection.exec_driver_sql(*held)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            yield connection


@contextmanager
def _begun(connection: sa.Connection, begin: str) -> Iterator[None]:
    connection.exec_driver_sql(begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except sa.exc.SQLAlchemyError:
            # The database may have rolled back by itself, on PostgreSQL because the connection is gone.
            if connection.dialect.name != "sqlite":
                connection.invalidate()
        raise


def _run(connection: sa.Connection, line: Line, step: Step) -> None:
    if step == line.steps[0]:
        # Left from tables that were made from declarations and dropped since.
        _forget(connection, line)
    _migrate(connection, line, step)


def _migrate(connection: sa.Connection, line: Line, step: Step, *, is_upgrade: bool = True) -> None:
    script = _scripts(line)
    taken = RevisionStep(script.revision_map, script.get_revision(step.revision), is_upgrade)
    context = _context(connection, line, fn=lambda heads, migration: [taken])
    with warnings.catch_warnings():
        # What reflection cannot carry through a rebuild is put back by `derived_kept`.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        with Operations.context(context):
            context.run_migrations()


def _declare(connection: sa.Connection, line: Line, step: Step) -> None:
    old = present(connection, set(line.tables))
    line.metadata.create_all(connection, tables=[line.metadata.tables[name] for name in line.tables])
    # What was made just now is as declared, and to look at it again takes longer than to make it.
    if old:
        why = "its tables were made from declarations that have changed since"
        _refuse_differences(connection, line, why)
    _record(connection, line, step.revision)


def _adopt(connection: sa.Connection, line: Line, step: Step) -> None:
    _refuse_differences(connection, line, "its tables were made without its migrations")
    _record(connection, line, step.revision)


_ACTS = {Act.RUN: _run, Act.DECLARE: _declare, Act.ADOPT: _adopt}


def _refuse_differences(connection: sa.Connection, line: Line, why: str) -> None:
    found = _differences(connection, line)
    if found:
        raise StoreError(
            f"plugin {line.plugin}: {why} and are not as declared: {'; '.join(found[:5])}"
            f"{' …' if len(found) > 5 else ''}. Alter or drop them, then run `pycrm migrate`"
        )


def differences(store: Store, lines: Sequence[Line]) -> list[str]:
    """How the tables of these lines differ from what is declared, in words."""
    with store.turn or nullcontext(), store.connect() as connection:
        return [each for line in lines for each in _differences(connection, line)]


def _differences(connection: sa.Connection, line: Line) -> list[str]:
    names = set(line.tables)

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "table" or name in names

    def is_declared(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        return kind != "table" or name in names

    context = _context(connection, line, include_name=is_ours, include_object=is_declared, compare_type=True)
    return sorted({_say(each) for each in compare_metadata(context, line.metadata)})


def _say(difference: Any) -> str:
    if isinstance(difference, list):
        difference = difference[0]
    act, *parts = difference
    if act.startswith("modify_"):
        return f"{parts[1]}.{parts[2]} has another {act.removeprefix('modify_')}"
    what = parts[-1]
    table = getattr(what, "table", None)
    name = parts[1] if isinstance(parts[0], str | None) and len(parts) > 1 else getattr(table, "name", "")
    prefix = f"{name}." if isinstance(name, str) and name else ""
    state = "is missing" if act.startswith("add_") else "is not declared"
    return f"{act.partition('_')[2].replace('_', ' ')} {prefix}{getattr(what, 'name', what)} {state}"


def _scripts(line: Line) -> ScriptDirectory:
    """Alembic's view of the folder; it must tell the same story as the names of the files."""
    assert line.folder is not None
    script = ScriptDirectory(str(line.folder.parent), version_locations=[str(line.folder)])
    told = [(each.revision, each.down_revision) for each in script.walk_revisions()]
    numbers = [step.revision for step in line.steps]
    if told[::-1] != list(zip(numbers, [None, *numbers], strict=False)):
        raise DeclarationError(
            f"plugin {line.plugin}: each migration names its file's number as `revision` and the one "
            f"before as `down_revision`; found {told[::-1]}"
        )
    return script


def _context(connection: sa.Connection, line: Line, **options: Any) -> MigrationContext:
    options |= {"version_table": line.version_table.name}
    return MigrationContext.configure(connection=connection, opts=options)


def _forget(connection: sa.Connection, line: Line) -> None:
    table = line.version_table
    table.create(connection, checkfirst=True)
    connection.execute(sa.delete(table))


def _record(connection: sa.Connection, line: Line, version: str) -> None:
    _forget(connection, line)
    connection.execute(sa.insert(line.version_table).values(version_num=version))


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    text = str(cause).strip() or type(cause).__name__
    return text.splitlines()[0]
