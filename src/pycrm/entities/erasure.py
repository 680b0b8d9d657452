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
    ge,
    le,
    link,
    minimum_length,
)
from pycrm.entities.party import Party
from pycrm.errors import InvalidError

__all__ = ["Erasure", "ErasurePart", "LegalHold", "RetentionPeriod"]

# A hundred years.
_LONGEST = 1200


class LegalHold(Record, table="crm_hold", scope=administered()):
    """Nothing of this person is erased before the hold ends or is archived (法律保留)."""

    party: Link[Party] = link("Party", zh="主体")
    reason: Field[str] = field("Reason", zh="原因", longest=500, validator=minimum_length(5))
    until: Field[date | None] = field("Until", zh="截止", default=None)


class RetentionPeriod(Record, table="crm_retention", scope=administered()):
    """How long people are kept at most after the last that was written of them (最长保存期限).

    Whoever is kept as something of which no period was set stays. Somebody who is several things goes when the
    longest of their periods is over.
    """

    entity: Field[str] = field("Kind", zh="对象", unique=True, longest=100)
    months: Field[int] = field("Months", zh="月数", validator=(ge(1), le(_LONGEST)))
    reason: Field[str] = field("Reason", zh="原因", longest=500, validator=minimum_length(5))


class ErasurePart(Child, table="crm_erasure_part"):
    """What became of the rows of one kind: `kept` says why where the law demanded them, and until which day.

    `until` is the day from which the first of them is not demanded any more.
    """

    entity: Field[str] = field("Kind", zh="对象", longest=100)
    rows: Field[int] = field("Rows", zh="行数")
    changes: Field[int] = field("Changes in history", zh="历史行数", default=0)
    kept: Field[str | None] = field("Kept because", zh="保留原因", default=None, longest=500)
    until: Field[date | None] = field("Kept until", zh="保留至", default=None)


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
