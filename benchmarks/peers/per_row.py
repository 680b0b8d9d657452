"""pycasbin: a page of which every row is enforced, until fifty are allowed.

It walks the very table of the benchmark by name, by the driver. The policy is the smallest that says
the same: that of the reader alone, over a unit, and which unit lies below which.

Arguments: the URL and the login of the reader.
"""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import casbin
from talk import answer_pages

_URL, _LOGIN = sys.argv[1:]
_SIZE, _CHUNK = 50, 500
_MODEL = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub == p.sub && g(r.obj, p.obj) && r.act == p.act
"""


def connected() -> tuple[Any, str]:
    """A cursor of the driver, and its mark for a value."""
    if _URL.startswith("sqlite"):
        import sqlite3

        connection = sqlite3.connect(_URL.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA cache_size=-65536")
        return connection.cursor(), "?"
    import psycopg

    return psycopg.connect(_URL, autocommit=True).cursor(), "%s"


def named(key: Any) -> str:
    """A unit as the policy names it."""
    return str(key if isinstance(key, UUID) else UUID(bytes=key))


def enforcer(cursor: Any, mark: str) -> casbin.Enforcer:
    """What the reader may do."""
    model = casbin.Model()
    model.load_model_from_text(_MODEL)
    found = casbin.Enforcer(model)
    cursor.execute("SELECT id, parent_id FROM crm_unit WHERE parent_id IS NOT NULL")
    found.add_named_grouping_policies("g", [[named(unit), named(above)] for unit, above in cursor.fetchall()])
    cursor.execute(f"SELECT home_unit_id FROM crm_user WHERE login = {mark}", (_LOGIN,))
    found.add_policy(_LOGIN, named(cursor.fetchone()[0]), "read")
    return found


def main() -> None:
    """Take the policy in, and answer."""
    cursor, mark = connected()
    allowed = enforcer(cursor, mark)
    first = "SELECT * FROM crm_customer WHERE archived_at IS NULL"
    begin = "BEGIN" if mark == "?" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    cursor.execute(f"{first} LIMIT 0")
    columns = [one[0] for one in cursor.description]
    at_name, at_key, at_unit = (columns.index(name) for name in ("name", "id", "owner_unit_id"))

    def page() -> list[str]:
        found: list[Any] = []
        place: tuple[Any, ...] = ()
        cursor.execute(begin)
        while len(found) <= _SIZE:
            beyond = f" AND (name, id) > ({mark}, {mark})" if place else ""
            cursor.execute(f"{first}{beyond} ORDER BY name, id LIMIT {_CHUNK}", place)
            rows = cursor.fetchall()
            found += (row for row in rows if allowed.enforce(_LOGIN, named(row[at_unit]), "read"))
            if len(rows) < _CHUNK:
                break
            place = (rows[-1][at_name], rows[-1][at_key])
        cursor.execute("COMMIT")
        return [row[at_name] for row in found[:_SIZE]]

    answer_pages(page)


if __name__ == "__main__":
    main()
