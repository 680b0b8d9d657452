"""Which plugins a database is worked with: enabled and disabled as data, and taken out for good.

The names stand in a setting of the database itself, so that every process that opens it with `CRM.open`
loads the same plugins. Disabling touches no row of a plugin; only uninstalling does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from pycrm.errors import ConflictError, DeclarationError, NotFoundError
from pycrm.plugin import PluginDeclarationError, load
from pycrm.revision.model import ChangeRow, Setting
from pycrm.scope.organisation import catch_up
from pycrm.store import Store
from pycrm.store.engine import file_of

if TYPE_CHECKING:
    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["Fate", "disable", "enable", "enabled", "fate", "uninstall"]

_NAME = "plugins"


@attrs.frozen
class Fate:
    """What becomes of the data of a plugin that is uninstalled.

    Args:
        rows: of each table that is dropped, how many it has.
        belongings: of each of pycrm's own tables, how many rows go with those.
        kept: how many rows of history stay: what was, and who did it, remains provable.
    """

    plugin: str
    rows: Mapping[str, int]
    belongings: Mapping[str, int]
    kept: int


def enabled(url: str, *, schema: str | None = None) -> tuple[str, ...]:
    """The plugins that are enabled in a database, in the order in which they were; none where there is none.

    Raises:
        StoreError: the database does not answer.
    """
    store = Store(url, schema=schema)
    path = file_of(store.url)
    # Opening it would leave an empty file behind.
    if store.in_memory or (path is not None and not path.exists()):
        return ()
    table = Setting.__table__.c
    try:
        with store.connect() as connection:
            said = connection.execute(sa.select(table.value).where(table.name == _NAME)).scalar()
    except sa.exc.DBAPIError as error:
        if "crm_setting" in str(error.orig):
            return ()  # it was not set up yet
        raise store.translated(error.orig) from error  # type: ignore[arg-type]
    finally:
        store.dispose()
    return tuple(json.loads(said)) if said else ()


def enable(url: str, name: str, *, plugins: Iterable[Any] = (), **settings: Any) -> list[str]:
    """Load a plugin whenever the database is opened, and make its tables if they are not there.

    Args:
        plugins, settings: as of `CRM`; the plugins that are loaded besides, whatever the database says.

    Returns:
        the steps by which the database was migrated.

    Raises:
        ConflictError: it is enabled, or part of the product.
        DeclarationError: it is not installed or does not fit beside the others; nothing has changed.
        StoreError: its migrations failed; it is not enabled.
    """
    plugins, names = tuple(plugins), enabled(url, schema=settings.get("schema"))
    _refuse_given(name, plugins)
    if name in names:
        raise ConflictError(f"the plugin {name} is enabled already")
    with _crm(url, (*plugins, *names, name), settings) as crm:
        for left in crm.left_out:
            if left.name == name:
                raise DeclarationError(left.reason)
        steps = crm.migrate()
        with crm.session(crm.system(f"enable the plugin {name}")) as session:
            catch_up(session.transaction, _loaded(crm, name).plugin.records)
            _write(session, (*names, name))
    return steps


def disable(url: str, name: str, *, plugins: Iterable[Any] = (), **settings: Any) -> None:
    """Load a plugin no longer; its tables stay as they are, for the day on which it is enabled again.

    It need not be installed any more.

    Raises:
        NotFoundError: it is not enabled.
        ConflictError: it is part of the product, or another plugin requires it.
    """
    plugins, names = tuple(plugins), enabled(url, schema=settings.get("schema"))
    _refuse_given(name, plugins)
    if name not in names:
        raise NotFoundError(f"the plugin {name} is not enabled")
    rest = tuple(one for one in names if one != name)
    _refuse_required(name, (*plugins, *rest))
    # Core alone: a plugin that does not load any more must not stand in the way of its own disabling.
    with _crm(url, (), settings) as crm, crm.session(crm.system(f"disable the plugin {name}")) as session:
        _write(session, rest)


def fate(url: str, name: str, *, plugins: Iterable[Any] = (), **settings: Any) -> Fate:
    """What `uninstall` would do; nothing is changed.

    Raises:
        NotFoundError, ConflictError, DeclarationError: as `uninstall`.
    """
    with _alone(url, name, tuple(plugins), settings) as crm:
        return _fate(crm, name)


def uninstall(url: str, name: str, *, plugins: Iterable[Any] = (), **settings: Any) -> Fate:
    """Disable a plugin and drop its tables with all their rows; they cannot be brought back.

    Its code has to be installed still, since it says what is its own. Stop whoever works with it first.

    Returns:
        what has become of its data.

    Raises:
        NotFoundError: the database holds nothing of it.
        ConflictError: it is part of the product, another plugin requires it, or tables that are not its own
            refer to its tables.
        DeclarationError: it is not installed, or does not load.
        StoreError: the tables could not be dropped; they are all still there.
    """
    from pycrm.store.migration import run

    plugins = tuple(plugins)
    with _alone(url, name, plugins, settings) as crm:
        found = _fate(crm, name)
        names = enabled(url, schema=settings.get("schema"))
        rest = tuple(one for one in names if one != name)
        with crm.session(crm.system(f"uninstall the plugin {name}")) as session:
            _write(session, rest)
        run.remove(crm.store, _line(crm, name), [act for _, act in _belongings(crm, name).values()])
    return found


def _fate(crm: CRM, name: str) -> Fate:
    """What there is, told before the first row goes."""
    from pycrm.store.migration.version import is_begun

    line = _line(crm, name)
    if not is_begun(crm.store, line):
        raise NotFoundError(f"the database holds nothing of the plugin {name}")
    with crm.view(crm.system(f"count the rows of the plugin {name}")) as session:
        tx = session.transaction
        there = {str(row[0]) for row in tx.fetch(_names(tx.dialect))}
        others = [each for each in _pointing(crm, set(line.tables)) if each in there]
        if others:
            raise ConflictError(f"tables of others refer to those of {name}: {', '.join(others)}")

        def count(table: str) -> int:
            return int(tx.fetch(sa.select(sa.func.count()).select_from(sa.table(table)))[0][0])

        classes = _loaded(crm, name).classes
        kinds = [cls.__name__ for cls in classes]
        history = ChangeRow.__table__
        kept = sa.select(sa.func.count()).select_from(history).where(history.c.entity.in_(kinds))
        tables = [cls.__tablename__ for cls in classes]
        rows = {each: count(each) for each in tables if each in there}
        gone = {each: int(tx.fetch(ask)[0][0]) for each, (ask, _) in _belongings(crm, name).items()}
        return Fate(name, rows, {each: one for each, one in gone.items() if one}, int(tx.fetch(kept)[0][0]))


def _belongings(crm: CRM, name: str) -> dict[str, tuple[Any, Any]]:
    """Of pycrm's books what goes with the records of a plugin: how to count it, and how to delete it."""
    kinds = [cls.__name__ for cls in _loaded(crm, name).plugin.records]
    found = {}
    for cls in crm.classes():
        if cls.__goes_with__ == "record_id" and "entity" in cls.__specs__ and kinds:
            table = cls.__table__
            of_it = table.c.entity.in_(kinds)
            ask = sa.select(sa.func.count()).select_from(table).where(of_it)
            found[cls.__tablename__] = (ask, sa.delete(table).where(of_it))
    return found


