"""Bringing a database to the shape that this version and its plugins need, and filling in the first rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.app.amendments import first_policies
from pycrm.app.core import BOOKS
from pycrm.app.grants import first_grants
from pycrm.declare.search import search_table_name, searched
from pycrm.declare.table import NAMING, create_tables
from pycrm.entities.org import Role, default_roles
from pycrm.errors import DeclarationError, StoreError
from pycrm.plugin import CUSTOM
from pycrm.revision.model import Setting
from pycrm.scope import text
from pycrm.scope.raw import loosen, secure
from pycrm.store import Store
from pycrm.store import migration as migrating
from pycrm.store.migration import Line

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = [
    "differences",
    "lagging",
    "line_of",
    "make_migration",
    "migrate",
    "pending",
    "portable_tables",
    "refuse_unmigrated",
    "take_back",
    "take_next",
]

_CORE = "core"


def migrate(crm: CRM) -> list[str]:
    """Take every missing step, publish pipelines, enter the first settings and roles, secure raw SQL.

    Raises:
        StoreError: a step failed, of which nothing was kept; those before it stay.
        DeclarationError: a plugin's migrations do not lead to what it declares.
    """
    # Alembic takes a while to import, and a database is migrated far less often than opened.
    from pycrm.store.migration import run

    done: list[str] = []
    run.create_schema(crm.store)
    done += [str(step) for step in run.take_all(crm.store, _lines(crm))]
    try:
        _begin(crm, done)
    except StoreError as error:
        _refuse_lagging(crm, error)
        raise
    secure(crm)
    return done


def _begin(crm: CRM, done: list[str]) -> None:
    """Enter the first rows and publish pipelines, as a line each in `done`."""
    from pycrm.store.migration import run

    with crm.session(crm.system("set-up")) as session:
        held = run.hold(crm.store)
        if held is not None:
            session.transaction.run(*held)
        missing = list(_first_rows(session))
        # Called whether or not one is missing: it refuses a published version that was changed.
        try:
            crm.pipelines.publish(session.transaction)
        except DeclarationError as error:
            before = f"; before that, {'; '.join(done)}" if done else ""
            raise DeclarationError(f"{error}{before}") from error
        for line, act in missing:
            if act is not None:
                act()
            done.append(line)


def pending(crm: CRM) -> list[str]:
    """What `migrate` would do, one line for each step; empty when nothing is to do.

    Raises:
        StoreError: the database was migrated by a newer version.
    """
    waiting = [str(step) for step in migrating.pending(crm.store, _lines(crm))]
    if waiting:
        return waiting
    with crm.view(crm.system("set-up")) as session:
        return [line for line, _ in _first_rows(session)]


def differences(crm: CRM, plugin: str | None = None) -> list[str]:
    """How the tables differ from what is declared, in words; of a migrated database, not at all.

    Args:
        plugin: look at the tables of this one alone.
    """
    from pycrm.store.migration import run

    return run.differences(crm.store, _lines(crm) if plugin is None else [line_of(crm, plugin)])


def lagging(crm: CRM) -> list[str]:
    """What is declared beyond the migrations, in words; the CRM's database, an empty one, is migrated for it."""
    from pycrm.store.migration import run

    lines = _lines(crm)
    run.create_schema(crm.store)
    for _ in run.take_all(crm.store, lines):
        pass
    empty = [line for line in lines if line.package and line.tables and not line.steps]
    return [
        *(f"{line.package} holds none yet: write the first with {_next(line.plugin)}" for line in empty),
        *run.differences(crm.store, lines),
    ]


def _next(plugin: str) -> str:
    return f"`pycrm migrate new {plugin} 'what it does'`"


def _refuse_lagging(crm: CRM, error: StoreError) -> None:
    """Refuse tables that are not what a plugin declares, when a statement over them has failed for it."""
    for line in _lines(crm):
        if line.steps and (found := differences(crm, line.plugin)):
            told = "; ".join(found)
            raise DeclarationError(
                f"the migrations of {line.plugin} lag behind what it declares ({told}): write the next one with "
                f"{_next(line.plugin)}"
            ) from error


def refuse_unmigrated(crm: CRM) -> None:
    """Refuse a database that was not migrated, or by a newer version.

    Raises:
        StoreError: it has to be migrated, or another version be installed.
    """
    migrating.refuse_pending(crm.store, _lines(crm))


