"""Grades that people set in the place of what a score earns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pycrm.declare import Facet, Field, field, minimum_length
from pycrm.entities.customer import Customer
from pycrm.errors import AmendmentRequiredError, Problem

__all__ = ["GradeOverride"]


class GradeOverride(Facet, table="crm_grade_override", of=Customer):
    """The grade of a customer as people set it (等级特批), which lasts until a day and that day still (VAL-7).

    ``session.amend(customer, grade="A", until=…, reason=…, because=…)`` alone makes it; the score stays
    what it is.
    """

    grade: Field[str] = field("Grade", zh="等级", key=True, longest=40)
    until: Field[date] = field("Until", zh="截止", key=True)
    reason: Field[str] = field("Reason", zh="原因", key=True, longest=500, validator=minimum_length(5))

    def begin(self, session: Any) -> Mapping[str, Any]:
        """Entering it would go past the amendment."""
        if not session.transaction.memo.get("amending"):
            names = ("grade", "until", "reason")
            problems = [Problem(name, "key", "changes only by an amendment") for name in names]
            policy = dict.fromkeys(names, "recorded")
            raise AmendmentRequiredError(
                "a grade is set by an amendment of its customer",
                fields=problems,
                data={"current": dict.fromkeys(names), "policy": policy},
            )
        return {}
