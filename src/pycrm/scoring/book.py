"""What scoring keeps in books of its own: models, runs with their tables of ranks, and scores."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pycrm.declare import Field, Link, field, link
from pycrm.declare.record import Row
from pycrm.entities.org import User

__all__ = [
    "DONE",
    "FULL",
    "INCREMENTAL",
    "RUNNING",
    "CustomerScore",
    "GradeChange",
    "ScoreModelVersion",
    "ScoreNow",
    "ScoreRun",
    "ScoreStep",
    "ScoreTotal",
]

FULL: Final = "full"
INCREMENTAL: Final = "incremental"
RUNNING: Final = "running"
DONE: Final = "done"
_LONGEST = 1_000_000


class ScoreModelVersion(Row, table="crm_score_model", primary=("key", "version")):
    """One published version of a score model; it never changes."""

    key: Field[str] = field("Key", longest=100)
    version: Field[int] = field("Version")
    definition: Field[str] = field("Definition", longest=_LONGEST)
    at: Field[datetime] = field("At")
    by: Link[User | None] = link("By", default=None)
    reason: Field[str | None] = field("Reason", default=None)


class ScoreRun(
    Row, table="crm_score_run", primary=("id",), indexes=(("!model", "number"), ("model", "as_of"))
):
    """All customers of a model, or some, were scored as of a day.

    `number` counts the runs of a model. `tables` is the run whose ranks were used, of a full run itself;
    `reached` the last customer that is done, from which an interrupted run goes on; `before` the run whose
    grades it began from.
    """

    id: Field[UUID] = field("Id")
    number: Field[int] = field("Number")
    model: Field[str] = field("Model", longest=100)
    model_version: Field[int] = field("Version")
    kind: Field[str] = field("Kind", longest=20)
    as_of: Field[date] = field("As of")
    state: Field[str] = field("State", longest=20)
    began_at: Field[datetime] = field("Began at")
    ended_at: Field[datetime | None] = field("Ended at", default=None)
    by: Link[User | None] = link("By", default=None)
    tables: Field[UUID] = field("Tables")
    before: Field[UUID | None] = field("Before", default=None)
    reached: Field[UUID | None] = field("Reached", default=None)
    customers: Field[int] = field("Customers", default=0)
    lacking: Field[str] = field("Not available", longest=_LONGEST)


class ScoreStep(Row, table="crm_score_step", primary=("run_id", "code", "least")):
    """Of a run and an indicator: so many customers lie below this step, and so many on it."""

    run: Field[UUID] = field("Run", column="run_id")
    code: Field[str] = field("Code", longest=100)
    least: Field[float] = field("Least")
    most: Field[float] = field("Most")
    below: Field[int] = field("Below")
    same: Field[int] = field("Same")


class ScoreTotal(Row, table="crm_score_total", primary=("run_id", "code")):
    """Of a run and an indicator: how many customers have a value; of an overall value, its sum."""

    run: Field[UUID] = field("Run", column="run_id")
    code: Field[str] = field("Code", longest=100)
    number: Field[int] = field("Number")
    total: Field[float | None] = field("Total", default=None)


class CustomerScore(
    Row, table="crm_score", primary=("run_id", "customer_id"), indexes=(("customer_id", "run_id"),)
):
    """One customer's score of one run: points in hundredths, values and points in the model's order.

    `own` is the grade by the score alone, `grade` the one in force; `fallen` counts the runs in a row
    that lay below it.
    """

    run: Field[UUID] = field("Run", column="run_id")
    customer: Field[UUID] = field("Customer", column="customer_id")
    score: Field[int | None] = field("Score", default=None)
    own: Field[str] = field("Own grade", longest=40)
    grade: Field[str] = field("Grade", longest=40)
    fallen: Field[int] = field("Fallen")
    inputs: Field[str] = field("Inputs", longest=_LONGEST)


class ScoreNow(Row, table="crm_score_now", primary=("customer_id", "model"), indexes=(("run_id",),)):
    """Which run holds a customer's score of today."""

    customer: Field[UUID] = field("Customer", column="customer_id")
    model: Field[str] = field("Model", longest=100)
    run: Field[UUID] = field("Run", column="run_id")


class GradeChange(
    Row, table="crm_grade_change", primary=("run_id", "customer_id"), indexes=(("customer_id",),)
):
    """The grade of a customer rose or fell in a run."""

    run: Field[UUID] = field("Run", column="run_id")
    customer: Field[UUID] = field("Customer", column="customer_id")
    former: Field[str] = field("Former grade", longest=40)
    grade: Field[str] = field("Grade", longest=40)
    at: Field[datetime] = field("At")
