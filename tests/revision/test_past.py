"""History leads to the present and through every moment of the past, whatever people did (REV-10 to REV-19)."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from evidence import asked_for, keep, next_seed, of_database
from hypothesis import HealthCheck, Phase, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pycrm import CRM, FixedClock
from pycrm.declare.codec import from_json
from pycrm.errors import NotReadError
from pycrm.revision import archive, assign, change, conditions, former, revert, short, undo, where
from pycrm.revision.amendment import AmendmentLine, decide, propose, together
from pycrm.revision.erase import past as erasing
from pycrm.revision.model import ChangeRow
from pycrm.scope.gateway import fetch_one
from revision.past_played import Stage
from revision.twin import Twin, told

COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
NAMES = st.sampled_from(("Wang", "Li Four", "Zhao", "Qian 5"))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8).map(
    lambda text: unicodedata.normalize("NFC", text)
)
CHANNEL = st.sampled_from((None, "fair", "mail")) | TEXT
PICK = st.integers(0, 11)
NEW = st.tuples(
    st.none(), st.sampled_from(("0.000", "1.000", "2.500", "0.001")), st.sampled_from(("9.99", "100.00"))
)
# Of the old rows some, in any order, each with a quantity.
ROWS = st.tuples(
    st.lists(st.integers(0, 2), unique=True, max_size=3),
    st.lists(NEW, max_size=2),
    st.sampled_from(("1.000", "3.000")),
).map(lambda drawn: [*((at, drawn[2], "") for at in drawn[0]), *drawn[1]])
DAYS = st.sampled_from((0, 0, 0, 1, 2, -1))


def one_of(kind: str) -> Any:
    """Only where there is such a record."""
    return precondition(lambda self: self.twin.model.of(kind))


def machine(stage: Stage, steps: list[int], apart: int = 1) -> type[RuleBasedStateMachine]:
    """Random acts on customers, their persons and parties, deals and amendments, beginning with two customers.

    In the end every moment of the past is looked at, or each so many.
    """

    class Acts(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.twin = Twin.begun(stage)
            self.found: list[str] = []

        def pick(self, kinds: str, at: int, *, is_away: bool | None = None) -> str:
            keys = [key for kind in kinds for key in self.twin.model.of(kind)]
            if is_away is not None:
                keys = [
                    one for one in keys if (self.twin.model.values(one)["archived_at"] is not None) is is_away
                ]
            assume(keys)
            return keys[at % len(keys)]

        def go(self, verb: str, *given: Any) -> None:
            steps.append(1)
            self.found = self.twin.do(verb, *given)

        @initialize(name=NAMES)
        def begin(self, name: str) -> None:
            self.go("add_customer", "rep_a", name)
            assert self.found == []
            self.go("add_customer", "rep_b", "Sun")

        @invariant()
        def is_as_the_model_says(self) -> None:
            assert self.found == []

        @rule(who=st.sampled_from(("rep_a", "rep_b")), name=NAMES)
        def add_customer(self, who: str, name: str) -> None:
            self.go("add_customer", who, name)

        @one_of("c")
        @rule(at=PICK, rows=st.lists(NEW, max_size=3))
        def add_deal(self, at: int, rows: list[Any]) -> None:
            self.go("add_deal", self.pick("c", at), rows)

        @one_of("c")
        @rule(
            at=PICK,
            channel=CHANNEL,
            grade=st.sampled_from((None, "A", "B")),
            needs=st.lists(TEXT, max_size=2),
        )
        def change_customer(self, at: int, channel: Any, grade: Any, needs: list[str]) -> None:
            values = {"channel": channel, "signing_grade": grade, "needs": needs}
            self.go("change", self.pick("c", at), values)

        @one_of("c")
        @rule(at=PICK, channel=CHANNEL)
        def change_channel(self, at: int, channel: Any) -> None:
            self.go("change", self.pick("c", at), {"channel": channel})

        @one_of("f")
        @rule(at=PICK, occupation=st.none() | TEXT)
        def change_person(self, at: int, occupation: Any) -> None:
            self.go("change", self.pick("f", at), {"occupation": occupation})

        @one_of("d")
        @rule(at=PICK, need=st.none() | TEXT, rows=ROWS)
        def change_deal(self, at: int, need: Any, rows: list[Any]) -> None:
            self.go("change", self.pick("d", at), {"need": need, "lines": rows})

        @one_of("d")
        @rule(at=PICK, rows=ROWS)
        def change_rows(self, at: int, rows: list[Any]) -> None:
            self.go("change", self.pick("d", at), {"lines": rows})

        @one_of("d")
        @rule(at=PICK, amount=st.sampled_from(("1.00", "2.00")))
        def change_amount(self, at: int, amount: str) -> None:
            self.go("change", self.pick("d", at), {"amount": {"amount": amount, "currency": "CNY"}})

        @one_of("c")
        @rule(at=PICK, back=st.integers(1, 4), channel=CHANNEL)
        def stale_customer(self, at: int, back: int, channel: Any) -> None:
            self.stale(self.pick("c", at), back, {"channel": channel})

        @one_of("d")
        @rule(at=PICK, back=st.integers(1, 4), need=st.none() | TEXT)
        def stale_deal(self, at: int, back: int, need: Any) -> None:
            self.stale(self.pick("d", at), back, {"need": need, "competitors": ["Acme"]})

        def stale(self, key: str, back: int, values: Any) -> None:
            assume(back < len(self.twin.model.records[key]))
            self.go("stale", key, back, values)

        @rule(at=PICK, kinds=st.sampled_from("cd"))
        def archive(self, at: int, kinds: str) -> None:
            self.go("archive", self.pick(kinds, at, is_away=False))

        @rule(at=PICK, kinds=st.sampled_from("cd"))
        def restore(self, at: int, kinds: str) -> None:
            self.go("restore", self.pick(kinds, at, is_away=True))

        @one_of("c")
        @rule(at=PICK, who=st.sampled_from(("rep_a", "rep_b")))
        def assign(self, at: int, who: str) -> None:
            self.go("assign", self.pick("c", at), who)

        @one_of("d")
        @rule(at=PICK)
        def move(self, at: int) -> None:
            self.go("move", self.pick("d", at))

        @one_of("c")
        @rule(at=PICK)
        def strategic(self, at: int) -> None:
            self.go("strategic", self.pick("c", at))

        @rule(old=st.sampled_from((None, "fair", "mail")), new=CHANNEL)
        def change_where(self, old: Any, new: Any) -> None:
            self.go("change_where", old, new)

        @one_of("p")
        @rule(at=PICK, name=NAMES, days=DAYS)
        def ask_for_a_name(self, at: int, name: str, days: int) -> None:
            self.go("submit", self.pick("p", at), {"name": name}, days)

        @one_of("f")
        @rule(at=PICK, income=st.sampled_from(("low", "high")), days=DAYS)
        def ask_for_an_income(self, at: int, income: str, days: int) -> None:
            self.go("submit", self.pick("f", at), {"income_band": income}, days)

        @one_of("d")
        @rule(
            at=PICK, row=st.integers(0, 2), value=st.sampled_from(("0.0000", "10.0000", "12.5000")), days=DAYS
        )
        def ask_for_a_discount(self, at: int, row: int, value: str, days: int) -> None:
            key = self.pick("d", at)
            rows = self.twin.model.values(key)["lines"]
            assume(rows)
            self.go("discount", key, row % len(rows), value, days)

        @precondition(lambda self: self.twin.model.asked)
        @rule(
            at=PICK, verb=st.sampled_from(("approve", "approve", "approve", "reject", "withdraw", "rebase"))
        )
        def decide(self, at: int, verb: str) -> None:
            asked = self.twin.model.asked
            # Of one whose record is gone nobody is asked any more.
            open_ = [
                n for n, one in enumerate(asked) if all(k not in self.twin.model.gone for k, _ in one.lines)
            ]
            assume(open_)
            self.go(verb, open_[-1 - at % len(open_)])

        @one_of("p")
        @rule(at=PICK, name=NAMES)
        def override(self, at: int, name: str) -> None:
            self.go("override", self.pick("p", at), {"name": name})

        @rule(days=st.integers(1, 2))
        def pass_days(self, days: int) -> None:
            self.go("pass_days", days)

        @rule(at=PICK, version=st.integers(0, 5), kind=st.sampled_from("cdccddpf"))
        def revert(self, at: int, version: int, kind: str) -> None:
            key = self.pick(kind, at)
            self.go("revert", key, -1 - version % len(self.twin.model.records[key]))

        @precondition(lambda self: len(self.twin.model.of("c")) > 1)
        @rule(at=PICK, is_wanted=st.sampled_from((True, False, False)))
        def erase(self, at: int, is_wanted: bool) -> None:
            assume(is_wanted)
            self.go("erase", self.pick("c", at))

        def teardown(self) -> None:
            if self.found == []:
                assert list(self.twin.differing(self.twin.moments[::apart])) == []

    return Acts


def test_every_past_can_be_read_again(
    open_crm: Callable[..., CRM], clock: FixedClock, tmp_path: Path
) -> None:
    """After any acts records are, in their book and at every moment, what a model of plain dicts says."""
    stage = Stage.opened(open_crm(heads=tmp_path), clock)
    stories = 6 if stage.crm.store.dialect == "sqlite" else 3
    # Explaining a failure traces every line of every story, and takes ten times as long.
    phases = (Phase.generate, Phase.shrink)
    short = settings(max_examples=stories, stateful_step_count=14, phases=phases, **COMMON)
    run_state_machine_as_test(machine(stage, [], 4), settings=short)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_thousands_of_acts_can_be_read_again(
    database: str, open_crm: Callable[..., CRM], clock: FixedClock, tmp_path: Path
) -> None:
    """The same over thousands of acts, in chunks whose figures are kept."""
    of, wanted, done = of_database(database), asked_for(5000), 0
    stage = Stage.opened(open_crm(heads=tmp_path), clock)
    while done < wanted:
        number, steps = next_seed("past", of), list[int]()
        held = settings(max_examples=20, stateful_step_count=25, **COMMON)
        run_state_machine_as_test(seed(number)(machine(stage, steps)), settings=held)
        done += len(steps)
        figures = {"database": of, "seed": number, "examples": len(steps), "failures": 0, "stories": 20}
        keep(
            "past", "an act, after which present, book and past are compared with the model", 10_000, figures
        )


# --- faults ----------------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]
ROW = (None, "2.000", "10.00")
AN_INSTANT = timedelta(microseconds=1)
BEGUN: list[tuple[Any, ...]] = [
    ("add_customer", "rep_a", "Wang"),
    ("add_deal", "c0", [ROW, (None, "1.000", "5.00")]),
]


def rows_are_left_out_of_records(patch: pytest.MonkeyPatch) -> None:
    """A record of the past comes without its rows."""
    patch.setattr(undo, "with_children", lambda tx, records: records)


def a_roll_back_writes_nothing(patch: pytest.MonkeyPatch) -> None:
    """Taking back returns the record as it is."""
    patch.setattr(revert, "apply", lambda tx, record, values, act: record)


def a_roll_back_is_blind(patch: pytest.MonkeyPatch) -> None:
    """What was changed again since is taken back too."""
    patch.setattr(revert, "_refuse_touched", lambda *given: None)


def a_computed_amount_counts_as_touched(patch: pytest.MonkeyPatch) -> None:
    """Rows of their own are not taken back because of the sum of all."""
    patch.setattr(revert, "_followed", lambda *given: set())


def a_computed_amount_goes_back_by_amendment(patch: pytest.MonkeyPatch) -> None:
    """What follows from the rows is asked for beside them, so that the request is refused as mixed."""
    amend = propose.amend
    patch.setattr(propose, "amend", lambda *given, **split: amend(*given))


def what_was_erased_is_read_as_it_was(patch: pytest.MonkeyPatch) -> None:
    """A tombstone is taken for a value of its field."""
    patch.setattr(undo, "value_then", from_json)


def a_stale_version_is_taken(patch: pytest.MonkeyPatch) -> None:
    """Who read an older version writes over the newer one."""
    _long_way(patch)
    guarded = change.guarded_update

    def blind(tx: Any, record: Any, made: Any, *given: Any, **named: Any) -> None:
        version = fetch_one(tx, type(record), record.id).version
        copied = [
            change.layout(type(record)).copy(one, {"version": version + at})
            for at, one in enumerate((record, made))
        ]
        guarded(tx, *copied, *given, **named)

    patch.setattr(change, "guarded_update", blind)


def the_past_begins_a_moment_late(patch: pytest.MonkeyPatch) -> None:
    """What happened at the moment itself has not happened."""
    later = undo.later
    patch.setattr(undo, "later", lambda tx, wanted, moment: later(tx, wanted, moment - AN_INSTANT))


def a_base_that_moved_is_no_conflict(patch: pytest.MonkeyPatch) -> None:
    """What is asked for is applied to whatever is there."""
    patch.setattr(AmendmentLine, "is_conflicting", property(lambda line: False))


def a_day_to_come_has_come(patch: pytest.MonkeyPatch) -> None:
    """What is agreed for a later day holds at once."""
    patch.setattr(together, "is_ahead", lambda tx, one: False)


def what_is_withdrawn_is_done(patch: pytest.MonkeyPatch) -> None:
    """Taking back an amendment applies it."""
    withdraw = decide.withdraw

    def done(tx: Any, amendment: Any, because: Any) -> Any:
        with decide.as_submitter(tx, amendment):
            decide.perform(tx, amendment, decide.read_lines(tx, [amendment])[amendment.id], "amend")
        return withdraw(tx, amendment, because)

    patch.setattr(decide, "withdraw", done)


def an_erasure_leaves_what_was(patch: pytest.MonkeyPatch) -> None:
    """Values of the past stay."""
    patch.setattr(erasing, "emptied", lambda value: value)


def putting_away_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Archiving leaves no revision."""
    patch.setattr(archive, "note", lambda *given: None)