def make_migration(crm: CRM, plugin: str, message: str, directory: Path | None = None) -> Path | None:
    """Write the plugin's next migration: what its declarations say beyond its migrations so far.

    Neither the database of the CRM nor the tables of other plugins come into it. Read what is
    written before you ship it: a renamed column looks like one dropped and one added, and a column
    that must not be empty needs a value for the rows that are there.

    Args:
        plugin: its name; it is loaded in this CRM.
        message: what the step does, in a few words.
        directory: its folder ``versions``; without it, that of the package which it names in `migrations`.

    Returns:
        the file written, or None where nothing has changed.

    Raises:
        DeclarationError: the plugin is not loaded, names no package of migrations or one that is not there,
            or the message gives no name for a file.
    """
    from pycrm.store.migration import make

    directory = directory or line_of(crm, plugin).folder
    if directory is None:
        raise DeclarationError(
            f"the plugin {plugin} names no package for migrations: make one, with an __init__.py, and say "
            f'migrations = "{plugin}.migrations"'
        )
    crm.registry.plugin(plugin)
    lines = _lines(crm, portable_tables(crm), "sqlite")
    names = [line.plugin for line in lines]
    store = Store("sqlite://")
    try:
        place = names.index(plugin) + 1
        return make.make_migration(store, lines[:place], lines[place - 1], message, directory)
    finally:
        store.dispose()


def take_back(crm: CRM, plugin: str) -> str | None:
    """Take back the newest migration of a plugin and say which; None where none is left.

    What the migration added is lost, so this is for databases that somebody tries migrations on. Raw SQL is
    closed from then on, until the next `migrate`.

    Raises:
        DeclarationError: the plugin is not loaded.
        StoreError: it could not be taken back, and no table has changed.
    """
    from pycrm.store.migration import run

    line = line_of(crm, plugin)
    loosen(crm)
    step = run.take_back(crm.store, line)
    return None if step is None else str(step)


def take_next(crm: CRM, plugin: str) -> str | None:
    """Take the one migration of a plugin that comes next and say which; None where none is missing.

    Raises:
        DeclarationError: the plugin is not loaded.
        StoreError: it failed, and nothing of it was kept.
    """
    from pycrm.store.migration import run

    step = run.take_next(crm.store, line_of(crm, plugin))
    return None if step is None else str(step)


def line_of(crm: CRM, plugin: str) -> Line:
    """The migrations and tables of one plugin.

    Raises:
        DeclarationError: it is not loaded.
    """
    crm.registry.plugin(plugin)
    return next(line for line in _lines(crm) if line.plugin == plugin)


def portable_tables(crm: CRM) -> sa.MetaData:
    """Every table of the CRM with the types that its columns have on SQLite and on PostgreSQL."""
    from pycrm.store.migration.make import portable

    names = {cls.__name__: cls.__tablename__ for cls in crm.records()}
    sqlite, postgres = (sa.MetaData(naming_convention=NAMING) for _ in range(2))
    create_tables(sqlite, crm.classes(), "sqlite", names)
    create_tables(postgres, crm.classes(), "postgresql", names)
    return portable(sqlite, postgres)


def _lines(crm: CRM, metadata: sa.MetaData | None = None, dialect: str | None = None) -> list[Line]:
    return [
        Line(
            plugin=each.name,
            prefix=each.plugin.prefix,
            package=each.plugin.migrations,
            make=lambda: metadata if metadata is not None else crm.metadata,
            tables=tuple(_tables((*each.classes, *(BOOKS if each.name == _CORE else ())))),
            dialect=dialect or crm.store.dialect,
        )
        for each in crm.registry.loaded
        # Their tables grow when the fields are entered, and by no migration.
        if each.name != CUSTOM
    ]


def _tables(classes: Iterable[Any]) -> Iterator[str]:
    for cls in classes:
        yield cls.__tablename__
        if searched(cls):
            yield search_table_name(cls)


def _first_models(session: Session) -> Iterator[tuple[str, Callable[[], object]]]:
    if any(plugin.models for plugin in session.crm.registry.plugins):
        from pycrm.scoring.publish import unpublished
        from pycrm.scoring.shelf import keep_model

        for model in unpublished(session.transaction):
            line = f"published the score model {model.key} {model.version}"
            yield line, partial(keep_model, session.transaction, model, None)


def _first_rows(session: Session) -> Iterator[tuple[str, Callable[[], object] | None]]:
    """What a database starts with and this one lacks: a line for each, and what enters it.

    Pipelines are published all at once.
    """
    crm, tx = session.crm, session.transaction
    setting = Setting.__table__
    if not tx.fetch(sa.select(setting.c.value).where(setting.c.name == "secret")):
        yield (
            "made the key of claims and cursors",
            lambda: tx.execute(
                sa.insert(setting).values(name="secret", value=crm.identifiers.bytes(32).hex())
            ),
        )
    unread = [cls for cls in crm.records() if searched(cls) and text.is_behind(tx, cls)]
    if unread:
        names = ", ".join(cls.__name__ for cls in unread)
        yield f"made the index of texts of {names}", lambda: text.rebuild(tx, unread)
    for key, number in crm.pipelines.unpublished(tx):
        yield f"published pipeline {key} {number}", None
    if not session.count(Role):
        yield "added the roles staff, leader, top and administrator", lambda: session.add_all(default_roles())
    yield from first_policies(session)
    yield from first_grants(session)
    yield from _first_models(session)