def _pointing(crm: CRM, own: set[str]) -> list[str]:
    """Tables of other plugins that have a foreign key to one of these, whether they are loaded or not."""
    with crm.store.connect() as connection:
        inspector = sa.inspect(connection)
        return sorted(
            table
            for table in inspector.get_table_names()
            if table not in own
            and any(key["referred_table"] in own for key in inspector.get_foreign_keys(table))
        )


def _names(dialect: str) -> Any:
    if dialect == "sqlite":
        return sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")
    return sa.text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)")


def _line(crm: CRM, name: str) -> Any:
    from pycrm.app.setup import line_of

    return line_of(crm, name)


def _loaded(crm: CRM, name: str) -> Any:
    return next(each for each in crm.registry.loaded if each.name == name)


def _alone(url: str, name: str, plugins: tuple[Any, ...], settings: Mapping[str, Any]) -> CRM:
    """The CRM with the plugin, beside what it may need; refused where somebody needs it."""
    names = tuple(one for one in enabled(url, schema=settings.get("schema")) if one != name)
    _refuse_given(name, plugins)
    _refuse_required(name, (*plugins, *names))
    crm = _crm(url, (*plugins, *names, name), settings)
    for left in crm.left_out:
        if left.name == name:
            crm.close()
            raise DeclarationError(left.reason)
    return crm


def _refuse_given(name: str, plugins: tuple[Any, ...]) -> None:
    if any(name == getattr(one, "name", one) for one in plugins):
        raise ConflictError(f"the plugin {name} is part of the product, or was named for this call alone")


def _refuse_required(name: str, rest: tuple[Any, ...]) -> None:
    try:
        load(rest)
    except PluginDeclarationError as error:
        needing = [one.message for one in error.problems if one.path.endswith(f"/requires/{name}")]
        if needing:
            raise ConflictError("; ".join(needing), data={"plugin": name}) from None
        # Whatever else is wrong was so before, and is no reason to keep the plugin.


def _crm(url: str, plugins: Iterable[Any], settings: Mapping[str, Any]) -> CRM:
    from pycrm.app.crm import CRM

    return CRM(url, plugins=plugins, **settings)


def _write(session: Session, names: Iterable[str]) -> None:
    tx, table = session.transaction, Setting.__table__
    tx.execute(sa.delete(table).where(table.c.name == _NAME))
    tx.execute(sa.insert(table).values(name=_NAME, value=json.dumps(list(names))))
