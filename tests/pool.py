"""PostgreSQL databases for tests: each used again where it can be made as its template is.

Copying a template takes PostgreSQL a sixth of a second, bringing back the rows of one copy a
hundredth. A copy whose tables, rights or roles a test has changed is dropped.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import uuid4

import attrs
from house import drop_database

__all__ = ["Pool", "leave_alone"]

# All that a test may change of a database besides rows. Rows bear no mark of their transaction here:
# what is made anew, even under the same name, has another oid. The lines are summed, since to sort them takes
# as long as all the rest.
_SHAPE = """
SELECT count(*), sum(hashtextextended(line, 0)) FROM (
    SELECT concat_ws(' ', 'table', oid, relname, relkind, relrowsecurity, relforcerowsecurity, relacl, relowner,
                     reloptions) AS line FROM pg_class WHERE oid >= 16384 AND relkind <> 't'
    UNION ALL SELECT concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull, attisdropped, attacl)
        FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0
    UNION ALL SELECT concat_ws(' ', 'default', oid, adbin) FROM pg_attrdef
    UNION ALL SELECT concat_ws(' ', 'constraint', oid, conname) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'policy', oid, polname, polroles, polqual) FROM pg_policy
    UNION ALL SELECT concat_ws(' ', 'function', oid, proname, proacl, prosrc) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'type', oid, typname) FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', 'schema', oid, nspname, nspacl) FROM pg_namespace
        WHERE nspname !~ '^pg_(temp|toast)'
    UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', 'statistics', starelid, staattnum) FROM pg_statistic WHERE starelid >= 16384
    UNION ALL SELECT concat_ws(' ', 'sequence', schemaname, sequencename, last_value) FROM pg_sequences
    UNION ALL SELECT concat_ws(' ', 'extension', oid) FROM pg_extension
    UNION ALL SELECT concat_ws(' ', 'database', datacl) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat_ws(' ', 'setting', setrole, setconfig) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT concat_ws(' ', 'role', description) FROM pg_shdescription
        WHERE description LIKE 'raw SQL of ' || current_database() || '/%'
) AS lines
"""
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
_USED = """
SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
)
# Deleting leaves the pages of a table behind, which is of no account while they are few.
_FEW = 1 << 16


def leave_alone(connection: Any, name: str) -> None:
    """End whatever is connected to a database, which nobody can copy otherwise."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
        [name, connection.info.backend_pid],
    )


@attrs.define
class Pool:
    """Copies of one template on a server; `take` hands one out and `give_back` restores it."""

    server: str
    template: str
    _rows: dict[str, bytes] = attrs.field(factory=dict)
    _shapes: dict[str, Any] = attrs.field(factory=dict)
    _connections: dict[str, Any] = attrs.field(factory=dict)
    _free: list[str] = attrs.field(factory=list)

    def begin(self) -> None:
        """Make the template, empty; whoever does migrates it."""
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {self.template}")

    def address(self, name: str) -> str:
        """The address of a database by its name."""
        return self.server.rpartition("/")[0] + f"/{name}"

    def take(self) -> str:
        """The address of a database that is as the template is."""
        if not self._free:
            self._free.append(self._copied())
        return self.address(self._free.pop())

    def give_back(self, address: str) -> None:
        """Restore a database, or drop it where it cannot be."""
        name = address.rpartition("/")[2]
        if self._is_restored(self._connection(name), name):
            self._free.append(name)
        else:
            del self._shapes[name]
            self._connections.pop(name).close()
            drop_database(self.server, name)

    def close(self) -> None:
        """Drop all of them, the template last: roles for raw SQL are shared with it."""
        for connection in self._connections.values():
            connection.close()
        for name in (*self._shapes, self.template):
            drop_database(self.server, name)

    def _connect(self, name: str = "") -> Any:
        import psycopg

        return psycopg.connect(self.address(name) if name else self.server, autocommit=True)

    def _connection(self, name: str) -> Any:
        """The one that restores a database: a new one would have to read about every table first.

        Whoever copies the database ends it.
        """
        known = self._connections.get(name)
        if known is not None:
            with suppress(Exception):
                known.execute("SELECT 1")
                return known
        self._connections[name] = self._connect(name)
        return self._connections[name]

    def _copied(self) -> str:
        name = f"test_{uuid4().hex[:12]}"
        if not self._rows:
            self._read_template()
        with self._connect() as connection:
            # Copying the files is quicker than writing the copy through the log.
            how = " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}{how}")
        self._shapes[name] = self._connection(name).execute(_SHAPE).fetchone()
        return name

    def _read_template(self) -> None:
        with self._connect(self.template) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                    self._rows[table] = b"".join(copy)

    def _is_restored(self, connection: Any, name: str) -> bool:
        # Whoever was killed in a transaction would keep the rows locked.
        connection.execute(_OTHERS, [connection.info.backend_pid])
        if connection.execute(_SHAPE).fetchone() != self._shapes[name]:
            return False
        used = dict(connection.execute(_USED).fetchall())
        many = [table for table, size in used.items() if size > _FEW]
        lines = ["BEGIN", "SET LOCAL session_replication_role = replica"]
        lines += [f"TRUNCATE {', '.join(many)} CASCADE"] if many else []
        lines += [f"DELETE FROM {table}" for table in used if table not in many]
        connection.execute("; ".join(lines))
        for table, rows in self._rows.items():
            if rows:
                with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)
        connection.execute("COMMIT")
        return True
