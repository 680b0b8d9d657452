"""Whoever takes the engine past the session neither reads nor writes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, StoreError
from pycrm.entities import UnitClosure


def around(crm: CRM) -> dict[str, Callable[[], Any]]:
    """Ways around the session, each of which would read or write."""
    table, engine = Customer.__table__, crm.store.engine
    marked = engine.execution_options(pycrm=object())

    def executed(some: Any, statement: Any) -> Any:
        with some.connect() as connection:
            return connection.execute(statement)

    def plainly() -> Any:
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT name FROM crm_customer")

    return {
        "text": lambda: executed(engine, sa.text("SELECT 1")),
        "select": lambda: executed(engine, sa.select(table.c.name)),
        "insert": lambda: executed(engine, sa.insert(UnitClosure.__table__).values(depth=1)),
        "update": lambda: executed(engine, sa.update(table).values(name="x")),
        "plain": plainly,
        "other mark": lambda: executed(marked, sa.select(table.c.name)),
        "mark on the statement": lambda: executed(
            engine, sa.select(table.c.name).execution_options(pycrm=object())
        ),
        "looking around": lambda: sa.inspect(engine).get_table_names(),
        "creating": lambda: sa.MetaData().create_all(engine) or table.create(engine, checkfirst=True),
    }


def passed(ways: dict[str, Callable[[], Any]]) -> list[str]:
    """The ways that were not refused as statements that no room of pycrm built."""
    found: list[str] = []
    for name, way in ways.items():
        try:
            way()
        except StoreError:
            continue
        except Exception as error:
            found.append(f"{name}: {type(error).__name__}")
        else:
            found.append(name)
    return found


def test_statements_from_elsewhere_are_refused(crm: CRM) -> None:
    """Whoever takes the engine past the session neither reads nor writes with it."""
    enterprise(crm, customers=True)
    with crm.view("dir") as session:
        before = session.find(Customer)
    assert passed(around(crm)) == []
    with crm.view("dir") as session:
        assert session.find(Customer) == before


def test_without_the_guard_they_would_run(
    crm: CRM, open_crm: Callable[..., CRM], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the guard gone, statements from anywhere would run, and the test above would say so."""
    monkeypatch.setattr(type(crm.store), "_guard", lambda *given: None)
    open_ = open_crm(random=None)
    assert {"text", "select", "plain"} <= set(passed(around(open_)))
