"""Were one of the rules of scoring broken, the test that holds it would fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from pycrm import CRM, FixedClock, GradeOverride
from pycrm.revision.amendment import policy
from pycrm.revision.erase import act as erasing
from pycrm.scope.fields import FieldRights
from pycrm.scoring import explain, grade, late, measure, part, ranks, weigh
from pycrm.scoring import run as running
from pycrm.scoring.model import ScoreModel
from pycrm.scoring.moment import Window

from . import test_overrides as over
from . import test_scores as told
from .shop import WHOLE, filed, marked, opened

Plant = Callable[[pytest.MonkeyPatch], None]


def _skipped_weighs_nothing(patch: pytest.MonkeyPatch) -> None:
    """What has no basis counts as nought."""
    patch.setattr(weigh, "_points", lambda code: sa.func.coalesce(sa.column(f"p:{code}", sa.Double()), 0.0))


def _asked_twice(patch: pytest.MonkeyPatch) -> None:
    """Scores are read once to see whether there are some, and once more."""
    real = explain._told
    patch.setattr(explain, "_told", lambda *given: real(*given) and real(*given))


def _aspects_weigh_alike(patch: pytest.MonkeyPatch) -> None:
    """The weights of aspects are passed over in the explanation."""
    patch.setattr(
        part, "_shares", lambda sheet, points: [0.125 if its is not None else 0.0 for its in points]
    )


def _grades_fall_at_once(patch: pytest.MonkeyPatch) -> None:
    """A run knows no run before it."""
    patch.setattr(running, "_before", lambda tx, key, day: None)


def _every_run_counts_as_a_month(patch: pytest.MonkeyPatch) -> None:
    """A run begins from the grades of the last, of whatever day."""

    def before(tx: Any, key: str, day: Any) -> Any:
        found = running.latest(tx, key)
        return found.id if found else None

    patch.setattr(running, "_before", before)


def _refreshed_among_themselves(patch: pytest.MonkeyPatch) -> None:
    """Ranks are taken among those that are scored anew."""

    def among_themselves(run: Any, value: Any) -> Any:
        return sa.func.percent_rank().over(order_by=value) * 100.0

    patch.setattr(ranks, "by_tables", among_themselves)


def _equal_ones_count_whole(patch: pytest.MonkeyPatch) -> None:
    """All of those with an equal value lie below."""
    real = ranks.steps

    def steps(run: Any, code: str, value: Any, source: Any) -> Any:
        inner = real(run, code, value, source).subquery()
        below, same = list(inner.c)[4:6]
        return sa.select(*list(inner.c)[:4], below + same, same)

    patch.setattr(ranks, "steps", steps)


def _later_facts_count(patch: pytest.MonkeyPatch) -> None:
    """What happens after the day is taken for a fact."""
    patch.setattr(late, "LIFE", Window(ending=-100))


def _everybody_may(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks for the right over scores."""
    # What others have imported by name would outlive the patch where they are imported within it.
    patch.setattr(measure, "may_function", lambda actor, function, action: True)


def _scores_of_all(patch: pytest.MonkeyPatch) -> None:
    """The scores of all customers are listed."""
    real = explain.query

    def query(tx: Any, cls: Any, conditions: Any) -> Any:
        asked = real(tx, cls, conditions)
        asked.scope = real.__globals__["Query"](_System(tx), cls, ()).scope
        return asked

    patch.setattr(explain, "query", query)


def _score_of_anybody(patch: pytest.MonkeyPatch) -> None:
    """The score of a customer is explained whoever asks."""
    real = explain.scope_of
    patch.setattr(explain, "scope_of", lambda tx, *given: real(_System(tx), *given))


def _set_for_ever(patch: pytest.MonkeyPatch) -> None:
    """What people set stays in force after its day."""
    for module in (grade, explain):
        patch.setattr(module, "RawDate", _Never)


def _passed_over(patch: pytest.MonkeyPatch) -> None:
    """A set grade lies over models that do not know it."""
    wide = ScoreModel("wide", 1, "Wide", {"C": 1}, "MC01:1", bands=tuple((one, 0.0) for one in _GRADES))
    patch.setattr(explain, "in_force", lambda tx, key: wide)


_GRADES = ("A", "B", "C", "D", "gold", "silver")


def _parts_of_all(patch: pytest.MonkeyPatch) -> None:
    """What an indicator reads of a hidden field is told."""
    patch.setattr(part, "is_hidden", lambda tx, indicator: False)