def handing_on_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """Assigning leaves no revision."""
    patch.setattr(assign, "note", lambda *given: None)


def a_set_is_changed_unseen(patch: pytest.MonkeyPatch) -> None:
    """Changing by a condition leaves no revision."""
    patch.setattr(where, "noting", lambda rows: rows)


def a_set_passes_nobody_by(patch: pytest.MonkeyPatch) -> None:
    """Changing by a condition notes and raises what holds the value already."""
    patch.setattr(where, "_differing", lambda *given: sa.true())


def the_version_stays(patch: pytest.MonkeyPatch) -> None:
    """A change raises no version."""
    _long_way(patch)
    stamp = change.stamp
    patch.setattr(change, "stamp", lambda tx, record: stamp(tx, record) | {"version": record.version})


def history_is_written_anew(patch: pytest.MonkeyPatch) -> None:
    """A change makes the versions before it say what it says."""
    _long_way(patch)
    note = change.note

    def anew(tx: Any, record: Any, act: str, changes: Any) -> None:
        table = ChangeRow.__table__
        mine = sa.and_(table.c.record_id == record.id, table.c.version > 1)
        tx.execute(sa.update(table).where(mine).values(reason="as it always was"))
        note(tx, record, act, changes)

    patch.setattr(change, "note", anew)


