"""The verbs about the value of customers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from pycrm.declare import Ref
from pycrm.session.publishing import Publishing

if TYPE_CHECKING:
    from pycrm.entities import Customer
    from pycrm.scoring.measure import Measure

__all__ = ["Scoring"]


class Scoring(Publishing):
    """What a session does with indicators and scores."""

    def measure(
        self,
        *codes: str,
        customers: Iterable[Customer | Ref[Customer]] | None = None,
        as_of: date | None = None,
    ) -> dict[Ref[Customer], dict[str, Measure]]:
        """The values of indicators, by customer and code, worked out from all facts until a day.

        It needs a grant to read ``scores``: a right over all customers, which top management
        holds. Percentiles compare a customer with all others.

        Args:
            customers: only these, of which none that is archived; without them all.
            as_of: a day that has come; today without it. What was entered later and dated earlier counts.

        Raises:
            InvalidError: an unknown code, or the day has not come.
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.measure import measure

        return measure(self.transaction, codes, customers, as_of)
