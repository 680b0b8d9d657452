"""An act that fails at any statement, hook or commit leaves the state before or after, never between (T15, T16)."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import evidence
import pytest
from noninterference.valuing import Valued

from pycrm import CRM, Session, StoreError
from pycrm.app.upkeep import Upkeep
from pycrm.plugin import HookCaller, PluginError
from pycrm.revision import log
from pycrm.store import Transaction

from .acts import ACTS, HARMLESS, Act, Scene, uncovered, writing_verbs
from .books import Books, Shape, shape, unsound
from .failing import PLANTED, WAYS, Fault, Watching

MOST = 400


@attrs.define
class Stage:
    """A scene whose database fails when it is told to, and the books of it."""

    scene: Scene
    fault: Fault
    books: Books
    #: What is wrong with the product while an act is made to fail.
    plant: Callable[[pytest.MonkeyPatch], None] = lambda patch: None

    def rehearse(self, act: Act) -> list[Shape]:
        """Do an act in peace: by how much the books have changed at each of its commits, at first by nothing."""
        made = act.given(self.scene)
        before, found = self.books.read(), [Shape()]
        self.fault.committed = lambda: found.append(_whole(shape(before, self.books.read())))
        act.run(self.scene, made)
        self.fault.committed = lambda: None
        return found

    def between(self, act: Act, way: str, counted: str, numbers: Iterable[int]) -> tuple[int, list[str]]:
        """Let an act fail at these things: how many failed, and what was left that is no state to be in.

        It ends with the number of which there is nothing any more, and the act has succeeded.
        """
        allowed, wrong, failed = self.rehearse(act), [], 0
        made, before = act.given(self.scene), self.books.read()
        for at in numbers:
            assert at < MOST, f"{act.name} needs {MOST} statements or never ends"
            self.fault.set(at, way, counted)
            error = self._run(act, made)
            hit, commits = self.fault.hit, self.fault.commits
            self.fault.set(0)
            found = _whole(shape(before, self.books.read()))
            place = f"{act.name}, {counted} {at} {way}: {hit}"
            if hit is None:
                wrong += [f"{place}: {error!r}"] if error or found != allowed[-1] else []
                break
            failed += 1
            told = error is not None and PLANTED in f"{error} {error.__cause__}"
            # That a view could not be ended tells nobody anything. On a server, work whose connection
            # broke before its commit is done again, and then it is done.
            again = self.books.is_server and error is None and found == allowed[-1]
            if not (told or again or hit == "ROLLBACK"):
                wrong.append(f"{place}: nobody was told, but {error!r}")
            if found not in (allowed if commits else allowed[:1]):
                wrong.append(f"{place}: left {found}, after {commits} commits")
            if found:
                made, before = act.given(self.scene), self.books.read()
        return failed, wrong

    def _run(self, act: Act, made: Any) -> Exception | None:
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            try:
                act.run(self.scene, made)
            except (StoreError, PluginError) as error:
                return error
        return None


def _whole(found: Shape) -> Shape:
    """Of the seal it counts only whether it came: how much was left to be sealed differs each time."""
    return {
        name: (min(many[0], 1), min(many[1], 1)) if name in ("crm_seal", "crm_unsealed") else many
        for name, many in found.items()
    }


@pytest.fixture
def stage(open_crm: Callable[..., CRM], tmp_path: Path) -> Iterator[Stage]:
    """A stage on the test's database, with a plugin that takes part in every hook."""
    fault = Fault()
    crm = open_crm(plugins=[Watching(fault), Valued], heads=tmp_path)
    crm.migrate()
    # So that it opens no connection any more that cannot fail.
    crm.close()
    fault.plant(crm)
    books = Books(crm)
    yield Stage(Scene.of(crm, tmp_path), fault, books)
    books.close()


def test_every_writing_verb_has_an_act() -> None:
    """A verb that writes, of a session or of the whole CRM, is made to fail here, or says why not."""
    assert uncovered(writing_verbs()) == set()
    every = {**vars(Upkeep), **vars(CRM)}
    public = {name for name, one in every.items() if not name.startswith("_") and callable(one)}
    declared = {"records", "classes", "record", "is_registered", "facets_of", "rank", "claim_policy"}
    asked = {"entry_values", "stage_entry", "calendar_day", "business_calendar", "unkey", "refuse_unmigrated"}
    asked |= {"approved_move", "has_pipelines", "stage_entries", "approval_of"}
    assert public - declared - asked - HARMLESS.keys() - writing_verbs() == set()
    assert len(ACTS) >= 25


def test_a_new_writing_verb_is_missed() -> None:
    """Were there one verb more, it would be named."""
    assert uncovered(writing_verbs() | {"merge"}) == {"merge"}


def test_a_failure_leaves_the_state_before_or_after(stage: Stage) -> None:
    """Some acts, each failing somewhere in each way, leave all of what they do or nothing."""
    chance = random.Random()
    # Servers take longer, and PostgreSQL is no likelier to keep a half than SQLite is.
    number = 6 if stage.scene.crm.store.dialect == "sqlite" else 3
    failed = 0
    for act in chance.sample(list(ACTS.values()), number):
        for way, counted in (("broken", "statement"), ("after", "commit"), ("before", "hook")):
            done, wrong = stage.between(
                act, way, counted, [1 if counted == "commit" else chance.randint(1, 9)]
            )
            assert wrong == []
            failed += done
    assert failed > number
    assert unsound(stage.scene.crm) == []