def a_field_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """The channel changes and the book does not say so."""
    note = short.note_text
    patch.setattr(
        short, "note_text", lambda tx, record, act, identity, text: note(tx, record, act, identity, "{}")
    )


def before_and_after_are_swapped(patch: pytest.MonkeyPatch) -> None:
    """The book says after before and before after."""
    _noting(patch, lambda changes: {path: pair[::-1] for path, pair in changes.items()})


def a_removed_row_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    """The book does not say that a row went."""
    _noting(
        patch, lambda changes: {p: pair for p, pair in changes.items() if "/" not in p or pair[1] is not None}
    )


def _noting(patch: pytest.MonkeyPatch, keep_: Callable[[Any], Any]) -> None:
    _long_way(patch)
    note = change.note
    patch.setattr(change, "note", lambda tx, record, act, changes: note(tx, record, act, keep_(changes)))


def _long_way(patch: pytest.MonkeyPatch) -> None:
    """What most changes take is not what is looked at here."""
    patch.setattr(change, "short_way", lambda *given: None)


def rows_are_left_out_of_lists(patch: pytest.MonkeyPatch) -> None:
    """A list of the past shows the rows of now."""
    patch.setattr(undo, "_rows_then", lambda cls, spec, record, state: getattr(record, spec.name))


