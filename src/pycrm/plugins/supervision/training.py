"""How new people are trained: what a role has to learn, and how far somebody is (SUP-18)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs

from pycrm import (
    Child,
    Children,
    ConflictError,
    Field,
    InvalidError,
    Link,
    Opportunity,
    Problem,
    Record,
    Ref,
    Role,
    RoleAssignment,
    Session,
    User,
    children,
    field,
    ge,
    le,
    link,
    owned,
    reference,
)
from pycrm.plugins.supervision.limits import limits_of
from pycrm.plugins.supervision.rules import refuse_staff, refuse_stranger

__all__ = [
    "Intake",
    "Passing",
    "TrainingPlan",
    "TrainingRecord",
    "TrainingResult",
    "TrainingStep",
    "due_trainings",
    "intakes",
    "is_passed",
    "pass_step",
    "passed",
    "refuse_other_hand",
    "train",
]

_OWN_HAND: ContextVar[bool] = ContextVar("supervision_training", default=False)


class TrainingStep(Child, table="supervision_training_step"):
    """Something to learn until a day after one began: an article to read, or a task (培训步骤)."""

    title: Field[str] = field("Title", zh="标题", longest=200)
    article: Field[str | None] = field("Article", zh="文章", default=None, longest=400)
    due_day: Field[int] = field("Due after (days)", zh="期限(天)", validator=ge(0))
    has_test: Field[bool] = field("With a test", zh="需测试", default=False)


class TrainingPlan(Record, table="supervision_training_plan", scope=reference()):
    """What everybody learns who begins in a role from a day on (培训计划)."""

    name: Field[str] = field("Name", zh="名称", unique=True, longest=200, order=True)
    for_role: Field[str] = field("For the role", zh="适用角色", longest=100)
    since: Field[date] = field("For those who begin from", zh="适用开始日期")
    steps: Children[TrainingStep] = children("Steps", zh="步骤")

    def check(self, moment: datetime) -> None:
        """There is something to learn."""
        if not self.steps:
            raise InvalidError("steps: name a step", fields=[Problem("steps", "required", "name a step")])


class Passing(StrEnum):
    """How a step is passed."""

    READ = "read"
    TEST = "test"
    SIGNED_OFF = "signed_off"


class TrainingResult(Child, table="supervision_training_result"):
    """That somebody read, was tested on, or was signed off a step (培训结果)."""

    step: Field[UUID] = field("Step", zh="步骤", column="step_id")
    how: Field[Passing] = field("How", zh="方式")
    score: Field[Decimal | None] = field(
        "Score (%)", zh="得分", default=None, scale=2, validator=(ge(0), le(100))
    )
    at: Field[datetime] = field("At", zh="时间")
    by: Link[User | None] = link("By", zh="经办人", default=None)


class TrainingRecord(Record, table="supervision_training_record", scope=owned(stays=True)):
    """How far somebody is with a training plan (培训记录)."""

    plan: Link[TrainingPlan] = link("Plan", zh="培训计划")
    begun_on: Field[date] = field("Begun on", zh="开始日期", order=True)
    results: Children[TrainingResult] = children("Results", zh="结果", default=())


def pass_step(
    session: Session,
    record: TrainingRecord,
    step: TrainingStep | UUID,
    how: Passing,
    *,
    score: Decimal | None = None,
) -> TrainingRecord:
    """Enter that a step was read, tested or signed off, with the time.

    People read for themselves; tests and signatures are entered by whoever leads them. A test below what
    is needed is entered too, and passes nothing.

    Raises:
        ForbiddenError: the actor may not enter this.
        InvalidError: no step of the plan, a step with a test that was only read, or a test without score.
    """
    current: TrainingRecord = session.get(record.ref)
    if how is Passing.READ:
        refuse_stranger(session, current, "reading")
    else:
        refuse_staff(session, current, "testing and signing off")
    id = step if isinstance(step, UUID) else step.id
    found = next((one for one in session.get(current.plan).steps if one.id == id), None)
    if found is None:
        raise InvalidError(
            "step: no step of the plan", fields=[Problem("step", "unknown", "no step of the plan")]
        )
    if how is Passing.READ and found.has_test:
        raise InvalidError("how: the step has a test", fields=[Problem("how", "rule", "the step has a test")])
    if (how is Passing.TEST) != (score is not None):
        wrong = Problem("score", "rule", "a test has a score, and nothing else")
        raise InvalidError(wrong.message, fields=[wrong])
    result = TrainingResult(step=id, how=how, score=score, at=session.now, by=session.actor.ref)
    with _own_hand():
        return session.change(current, results=[*current.results, result])


def is_passed(result: TrainingResult, least: int) -> bool:
    """Whether a result passes its step: a test needs so many percent."""
    return result.how is not Passing.TEST or (result.score is not None and result.score >= least)


def passed(session: Session, record: TrainingRecord) -> tuple[int, int]:
    """How many steps of its plan somebody has passed, and how many there are."""
    least = limits_of(session).test_pass
    steps = {one.id for one in session.get(record.plan).steps}
    done = {one.step for one in session.children(record).results if is_passed(one, least)}
    return len(steps & done), len(steps)


# --- who is trained --------------------------------------------------------------------------------------


def due_trainings(session: Session) -> list[tuple[UUID, UUID, date]]:
    """Who began in a role since its plan holds, and is not trained by it: person, plan, first day."""
    plans = session.find(TrainingPlan)
    if not plans:
        return []
    roles = {one.id: one.name for one in session.find(Role)}
    begun = {(one.owner.id, one.plan.id) for one in session.find(TrainingRecord) if one.owner}
    active = {one.id for one in session.find(User, User.state == "active")}
    found: dict[tuple[UUID, UUID], date] = {}
    for held in session.find(RoleAssignment):
        for plan in plans:
            pair = (held.user.id, plan.id)
            fits = roles.get(held.role.id) == plan.for_role and held.since >= plan.since
            if fits and held.user.id in active and pair not in begun:
                found[pair] = min(held.since, found.get(pair, held.since))
    return [(*pair, day) for pair, day in found.items()]


def train(session: Session, due: tuple[UUID, UUID, date]) -> TrainingRecord:
    """Begin the training of somebody by a plan."""
    person, plan, day = due
    draft = TrainingRecord(plan=Ref("TrainingPlan", plan), begun_on=day)
    return session.add(draft, owner=Ref("User", person))


@attrs.frozen
class Intake:
    """Those who began in one month: how far they are, and how long until their first contract.

    Args:
        passed: the share of their steps that is passed, in percent to 2 places.
        first_contracts: how many have won something; `days` how long that took, on average.
    """

    month: date
    people: int
    passed: Decimal
    first_contracts: int
    days: Decimal | None


def intakes(session: Session) -> list[Intake]:
    """Each month in which people of the scope began, the newest first."""
    by_month: dict[date, list[TrainingRecord]] = {}
    for one in session.find(TrainingRecord):
        by_month.setdefault(one.begun_on.replace(day=1), []).append(one)
    return [_intake(session, month, by_month[month]) for month in sorted(by_month, reverse=True)]


def _intake(session: Session, month: date, records: list[TrainingRecord]) -> Intake:
    counts = [passed(session, one) for one in records]
    done, whole = (sum(each[at] for each in counts) for at in (0, 1))
    began: dict[UUID, date] = {}
    for one in records:
        if one.owner is not None:
            began[one.owner.id] = min(one.begun_on, began.get(one.owner.id, one.begun_on))
    days = [
        wait for person, day in began.items() if (wait := _until_contract(session, person, day)) is not None
    ]
    return Intake(
        month=month,
        people=len(began),
        passed=_rounded(Decimal(100 * done) / whole),
        first_contracts=len(days),
        days=_rounded(Decimal(sum(days)) / len(days)) if days else None,
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _until_contract(session: Session, person: UUID, began: date) -> int | None:
    """After how many days somebody closed the first deal that was won."""
    closed = (Opportunity.owner == person, Opportunity.closed_on >= began)
    won = [one.closed_on for one in session.find(Opportunity, *closed) if session.stage(one).kind == "won"]
    return min((day - began).days for day in won if day is not None) if won else None


@contextmanager
def _own_hand() -> Iterator[None]:
    token = _OWN_HAND.set(True)
    try:
        yield
    finally:
        _OWN_HAND.reset(token)


def refuse_other_hand(session: Session, changes: Any) -> None:
    """What somebody has learned is entered by `pass_step`, with its time and author, and stays."""
    if not (_OWN_HAND.get() or session.actor.ref is None):
        raise ConflictError("training is entered by its steps", data={"fields": sorted(changes)})
