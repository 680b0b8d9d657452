"""What is written down when a person is erased, and what forbids it for a time."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pycrm.declare import (
    Child,
    Children,
    Field,
    Link,
    Record,
    administered,
    children,
    field,
    link,
    minimum_length,
)
from pycrm.entities.party import Party
from pycrm.errors import InvalidError

__all__ = ["Erasure", "ErasurePart", "LegalHold"]


class LegalHold(Record, table="crm_hold", scope=administered()):
    """Nothing of this person is erased before the hold ends or is archived (法律保留)."""

    party: Link[Party] = link("Party", zh="主体")
    reason: Field[str] = field("Reason", zh="原因", longest=500, validator=minimum_length(5))
    until: Field[date | None] = field("Until", zh="截止", default=None)


class ErasurePart(Child, table="crm_erasure_part"):
    """What became of the rows of one kind: `kept` says why where the law demanded them."""

    entity: Field[str] = field("Kind", zh="对象", longest=100)
    rows: Field[int] = field("Rows", zh="行数")
    changes: Field[int] = field("Changes in history", zh="历史行数", default=0)
    kept: Field[str | None] = field("Kept because", zh="保留原因", default=None, longest=500)


class Erasure(Record, table="crm_erasure", scope=administered()):
    """A person was erased: by whom, why, and what went and what stayed (删除凭证).

    `session.erase` alone makes it. It names the person by the pseudonym that stands in what is left.
    """

    subject: Field[UUID] = field("Subject", zh="主体", column="subject_id")
    pseudonym: Field[str] = field("Pseudonym", zh="化名", longest=60)
    reason: Field[str] = field("Reason", zh="原因", longest=4000)
    parts: Children[ErasurePart] = children("Parts", zh="明细", default=())

    def begin(self, session: Any) -> dict[str, Any]:
        """A row without its erasure would be a lie."""
        if not session.transaction.memo.get("erasing"):
            raise InvalidError("an erasure is made by erase")
        return {}
