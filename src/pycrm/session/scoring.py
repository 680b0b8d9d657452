"""The verbs about the value of customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pycrm.declare import Ref
from pycrm.session.act import Act
from pycrm.session.publishing import Publishing

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.entities import Customer
    from pycrm.scoring.book import ScoreRun
    from pycrm.scoring.explain import Score
    from pycrm.scoring.measure import Measure
    from pycrm.scoring.model import ScoreModel
    from pycrm.scoring.publish import Trial

__all__ = ["Scoring"]


class Scoring(Publishing):
    """What a session does with indicators and scores.

    Measuring and trying need a grant to read ``scores``, publishing and running one to update them: rights
    over all customers, which top management holds. Scores are the enterprise's own figures of a day: who
    sees a customer sees its scores.
    """

    def measure(
        self,
        *codes: str,
        customers: Iterable[Customer | Ref[Customer]] | None = None,
        as_of: date | None = None,
    ) -> dict[Ref[Customer], dict[str, Measure]]:
        """The values of indicators, by customer and code, worked out from all facts until a day.

        Percentiles compare a customer with all others.

        Args:
            customers: only these, of which none that is archived; without them all.
            as_of: a day that has come; today without it. What was entered later and dated earlier counts.

        Raises:
            InvalidError: an unknown code, or the day has not come.
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.measure import measure

        return measure(self.transaction, codes, customers, as_of)

    def score(self, customer: Customer, /, model: str | None = None) -> Score | None:
        """The score of today with what it is made of, and the one before it; None where there is none.

        What an indicator reads of a field that is hidden from the actor is left out.

        Args:
            model: the key of a model; without it the first that scores the customer.

        Raises:
            NotFoundError: the customer is missing or out of scope.
        """
        from pycrm.scoring import explain

        return explain.score(self.transaction, self._in_sight(customer), model)

    def score_history(self, customer: Customer, /, model: str | None = None) -> list[Score]:
        """Every score of a customer, the newest first.

        Raises:
            NotFoundError: the customer is missing or out of scope.
        """
        from pycrm.scoring import explain

        return explain.history(self.transaction, self._in_sight(customer), model)

    def scores(
        self,
        model: str,
        /,
        *conditions: ColumnElement[bool],
        grade: str | None = None,
        limit: int | None = None,
    ) -> list[Score]:
        """The scores of today of the customers in sight, the best first.

        Args:
            conditions: over customers, as in `find`.
            grade: only those of that grade.

        Raises:
            NotFoundError: there is no such model.
            InvalidError: a condition names what is unknown or hidden.
        """
        from pycrm.scoring import explain

        return explain.scores(self.transaction, model, conditions, grade, limit)

    def score_runs(self, model: str, /) -> list[ScoreRun]:
        """The runs of a model, the newest day first; those that were interrupted too.

        Raises:
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.run import runs

        return runs(self.transaction, model)

    def late_facts(self, run: ScoreRun, /) -> int:
        """How many facts were entered after a run that are dated until its day: it may be made anew.

        Raises:
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.late import late_facts

        return late_facts(self.transaction, run)

    def score_models(self) -> list[ScoreModel]:
        """Every published version of every model, by key and number."""
        from pycrm.scoring.publish import published

        return published(self.transaction)

    def try_score_model(
        self, model: ScoreModel | Mapping[str, Any], /, *, as_of: date | None = None
    ) -> Trial:
        """What a model would make of the customers as of a day, beside the grades of today; nothing is stored.

        Raises:
            InvalidError: with everything that is wrong with the model, each with its path.
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.publish import try_model

        return try_model(self.transaction, model, as_of)

    def publish_score_model(
        self,
        model: ScoreModel | Mapping[str, Any],
        /,
        *,
        because: str | None = None,
        confirmed: bool = False,
    ) -> ScoreModel:
        """Publish the next version of a model; the runs to come go by it.

        Args:
            confirmed: publish it although some of its indicators are not available here.

        Raises:
            InvalidError: with everything that is wrong with it, or not available and not confirmed.
            ConflictError: that version is published.
            ForbiddenError: the actor may not update ``scores``.
        """
        from pycrm.scoring.publish import publish

        with Act(self, None, because):
            return publish(self.transaction, model, because, confirmed=confirmed)

    def refresh_scores(self, model: str, /, customers: Iterable[Customer | Ref[Customer]]) -> ScoreRun | None:
        """Score some customers anew, by the ranks of the last full run; None where there was none.

        Raises:
            NotFoundError: there is no such model.
            ForbiddenError: the actor may not update ``scores``.
        """
        from pycrm.scoring.run import refresh

        with Act(self):
            return refresh(self.transaction, model, [one.id for one in customers])
