"""The verbs about the value of customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pycrm.declare import Ref
from pycrm.session.act import Act
from pycrm.session.publishing import Publishing

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from pycrm.entities import Customer
    from pycrm.scoring.book import GradeChange, ScoreRun
    from pycrm.scoring.choice import Checked, Chosen, Node
    from pycrm.scoring.engine import Engine
    from pycrm.scoring.explain import Graded, Score
    from pycrm.scoring.feed import Feed
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
        engine: Engine = "database",
    ) -> dict[Ref[Customer], dict[str, Measure]]:
        """The values of indicators, by customer and code, worked out from all facts until a day.

        Percentiles compare a customer with all others.

        Args:
            customers: only these, of which none that is archived; without them all.
            as_of: a day that has come; today without it. What was entered later and dated earlier counts.
            engine: where it is worked out, ``database`` or ``duckdb``; see `CRM.run_scores`.

        Raises:
            InvalidError: an unknown code or engine, or the day has not come.
            ForbiddenError: the actor may not read ``scores``.
            DeclarationError: the engine is not installed.
        """
        from pycrm.scoring.measure import measure

        return measure(self.transaction, codes, customers, as_of, engine)

    def score(self, customer: Customer, /, model: str | None = None) -> Score | None:
        """The score of today with what it is made of, and the one before it; None where there is none.

        Its grade is the one that people set by an amendment (`GradeOverride`) while that lasts. What an
        indicator reads of a field that is hidden from the actor is left out.

        Args:
            model: the key of a model; without it the first that scores the customer.

        Raises:
            NotFoundError: the customer is missing or out of scope.
        """
        from pycrm.scoring import explain

        return explain.score(self.transaction, customer.id, model)

    def score_history(self, customer: Customer, /, model: str | None = None) -> list[Score]:
        """Every score of a customer, the newest first, with the grades to which the runs came.

        Raises:
            NotFoundError: the customer is missing or out of scope.
        """
        from pycrm.scoring import explain

        return explain.history(self.transaction, customer.id, model)

    def grade_changes(self, customer: Customer, /, model: str | None = None) -> list[GradeChange]:
        """When runs raised or lowered the grade of a customer, the newest first.

        What people set in its place stands in the history of the customer.

        Args:
            model: the key of a model; without it by all.

        Raises:
            NotFoundError: the customer is missing or out of scope.
        """
        from pycrm.scoring.grade import changes

        return changes(self.transaction, self._in_sight(customer), model)

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
            grade: only those with that grade in force.

        Raises:
            NotFoundError: there is no such model.
            InvalidError: a condition names what is unknown or hidden.
        """
        from pycrm.scoring import explain

        return explain.scores(self.transaction, model, conditions, grade, limit)

    def graded(self, customers: Iterable[Customer | Ref[Customer]], /) -> dict[UUID, Graded]:
        """Of each of these customers in sight that is scored its grade and score of today, by its id.

        By the first model that scores it, as `score`, and without what they are made of: for lists.
        """
        from pycrm.scoring import explain

        return explain.graded(self.transaction, customers)

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

    def understand(
        self, expression: str | Node, /, *, segments: Collection[str] = (), for_all: bool = False
    ) -> Checked:
        """An expression over customers, such as ``grade = A and region in East``, with its names looked up.

        What it gives says the expression in plain words (`in_words`) and anew as text.

        Args:
            segments: the codes that ``in segment`` may name.
            for_all: who sees a customer will see whether it is chosen: nothing that some role is not
                shown may decide on it.

        Raises:
            InvalidError: with every mistake, each with its place; ``data["position"]`` is that of the
                first: unknown, hidden and forbidden names, and comparisons of unlike sorts.
        """
        from pycrm.scoring.choice import checked

        return checked(self.transaction, expression, segments, for_all=for_all)

    def choose(
        self, expression: str | Node, /, *, as_of: date | None = None, segments: Collection[str] = ()
    ) -> Chosen:
        """The customers in sight of whom an expression is true, by one statement.

        Indicators, grades and segments are those of the day, fields those of now. Who may read
        ``scores`` is told how many there are in all, too.

        Args:
            as_of: a day that has come; today without it.
            segments: the codes that ``in segment`` may name.

        Raises:
            InvalidError: as `understand`, or the day has not come.
        """
        from pycrm.scoring.choice import choose

        return choose(self.transaction, expression, as_of, segments)

    def grades(self, *, as_of: date | None = None, model: str | None = None) -> dict[Ref[Customer], str]:
        """The grade of every customer that was scored, as of a day; where people set one, that.

        Args:
            as_of: a day that has come; today without it.
            model: the key of a model; without it the first that scores the customer.

        Raises:
            InvalidError: the day has not come.
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.choice import grades

        return grades(self.transaction, as_of, model)

    def facts(
        self, feed: Feed, /, *, since: date | None = None, until: date | None = None
    ) -> list[dict[str, Any]]:
        """The facts of a feed of all customers, each a mapping of its columns and ``customer``.

        Columns that tell of fields that are hidden from the actor are left out.

        Args:
            since, until: the first and the last day of what counts, by the feed's own date.

        Raises:
            InvalidError: nobody offers the feed.
            ForbiddenError: the actor may not read ``scores``.
        """
        from pycrm.scoring.facts import facts

        return facts(self.transaction, feed, since, until)

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

    def refresh_scores(
        self, model: str, /, customers: Iterable[Customer | Ref[Customer]] | None = None
    ) -> ScoreRun | None:
        """Score some customers anew, by the ranks of the last full run; None where there was none.

        Args:
            customers: without them all those of whom a fact was entered or changed since that run. Facts
                that a plugin keeps in no record leave no trace, and whoever changes them says whose they are.

        Raises:
            NotFoundError: there is no such model.
            ForbiddenError: the actor may not update ``scores``.
        """
        from pycrm.scoring.run import refresh

        with Act(self):
            ids = None if customers is None else [one.id for one in customers]
            return refresh(self.transaction, model, ids)
