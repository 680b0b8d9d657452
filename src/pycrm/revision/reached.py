"""Whom a telephone number or a mailbox belongs to, by the claims that keep these unique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pycrm.declare.record import child_class
from pycrm.errors import InvalidError
from pycrm.revision.claim import digest
from pycrm.revision.model import Claim, QuietClaim
from pycrm.scope.fields import field_rights
from pycrm.scope.gateway import query, unknown_field

if TYPE_CHECKING:
    from pycrm.store import Transaction

__all__ = ["reached"]

_KINDS = ("mobile", "email")


def reached(tx: Transaction, cls: Any, text: str) -> list[Any]:
    """See `Session.reached`."""
    lists = [spec for spec in cls.__specs__.values() if _tells(cls, spec)]
    if not lists:
        raise InvalidError(f"a {cls.__name__.lower()} is not reached by numbers and addresses of its own")
    for spec in lists:
        rows = field_rights(tx, child_class(cls, spec))
        if spec.name in field_rights(tx, cls).hidden or "value" in rows.hidden | rows.covered:
            raise unknown_field(f"{spec.name}/value")
    wanted = [
        digest(tx, child.__name__, form)
        for child in (child_class(cls, spec) for spec in lists)
        for form in _forms(child, text)
    ]
    asked = query(tx, cls)
    if asked.nothing or not wanted:
        return []
    held = []
    for table in (Claim.__table__.c, QuietClaim.__table__.c):
        value = table.digest if "digest" in table else table.value
        held.append(sa.select(table.record_id).where(value.in_(wanted), table.entity == cls.__name__))
    asked.is_plain = False
    key = asked.table.c.id
    # One statement for what is there, hidden and missing, as for a record by its id.
    asked.where.append(sa.or_(*(key.in_(one) for one in held)))
    return asked.ordered_records([key], None)


def _tells(cls: Any, spec: Any) -> bool:
    """Whether a list of rows holds ways of reaching somebody."""
    if spec.child is None:
        return False
    child = child_class(cls, spec)
    return hasattr(child, "claim") and {"kind", "value"} <= child.__specs__.keys()


def _forms(child: Any, text: str) -> Iterator[str]:
    """The forms in which numbers and mailboxes are compared, of what somebody typed."""
    kinds: Any = child.__specs__["kind"].kind.python
    for kind in _KINDS:
        if ("@" in text) != (kind == "email"):
            continue
        try:
            form = child(kind=kinds(kind), value=text.strip()).claim()
        except (InvalidError, ValueError, TypeError):
            continue
        if form is not None and form.partition(":")[2]:
            yield form
