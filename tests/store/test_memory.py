"""Databases in memory, which have one connection for everything."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from house import enterprise

from pycrm import CRM, Customer, StoreError


def add_first_customer() -> int:
    """Add a customer in the first session that needs the key of claims, and count."""
    crm = CRM("sqlite://")
    crm.migrate()
    enterprise(crm)
    try:
        with crm.session("rep_a") as session:
            session.add(Customer.organization("Acme", email="a@example.com", source="exhibition"))
        with crm.view("rep_a") as session:
            return session.count(Customer)
    finally:
        crm.close()


def test_a_session_in_memory_keeps_what_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the key of claims in mid-session does not undo the session on the one connection."""
    assert add_first_customer() == 1
    real = sa.create_engine

    def without(*arguments: Any, skip_autocommit_rollback: bool = False, **options: Any) -> sa.Engine:
        return real(*arguments, **options)

    monkeypatch.setattr(sa, "create_engine", without)
    with pytest.raises(StoreError, match="no transaction is active"):
        add_first_customer()
