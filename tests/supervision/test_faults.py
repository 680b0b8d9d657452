"""Were a rule of supervision broken, what holds it would fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pycrm import CRM, FixedClock
from pycrm.declare.policy import Through
from pycrm.plugins.supervision import (
    Supervision,
    appraising,
    directing,
    entries,
    hours,
    monitor,
    rules,
    visits,
)
from pycrm.plugins.supervision.limits import Limits
from pycrm.plugins.supervision.teamwork import Candidate

from . import test_appraisals, test_directives, test_handover, test_logs, test_monitor, test_training
from .world import World

Patch = pytest.MonkeyPatch
Check = Callable[[World], object]


def _nothing(*given: Any) -> None:
    """What a rule does that is not there."""


def _set(holder: Any, name: str, value: Any) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(holder, name, value)


def _an_hour_later(self: hours.Hours, day: Any) -> Any:
    return _LATE_AT(self, day) + timedelta(hours=1)


_LATE_AT = hours.Hours.late_at
_WITH_ARCHIVED = entries._activities

FAULTS: dict[str, tuple[Callable[[Patch], None], Check]] = {
    "a log may come an hour later": (
        _set(hours.Hours, "late_at", _an_hour_later),
        test_logs.test_a_member_overseas_has_a_clock_of_their_own,
    ),
    "everybody lives by one clock": (
        _set(hours.Hours, "zone", lambda self, day: self.calendar.zone),
        test_monitor.test_a_member_overseas_has_a_day_of_their_own,
    ),
    "who is away is expected": (
        _set(hours.Hours, "is_away", lambda self, day: False),
        test_monitor.test_presence_follows_the_last_sign,
    ),
    "people enter their own leave": (
        _set(rules, "refuse_staff", _nothing),
        test_logs.test_only_leaders_say_where_people_work_and_when_they_are_away,
    ),
    "leaders write the logs of others": (
        _set(rules, "refuse_foreign_log", _nothing),
        test_logs.test_leaders_read_the_logs_below_them,
    ),
    "the clock of a log is not looked at": (
        _set(rules, "refuse_wrong_hour", _nothing),
        test_logs.test_no_log_is_submitted_twice_or_ahead,
    ),
    "withdrawn facts are taken out": (
        _set(
            entries,
            "_activities",
            lambda *given: [one for one in _WITH_ARCHIVED(*given) if not one.is_withdrawn],
        ),
        test_logs.test_facts_cannot_be_written_into_a_log,
    ),
    "facts go with their record": (
        _set(entries, "_is_by", lambda session, one, person: one.owner.id == person),
        test_logs.test_what_was_recorded_stays_with_who_recorded_it,
    ),
    "directives are edited": (
        _set(rules, "refuse_unsaying", _nothing),
        test_directives.test_a_directive_stays_as_it_was_said,
    ),
    "anybody closes an instruction": (
        _set(rules, "refuse_wrong_close", _nothing),
        test_directives.test_the_way_of_an_instruction,
    ),
    "an instruction is no task": (
        _set(rules, "add_task", _nothing),
        test_directives.test_an_instruction_reaches_its_person_and_nobody_else,
    ),
    "an instruction may be due already": (
        _set(directing, "refuse_no_leader", _nothing),
        test_directives.test_a_directive_is_about_one_record_and_an_instruction_is_due,
    ),
    "exactly 120 minutes are too many": (
        _set(
            Limits,
            "__getattribute__",
            lambda self, name: 119 if name == "quiet_minutes" else _GET(self, name),
        ),
        test_monitor.test_the_monitor_counts_visits_and_minutes,
    ),
    "outside business hours people are quiet": (
        _set(monitor._Desk, "_is_open", lambda self, hours: True),
        test_monitor.test_a_member_overseas_has_a_day_of_their_own,
    ),
    "a late entry is not marked": (
        _set(visits, "_HOUR", timedelta(hours=24)),
        test_monitor.test_a_visit_entered_late_is_marked_and_saved,
    ),
    "a visit keeps no plan": (
        _set(visits, "keep_plan", _nothing),
        test_monitor.test_a_planned_visit_is_kept_by_its_activity,
    ),
    "words about a person go to the receiver": (
        _set(Through, "passes_on", property(lambda self: self.owned)),
        test_handover.test_what_belongs_to_a_customer_goes_and_what_belongs_to_a_day_stays,
    ),
    "few deals are enough": (
        _set(Candidate, "is_too_few", False),
        test_training.test_a_rate_of_too_few_comes_last,
    ),
    "values are written by hand": (
        _set(appraising, "refuse_other_hand", _nothing),
        test_appraisals.test_the_person_states_and_leaders_judge_until_it_is_closed,
    ),
}
_GET = object.__getattribute__


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_seen(name: str, sqlite_database: str, clock: FixedClock, monkeypatch: Patch) -> None:
    """Each planted fault turns the test red that holds its rule."""
    plant, check = FAULTS[name]
    with CRM(sqlite_database, plugins=[Supervision], clock=clock, random=random.Random(7)) as crm:
        plant(monkeypatch)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            check(World(crm))
        monkeypatch.undo()