def lists_forget_names(patch: pytest.MonkeyPatch) -> None:
    """A list of the past shows the names of now."""
    patch.setattr(undo, "renamed", lambda record, names: record)


def links_lead_nowhere(patch: pytest.MonkeyPatch) -> None:
    """A list over fields of linked records overlooks what was changed in these."""
    patch.setattr(former, "owners_of", lambda tx, parts, changed: set())


def what_is_linked_has_no_past(patch: pytest.MonkeyPatch) -> None:
    """A list over fields of linked records takes these as they are now."""
    patch.setattr(conditions, "taken_back", lambda tx, records, moment: [(one.id, one) for one in records])


NAMED = ("submit", "p0", {"name": "Li Four"}, 0)
LATER = ("submit", "p0", {"name": "Li Four"}, 1)
FAIR = ("change", "c0", {"channel": "fair"})
GRADED = ("change", "c0", {"signing_grade": "A"})
# Of each fault what people would have to do for it to show.
FAULTS: dict[Plant, list[tuple[Any, ...]]] = {
    rows_are_left_out_of_records: [FAIR],
    a_roll_back_writes_nothing: [FAIR, ("revert", "c0", -1)],
    a_roll_back_is_blind: [FAIR, ("change", "c0", {"channel": "mail"}), ("revert", "c0", -2)],
    a_computed_amount_counts_as_touched: [
        ("change", "d0", {"lines": [(0, "3.000", ""), (1, "1.000", "")]}),
        ("change", "d0", {"lines": [(0, "3.000", ""), (1, "4.000", "")]}),
        ("revert", "d0", -2),
    ],
    a_computed_amount_goes_back_by_amendment: [
        *(("discount", "d0", 0, "10.0000", 0), ("approve", 0), ("revert", "d0", -1)),
    ],
    what_was_erased_is_read_as_it_was: [("change", "c0", {"needs": ["pumps"]}), ("erase", "c0")],
    a_stale_version_is_taken: [FAIR, ("stale", "c0", 1, {"channel": "mail"})],
    the_past_begins_a_moment_late: [FAIR, GRADED],
    a_base_that_moved_is_no_conflict: [NAMED, ("override", "p0", {"name": "Zhao"}), ("approve", 0)],
    a_day_to_come_has_come: [LATER, ("approve", 0)],
    what_is_withdrawn_is_done: [NAMED, ("withdraw", 0)],
    an_erasure_leaves_what_was: [FAIR, ("erase", "c0")],
    putting_away_is_not_kept: [("archive", "c0")],
    handing_on_is_not_kept: [("assign", "c0", "rep_b")],
    a_set_is_changed_unseen: [("change_where", None, "mail")],
    a_set_passes_nobody_by: [FAIR, ("change_where", "fair", "fair")],
    the_version_stays: [FAIR],
    history_is_written_anew: [FAIR, GRADED],
    a_field_is_not_kept: [FAIR],
    before_and_after_are_swapped: [FAIR],
    a_removed_row_is_not_kept: [("change", "d0", {"lines": [(1, "1.000", "")]})],
    rows_are_left_out_of_lists: [("change", "d0", {"lines": [(1, "1.000", "")]}), FAIR],
    lists_forget_names: [NAMED, ("approve", 0), FAIR],
    links_lead_nowhere: [FAIR],
    what_is_linked_has_no_past: [FAIR],
}