def _told_to_all(patch: pytest.MonkeyPatch) -> None:
    """A set grade is told although its field is hidden from the reader."""
    patch.setattr(grade, "field_rights", lambda tx, cls: FieldRights())


def _entered_directly(patch: pytest.MonkeyPatch) -> None:
    """Somebody adds a set grade like any facet."""
    patch.setattr(GradeOverride, "begin", lambda self, session: {})
    patch.setattr(policy, "refuse_late_keys", lambda tx, facet: None)


def _any_grade(patch: pytest.MonkeyPatch) -> None:
    """Nobody holds the grade against the models, nor its end against today."""
    patch.setattr(grade, "refuse_unfounded_grade", lambda tx, override, after: None)


def _scores_stay(patch: pytest.MonkeyPatch) -> None:
    """What goes with an erased record is left where it is."""
    patch.setattr(erasing, "forget", lambda tx, ids, words: None)


def _changes_of_all_models(patch: pytest.MonkeyPatch) -> None:
    """Changes of grades are told whatever model was asked for."""
    real = grade.changes
    patch.setattr(grade, "changes", lambda tx, customer, model: real(tx, customer, None))


class _Never(grade.RawDate):  # type: ignore[name-defined,misc]
    """A day that is bound as one long ago."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        return lambda value: "1970-01-01"


class _System:
    """A transaction as the product itself would see it."""

    def __init__(self, tx: Any) -> None:
        self._tx, self.actor = tx, tx.crm.system("planted")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


FAULTS: dict[str, tuple[Plant, Callable[..., None]]] = {
    "skipped": (_skipped_weighs_nothing, told.test_a_score_is_the_weighted_mean_of_its_aspects),
    "aspects": (_aspects_weigh_alike, told.test_contributions_add_up_to_the_score),
    "twice": (_asked_twice, told.test_explaining_a_score_asks_once),
    "falling": (_grades_fall_at_once, told.test_grades_rise_at_once_and_fall_after_two_months),
    "months": (_every_run_counts_as_a_month, told.test_a_second_run_of_a_month_does_not_let_a_grade_fall),
    "tables": (_refreshed_among_themselves, told.test_percentiles_are_frozen_by_a_full_run),
    "equal": (_equal_ones_count_whole, told.test_percentiles_are_frozen_by_a_full_run),
    "late": (_later_facts_count, told.test_a_run_never_changes_and_late_facts_are_counted),
    "rights": (_everybody_may, told.test_scores_are_seen_with_their_customers),
    "scope": (_scores_of_all, told.test_scores_are_seen_with_their_customers),
    "sight": (_score_of_anybody, told.test_scores_are_seen_with_their_customers),
    "for ever": (_set_for_ever, over.test_a_set_grade_is_in_force_until_its_day_and_leaves_the_score),
    "other models": (_passed_over, over.test_a_set_grade_lies_over_the_models_that_know_it),
    "hidden parts": (
        _parts_of_all,
        over.test_a_part_of_a_hidden_field_is_left_out_and_the_others_are_told,
    ),
    "hidden": (_told_to_all, over.test_a_set_grade_is_seen_with_its_customer_and_its_fields),
    "entered": (_entered_directly, over.test_no_write_goes_past_the_amendment),
    "any grade": (_any_grade, over.test_an_override_without_end_reason_or_known_grade_is_refused),
    "erased": (_scores_stay, over.test_an_erased_person_has_no_scores_left),
    "changes": (_changes_of_all_models, over.test_changes_of_grades_are_read_with_their_customer),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_seen(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each of these faults turns the test red that holds the rule."""
    plant, test = FAULTS[name]
    made: list[CRM] = []

    def open_crm(**options: Any) -> CRM:
        made.append(CRM(sqlite_database, clock=clock, **options))
        return made[-1]

    wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
    given: dict[str, Any] = {"open_crm": open_crm, "clock": clock}
    if "whole" in wanted:
        crm = opened(open_crm, WHOLE)
        (customer,) = filed(crm, 1)
        marked(crm, customer, told.TODAY, C01=80, C23=60, T02=90, T06=50, F03=40, F17=100, S02=70)
        given["whole"] = crm, customer
    for name in {"world", "sqlite_world"} & set(wanted):
        given[name] = over.scored(open_crm)
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**{one: given[one] for one in wanted})
    for crm in made:
        crm.close()