def test_an_export_whose_commit_is_broken_off_stands_in_the_book_once(stage: Stage) -> None:
    """The server commits, the answer is lost, and the row is written again apart: it is the same row."""
    done, wrong = stage.between(ACTS["take scores out"], "after", "commit", [1])
    assert (done, wrong) == (1, [])


def test_a_caller_who_catches_a_failure_keeps_nothing(stage: Stage) -> None:
    """Who swallows a failure in mid-act ends the block with it, and all of the block is undone."""
    act, fault, scene = ACTS["amend"], stage.fault, stage.scene
    made, before, swallowed = act.given(scene), stage.books.read(), 0
    for at in range(3, MOST, 3):
        fault.set(at)
        with suppress(StoreError), scene.crm.session("rep_a") as session:
            try:
                act.do(session, made, scene)
            except StoreError:
                swallowed += 1
        hit = fault.hit
        fault.set(0)
        if hit is None:
            break
        assert shape(before, stage.books.read()) == {}, at
    assert swallowed > 3
    assert shape(before, stage.books.read()) != {}


# --- that it would be seen --------------------------------------------------------------------------


def failure_commits(patch: pytest.MonkeyPatch) -> None:
    """What a failed session has written is committed."""
    patch.setattr(Transaction, "rollback", Transaction.commit)


def revision_apart(patch: pytest.MonkeyPatch) -> None:
    """The records are committed, and then what says who changed them."""
    begun = log.begun

    def apart(tx: Transaction, *beside: Any) -> Any:
        tx.run("COMMIT")
        tx.run("BEGIN")
        return begun(tx, *beside)

    patch.setattr(log, "begun", apart)


def no_transaction(patch: pytest.MonkeyPatch) -> None:
    """Each statement is by itself."""
    execute = Transaction._begin

    def begin(tx: Transaction) -> None:
        execute(tx)
        tx.run("COMMIT")

    patch.setattr(Transaction, "_begin", begin)


def told_after(patch: pytest.MonkeyPatch) -> None:
    """Plugins are told of an act once it is committed."""
    observe = HookCaller.observe

    def late(self: HookCaller, hook: str, /, **arguments: Any) -> None:
        session: Session = arguments["session"]
        session.transaction.run("COMMIT")
        session.transaction.run("BEGIN")
        observe(self, hook, **arguments)

    patch.setattr(HookCaller, "observe", late)


CONTROLS = {
    failure_commits: "statement",
    revision_apart: "statement",
    no_transaction: "statement",
    told_after: "hook",
}


def caught(stage: Stage, plant: Callable[[pytest.MonkeyPatch], None], counted: str) -> bool:
    """Whether half an act is left where a customer is changed with a planted fault."""
    planted = attrs.evolve(stage, plant=plant)
    wrong = [planted.between(ACTS["change"], "before", counted, [at])[1] for at in range(1, 10)]
    return any(" left " in one for some in wrong for one in some)


@pytest.mark.parametrize("plant", CONTROLS, ids=lambda plant: plant.__name__)
def test_half_an_act_would_be_seen(stage: Stage, plant: Callable[[pytest.MonkeyPatch], None]) -> None:
    """Were an act written in more than one transaction, or kept when it fails, the books would show it."""
    assert caught(stage, plant, CONTROLS[plant])


# --- at full length --------------------------------------------------------------------------------


def _at_length(stage: Stage, test: str, example: str, sorts: Iterable[tuple[str, str]]) -> None:
    began, failed, acts, wrong = time.monotonic(), 0, 0, []
    for act in ACTS.values():
        for counted, way in sorts:
            done, found = stage.between(act, way, counted, itertools.count(1))
            failed, acts, wrong = failed + done, acts + 1, wrong + found
    wrong += unsound(stage.scene.crm)
    evidence.keep(
        *(test, example, 2 * 25),
        {
            "database": stage.scene.crm.store.dialect,
            "examples": acts,
            "acts": len(ACTS),
            "failed_at": failed,
            "failures": len(wrong),
            "planted": len(CONTROLS),
            "caught": sum(caught(stage, plant, counted) for plant, counted in CONTROLS.items()),
            "seconds": round(time.monotonic() - began),
        },
    )
    assert wrong == []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_every_statement_of_every_act(stage: Stage) -> None:
    """Each act, failing at each of its statements in each of three ways, leaves all or nothing (T15)."""
    example = "an act that fails at every one of its statements in one way, until it succeeds"
    _at_length(stage, "T15", example, [("statement", way) for way in WAYS])


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_every_hook_and_commit_of_every_act(stage: Stage) -> None:
    """Each act, failing at each hook and at each commit before and after it, leaves all or nothing (T16)."""
    example = "an act that fails at every one of its hooks or commits in one way, until it succeeds"
    sorts = [("hook", "before"), *(("commit", way) for way in WAYS)]
    _at_length(stage, "T16", example, sorts)
