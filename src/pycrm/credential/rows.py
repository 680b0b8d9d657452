"""Statements over the tables of credentials, in transactions of their own.

Whoever asks has not proved yet who it is, so there is no actor and no session; and a try that failed
stays counted though nothing else is kept of it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare.raw import instant
from pycrm.declare.row import layout
from pycrm.revision.sql import insert_text

if TYPE_CHECKING:
    from pycrm.app import CRM
    from pycrm.store import Transaction

__all__ = ["digest", "insert", "keyed", "moment", "secret"]


def secret() -> str:
    """256 random bits as text, never of the CRM's own source, which tests make repeatable."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> UUID:
    """The digest under which a secret is kept; of 256 random bits it needs no salt."""
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16, person=b"pycrm-secret").digest())


def keyed(crm: CRM, what: str, text: str) -> UUID:
    """A hash of what somebody typed that nobody can work out without the key of the database."""
    made = hashlib.blake2b(f"{what}\x00{text}".encode("utf-8", "replace"), key=crm.secret, digest_size=16)
    return UUID(bytes=made.digest())


def insert(tx: Transaction, row: Any) -> None:
    """Write one row."""
    tx.write_one(insert_text(tx, type(row)), layout(type(row)).dump[tx.dialect](row))


def moment(tx: Transaction, value: Any) -> datetime | None:
    """An instant from what the driver gave."""
    return instant(value) if tx.dialect == "sqlite" and value is not None else value
