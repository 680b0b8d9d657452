"""The role under which raw SQL runs on PostgreSQL: made and kept in step by `migrate`.

It cannot sign in, owns nothing and is a member of nothing. The policies bind it alone: the tables
belong to the role that pycrm connects as, to which row-level security does not apply, so that the
gateway's own statements run without a further condition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.org import UnitClosure
from pycrm.errors import CRMError, StoreError
from pycrm.scope.raw.policies import POLICY, statements

if TYPE_CHECKING:
    from pycrm.store import Store

__all__ = ["Door", "apart", "door", "loosen", "ready", "role_name", "secure"]

# Role and digest are kept with a policy itself, so that they go where the tables go.
_FOUND = f"""
    SELECT current_schema(), current_database(), current_user, me.rolsuper, me.rolcreaterole,
        taken.rolname, obj_description(policy.oid, 'pg_policy'),
        taken.rolsuper OR taken.rolbypassrls OR taken.rolcreaterole OR taken.rolcreatedb,
        pg_has_role(current_user, taken.oid, 'MEMBER'), current_setting('server_version_num')::int
    FROM pg_roles me
    LEFT JOIN pg_policy policy
        ON policy.polrelid = to_regclass('{UnitClosure.__tablename__}') AND policy.polname = '{POLICY}'
    LEFT JOIN pg_roles taken ON taken.oid = ANY (policy.polroles)
    WHERE me.rolname = current_user
"""


@attrs.frozen
class Door:
    """What the database has of the role, as the connection sees it."""

    schema: str
    database: str
    user: str
    is_superuser: bool
    can_create: bool
    role: str | None
    digest: str | None
    is_mighty: bool | None
    is_member: bool | None
    version: int


def role_name(database: str, schema: str) -> str:
    """The role of one tenant: no two databases or schemas of a cluster share it."""
    digest = hashlib.blake2b(f"{database}/{schema}".encode(), digest_size=6).hexdigest()
    return f"pycrm_sql_{schema[:36]}_{digest}"


def secure(crm: Any) -> bool:
    """Make the role and its policies, or bring them in step with what is declared.

    Returns whether raw SQL can be run now: not on SQLite, and not where the role is missing and the
    connection may not make one.

    Raises:
        StoreError: the database refused; nothing of it was kept.
    """
    store: Store = crm.store
    if store.dialect == "sqlite":
        return False
    from pycrm.store.migration.run import LOCK_WAIT, hold

    held = hold(store)
    assert held is not None
    with apart(store) as cursor:
        cursor.execute(*held)
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        found = door(cursor)
        if found.role is not None and found.digest == _digest(crm, found, found.role):
            return True
        role = role_name(found.database, found.schema)
        if not _has_role(cursor, store, found, role):
            return False
        _renew(cursor, crm, found, role)
        cursor.execute("COMMIT")
    return True


def loosen(crm: Any) -> None:
    """Take all policies away, and with them raw SQL until the next `secure`.

    A policy looks at the tables of others, which nobody could drop otherwise.
    """
    store: Store = crm.store
    if store.dialect == "sqlite":
        return
    with apart(store) as cursor:
        _take_away(cursor, door(cursor).schema, store.quoted)
        cursor.execute("COMMIT")


def ready(cursor: Any, crm: Any) -> str:
    """The role to run under.

    Raises:
        StoreError: it is not there, out of step with what is declared, or not as it has to be.
    """
    found = door(cursor)
    if found.role is None:
        name = role_name(found.database, found.schema)
        raise StoreError(
            f"raw SQL has no role in this database: run `pycrm migrate` as a user with CREATEROLE, or "
            f"`CREATE ROLE {name} NOLOGIN; GRANT {name} TO {found.user};` as one and then `pycrm migrate`"
        )
    if found.digest != _digest(crm, found, found.role):
        raise StoreError("the policies of raw SQL are not as declared: run `pycrm migrate`")
    if found.is_mighty:
        raise StoreError(f"the role {found.role} has rights beyond reading: raw SQL does not run under it")
    if not found.is_member:
        raise StoreError(f"{found.user} may not take the role: run `GRANT {found.role} TO {found.user};`")
    return found.role


def door(cursor: Any) -> Door:
    """What the database has of the role."""
    cursor.execute(_FOUND)
    return Door(*cursor.fetchone())


@contextmanager
def apart(store: Store) -> Iterator[Any]:
    """The driver's cursor in a transaction of its own, undone unless it was committed within.

    Raises:
        StoreError: the database refused.
    """
    with store.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            try:
                cursor.execute("BEGIN")
                yield cursor
            except CRMError:
                raise
            except Exception as error:
                raise store.translated(error) from error
            finally:
                try:
                    if not driver.closed and driver.info.transaction_status:
                        cursor.execute("ROLLBACK")
                except Exception:
                    # The connection may be gone, and then the database has rolled back by itself.
                    connection.invalidate()


def _has_role(cursor: Any, store: Store, found: Door, role: str) -> bool:
    """Whether the role is there, after making it where that is permitted."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    there = cursor.fetchone() is not None
    if not there:
        if not (found.is_superuser or found.can_create):
            return False
        name = store.quoted(role)
        cursor.execute(
            f"CREATE ROLE {name} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT"
        )
        # By its comment an administrator finds the role of a database that was dropped.
        said = f"raw SQL of {found.database}/{found.schema}".replace("'", "''")
        cursor.execute(f"COMMENT ON ROLE {name} IS '{said}'")
        if not found.is_superuser:
            options = " WITH INHERIT FALSE, SET TRUE" if found.version >= 160000 else ""
            cursor.execute(f"GRANT {name} TO CURRENT_USER{options}")
    return True


def _take_away(cursor: Any, schema: str, quoted: Callable[[str], str]) -> None:
    cursor.execute(
        "SELECT tablename, roles[1] FROM pg_policies WHERE schemaname = %s AND policyname = %s",
        (schema, POLICY),
    )
    for table, holder in cursor.fetchall():
        place = f"{quoted(schema)}.{quoted(table)}"
        cursor.execute(f"DROP POLICY {POLICY} ON {place}")
        cursor.execute(f"REVOKE ALL ON {place} FROM {quoted(holder)}")


def _renew(cursor: Any, crm: Any, found: Door, role: str) -> None:
    quoted = crm.store.quoted
    # A table whose plugin is gone, or is declared anew, keeps nothing of what was given before.
    _take_away(cursor, found.schema, quoted)
    cursor.execute("; ".join(statements(crm, found.schema, role, quoted)))
    closure = f"{quoted(found.schema)}.{quoted(str(UnitClosure.__tablename__))}"
    cursor.execute(f"COMMENT ON POLICY {POLICY} ON {closure} IS '{_digest(crm, found, role)}'")


def _digest(crm: Any, found: Door, role: str) -> str:
    """What stands for all that the role is given; equal for equal declarations."""
    kept: dict[tuple[str, str], str] = crm.sql_digests
    made = kept.get((found.schema, role))
    if made is None:
        text = "\n".join(statements(crm, found.schema, role, crm.store.quoted))
        made = kept[found.schema, role] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return made
