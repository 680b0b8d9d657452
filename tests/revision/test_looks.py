"""Whoever is shown a protected field stands in the book of looks, once, whatever the way (T47)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from evidence import asked_for, keep, next_seed, of_database
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from pycrm import CRM, FixedClock, StoreError
from pycrm.revision import access, apart, inquiry, redaction
from pycrm.scope import fields
from revision.looking import LOOKS, WAYS, WHO, Desk, Lab

COMMON: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
# Commands open the database anew, and an import reads files: they come less often.
DEAR = tuple(name for name in WAYS if name.startswith("command") or name == "import")
CHEAP = tuple(name for name in WAYS if name not in DEAR)


def machine(desk: Desk, done: Counter[str]) -> type[RuleBasedStateMachine]:
    """People who look at protected fields and go other ways to them, in any order."""

    class Looking(RuleBasedStateMachine):
        def go(self, verb: str, who: str, at: int) -> None:
            done[verb] += 1
            assert desk.do(verb, who, at) == []

        @rule(verb=st.sampled_from(LOOKS), who=st.sampled_from(WHO), at=st.integers(0, 2))
        def look(self, verb: str, who: str, at: int) -> None:
            self.go(verb, who, at)

        @rule(verb=st.sampled_from(CHEAP * 8 + DEAR), who=st.sampled_from(WHO), at=st.integers(0, 2))
        def go_another_way(self, verb: str, who: str, at: int) -> None:
            self.go(verb, who, at)

    return Looking


@contextmanager
def opened(database: str, clock: FixedClock, folder: Path) -> Iterator[Desk]:
    """A desk on that database, closed after."""
    crm = CRM(database, clock=clock, random=random.Random(7), plugins=[Lab()], heads=folder)
    crm.migrate()
    yield Desk.opened(crm, clock, folder)
    crm.close()


def test_each_look_leaves_one_row(database: str, clock: FixedClock, tmp_path: Path) -> None:
    """Every way once by everybody, and then any in any order: rows are looks, and nothing else shows a value."""
    with opened(database, clock, tmp_path) as desk:
        people = WHO if desk.crm.store.dialect == "sqlite" else WHO[:2]
        for verb in WAYS:
            for at, who in enumerate(people[:1] if verb in DEAR else people):
                assert desk.do(verb, who, at) == []
        run_state_machine_as_test(
            machine(desk, Counter()), settings=settings(max_examples=6, stateful_step_count=15, **COMMON)
        )


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_tens_of_thousands_of_looks(database: str, clock: FixedClock, tmp_path: Path) -> None:
    """In tens of thousands of reads by any way there are as many rows as looks; the figures are kept."""
    of, wanted, tried = of_database(database), asked_for(50_000), 0
    with opened(database, clock, tmp_path) as desk:
        while tried < wanted:
            number, done, before = next_seed("T47", of), Counter[str](), desk.told
            held = settings(max_examples=50, stateful_step_count=50, **COMMON)
            run_state_machine_as_test(seed(number)(machine(desk, done)), settings=held)
            tried += done.total()
            figures = {"database": of, "seed": number, "examples": done.total(), "failures": 0}
            figures |= {"rows": desk.told - before, "ways": len(done)}
            keep("T47", "one read, or try to read, of a protected field by some way", 50_000, figures)


# --- faults ----------------------------------------------------------------------------------------


def nothing_is_recorded(patch: pytest.MonkeyPatch) -> None:
    """A look leaves no row."""
    patch.setattr(access, "_record", lambda *given: None)


def each_look_is_two(patch: pytest.MonkeyPatch) -> None:
    """A look leaves two rows."""
    record = access._record
    patch.setattr(access, "_record", lambda *given: (record(*given), record(*given)))


def an_undone_look_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What a session has seen goes with it when it is rolled back."""
    patch.setattr(apart, "keep", lambda tx, write: write(tx) if tx.write else apart._apart(tx, write))


def a_refused_look_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Who is refused leaves no row."""
    record = access._record
    patch.setattr(access, "_record", lambda *given: record(*given) if given[-1] == "shown" else None)


def an_unwritten_look_is_shown(patch: pytest.MonkeyPatch) -> None:
    """Where the book cannot be written the value is shown all the same."""
    record = access._record

    def trying(*given: Any) -> None:
        try:
            record(*given)
        except StoreError:
            return

    patch.setattr(access, "_record", trying)


def special_fields_are_open(patch: pytest.MonkeyPatch) -> None:
    """A field of a special category is read like any other."""
    rights = fields.field_rights

    def open_(*given: Any) -> Any:
        return attrs.evolve(rights(*given), hidden=frozenset(), masked=frozenset(), closed=frozenset())

    patch.setattr(fields, "field_rights", open_)


def history_is_told_as_it_is(patch: pytest.MonkeyPatch) -> None:
    """History and differences are given out as they were written."""
    patch.setattr(inquiry, "redacted", lambda tx, revisions: list(revisions))


def the_past_is_shown_as_it_is(patch: pytest.MonkeyPatch) -> None:
    """A record of the past is given out as it was."""
    patch.setattr(redaction, "shown_then", lambda tx, record, moment: record)


FAULTS: dict[Callable[[pytest.MonkeyPatch], None], tuple[str, str]] = {
    nothing_is_recorded: ("view_reveal", "rep_a"),
    each_look_is_two: ("session_reveal", "rep_a"),
    an_undone_look_is_forgotten: ("undone_reveal", "rep_a"),
    a_refused_look_is_forgotten: ("view_reveal", "lead_e"),
    an_unwritten_look_is_shown: ("unwritten_reveal", "rep_a"),
    special_fields_are_open: ("checks", "rep_a"),
    history_is_told_as_it_is: ("history", "lead_e"),
    the_past_is_shown_as_it_is: ("as of", "dir"),
}


def test_a_look_that_leaves_no_row_is_seen(sqlite_database: str, clock: FixedClock, tmp_path: Path) -> None:
    """Were looks not recorded, recorded twice, lost, or other ways open, the count would say so."""
    with opened(sqlite_database, clock, tmp_path) as desk:
        for plant, (verb, who) in FAULTS.items():
            assert desk.do(verb, who, 0) == [], plant.__name__
            with pytest.MonkeyPatch.context() as patch:
                plant(patch)
                assert desk.do(verb, who, 0) != [], plant.__name__
