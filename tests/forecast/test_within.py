"""Time within a stage is divided among the stages of each of its regions, by a case worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest
from revision.world import World, world

from pycrm import CRM, FixedClock, InvalidError, Task
from pycrm.forecast import leaving
from pycrm.pipeline import TASK, Move, Pipeline, Stage

HOUR = timedelta(hours=1)


def checked() -> Pipeline:
    """Version 2 of the life of a task: in progress it is worked on and checked, in two regions at once."""

    def region(key: str) -> Stage:
        begun = Stage(f"{key}_waits", f"{key} waits")
        return Stage(key, key, stages=(begun, Stage(f"{key}_ends", f"{key} ends", kind="done")))

    stages = [
        attrs.evolve(one, parallel=True, stages=(region("work"), region("check")))
        if one.key == "in_progress"
        else one
        for one in TASK.stages
    ]
    more = [Move(f"end_{key}", f"{key}_waits", f"{key}_ends", f"End {key}") for key in ("work", "check")]
    return attrs.evolve(TASK, version=2, stages=stages, moves=[*TASK.moves, *more])


@pytest.fixture
def begun(crm: CRM, clock: FixedClock) -> datetime:
    """Three tasks begin at 1; one ends work at 3, check at 6 and all at 10, one is cancelled at 6, one goes on."""
    made: World = world(crm)
    with crm.session(crm.system("processes")) as session:
        session.publish_pipeline(checked(), because="four eyes see more")
    start = clock.now()
    with crm.session("rep_a") as session:
        tasks = session.add_all(
            [Task(title=f"Task {at}", due_at=session.now, customer=made.pump) for at in range(3)]
        )
    for hour, at, to, values in (
        (1, 0, "start", {}),
        (1, 1, "start", {}),
        (1, 2, "start", {}),
        (3, 0, "end_work", {}),
        (6, 0, "end_check", {}),
        (6, 1, "cancel", {"reason": "not needed"}),
        (10, 0, "finish", {}),
    ):
        clock.set((start + hour * HOUR).isoformat())
        with crm.session("rep_a") as session:
            tasks[at] = session.move(tasks[at], to, **values)
    return start


def hours(crm: CRM, **period: datetime) -> dict[str, tuple[float, int]]:
    """Hours and stays of each stage within, as rep_a sees them."""
    with crm.view("rep_a") as session:
        found = session.time_in_stage(Task, within="in_progress", **period)
    return {one.stage: (one.total / HOUR, one.stays) for one in found}


def test_each_region_divides_the_time_of_its_stage(crm: CRM, begun: datetime) -> None:
    """Of 23 hours in progress work waits 16 and is done 7, the check waits 19 and is done 4."""
    assert hours(crm) == {
        "work_waits": (16, 3),
        "work_ends": (7, 1),
        "check_waits": (19, 3),
        "check_ends": (4, 1),
    }
    with crm.view("rep_a") as session:
        outer = {one.stage: one.total / HOUR for one in session.time_in_stage(Task)}
    assert outer["in_progress"] == 23


def test_stays_are_drawn_to_the_period(crm: CRM, begun: datetime) -> None:
    """From hour 3 to 6 work waits for two tasks, three hours each, and the check for all three."""
    found = hours(crm, since=begun + 3 * HOUR, until=begun + 6 * HOUR)
    assert found == {"work_waits": (6, 2), "work_ends": (3, 1), "check_waits": (9, 3), "check_ends": (0, 0)}


def test_only_what_one_sees_counts_and_only_stages_that_hold_others(crm: CRM, begun: datetime) -> None:
    """A colleague counts nothing, and a stage without stages within is refused."""
    with crm.view("rep_w") as session:
        assert {one.stays for one in session.time_in_stage(Task, within="in_progress")} == {0}
        for wrong in ("open", "nothing"):
            with pytest.raises(InvalidError) as refused:
                session.time_in_stage(Task, within=wrong)
            assert refused.value.fields[0].path == "within"


def test_a_stage_that_is_left_from_outside_ends_what_is_within(
    crm: CRM, begun: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were only the own region looked at, the cancelled and the finished task would stand there for ever."""
    ends = leaving.ends
    monkeypatch.setattr(
        leaving, "ends", lambda entry, later, of: ends(entry, later, attrs.evolve(of, outer=()))
    )
    assert hours(crm)["work_waits"] == (20, 3)
