"""Operations over what customers are worth: scores, models, measuring.

Scores are figures that the product worked out of all facts and keeps; a percentile compares with everybody
on purpose (VAL-11). So the model here weighs only what belongs to a customer itself.
"""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pycrm import Customer, GradeOverride, Plugin
from pycrm.exchange import export_scores
from pycrm.scoring import Indicator, Linear, count, zero
from pycrm.scoring.feeds import contacts
from pycrm.scoring.model import ScoreModel

from .operations import operation
from .pick import Pick
from .reading import conditions

MODEL = ScoreModel("known", 1, "How well we know them", {"C": 1}, "VC01:1")


class Valued(Plugin):
    """Valued

    How many people speak for a customer.
    """

    name = "valued"
    indicators = (
        Indicator("VC01", "Known contacts", "联系人数", "C", "count", zero(count(contacts)), Linear(0, 3)),
    )
    models = (MODEL,)


@operation("score", "score_history", weight=3)
def score(session: Any, pick: Pick) -> Any:
    found = pick.record(session, Customer)
    return session.score(found), session.score_history(found)


@operation("grade_changes", "facet", weight=2)
def grade_changes(session: Any, pick: Pick) -> Any:
    found = pick.record(session, Customer)
    return session.grade_changes(found, pick.one((None, "known"))), session.facet(found, GradeOverride)


@operation("amend", writes=True, weight=2, name="set a grade")
def set_grade(session: Any, pick: Pick) -> Any:
    grade, until = pick.one("ABZ"), pick.one((date(2026, 6, 1), date(2027, 6, 30)))
    values: dict[str, Any] = pick.one(
        [{"grade": grade, "until": until, "reason": "as agreed"}, {"grade": grade}]
    )
    return session.amend(pick.record(session, Customer), because="as they told me", **values)


@operation("scores", weight=4)
def scores(session: Any, pick: Pick) -> Any:
    grade = pick.one((None, None, "A", "D"))
    found = session.scores("known", *conditions(pick, Customer), grade=grade, limit=pick.one((None, 2)))
    return found, [one.aspects for one in found]


@operation("graded", weight=2)
def graded(session: Any, pick: Pick) -> Any:
    return session.graded([pick.record(session, Customer), *session.find(Customer, limit=3)])


@operation("score_models", weight=1)
def models(session: Any, pick: Pick) -> Any:
    return session.score_models()


CHOICES = (
    "VC01 > 0",
    "grade = A or score < 50",
    "last_contact_at older than 3 days or last_contact_at is empty",
    "industry is empty and not strategic",
    "region in East or region is empty",
    "active_at >= 2026-06-01",
    "Person.id_no is not empty",
    "employees > 10 or annual_revenue >= 1 USD",
)


@operation("choose", "understand", weight=4)
def chosen(session: Any, pick: Pick) -> Any:
    found = session.understand(pick.one(CHOICES), for_all=pick.chance(0.2))
    return found.text, found.in_words("zh"), session.choose(found.node)


@operation("grades", "facts", weight=1, name="what all are and do")
def everybody(session: Any, pick: Pick) -> Any:
    return session.grades() if pick.chance(0.5) else session.facts(contacts)


@operation("measure", "score_runs", "late_facts", "try_score_model", weight=1, name="value everybody")
def measured(session: Any, pick: Pick) -> Any:
    asked = pick.one((session.measure, session.score_runs, session.try_score_model))
    return asked(pick.one(("VC01", "known")) if asked != session.try_score_model else MODEL)


@operation("publish_score_model", "refresh_scores", writes=True, weight=1, name="set scores")
def set_scores(session: Any, pick: Pick) -> Any:
    if pick.chance(0.5):
        return session.publish_score_model(MODEL)
    return session.refresh_scores("known", [pick.link(Customer)])


@operation("export_scores", name="export scores")
def exported(session: Any, pick: Pick) -> Any:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scores.csv"
        number = export_scores(session, "known", file)
        return number, io.BytesIO(file.read_bytes()).getvalue()