@contextmanager
def staged(database: str, heads: Path) -> Iterator[Stage]:
    """A stage of its own on that database."""
    clock = FixedClock("2026-06-30T09:00:00+08:00")
    crm = CRM(database, clock=clock, random=random.Random(7), heads=heads)
    yield Stage.opened(crm, clock)
    crm.close()


def test_a_set_takes_in_whoever_was_erased(sqlite_database: str, tmp_path: Path) -> None:
    """What is left of an erased customer changes with all others, and is kept as theirs is."""
    sets = ((None, ""), ("", "fair"), ("fair", None))
    with staged(sqlite_database, tmp_path) as stage:
        acts = [("strategic", "c0"), ("erase", "c0"), *(("change_where", *one) for one in sets)]
        assert told(stage, BEGUN, acts) == []


def test_each_planted_fault_is_found(sqlite_database: str, tmp_path: Path) -> None:
    """Each of twenty-five faults makes pycrm and the model part in a story that is fine without it."""
    with staged(sqlite_database, tmp_path) as stage:
        fine: list[Any] = []
        for plant, acts in FAULTS.items():
            if acts not in fine:
                assert told(stage, BEGUN, acts) == [], plant.__name__
                fine.append(acts)
            with pytest.MonkeyPatch.context() as patch:
                plant(patch)
                assert _parted(stage, acts), plant.__name__


def _parted(stage: Stage, acts: list[tuple[Any, ...]]) -> bool:
    try:
        return told(stage, BEGUN, acts) != []
    except (ValueError, NotReadError):
        # The past cannot be read at all.
        return True
