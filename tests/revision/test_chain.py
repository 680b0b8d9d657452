"""One chain without gaps, however many write at once, and whatever is done to it is found (T48, T49)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import pytest
from evidence import asked_for, keep, next_seed, of_database
from house import enterprise
from hypothesis import HealthCheck, given, seed, settings

from pycrm import CRM, Customer, FixedClock, Person, StoreError
from pycrm.declare.row import layout
from pycrm.exchange import export_csv
from pycrm.revision import access, log
from pycrm.revision.seal import sealer

from .sealing import NUMBER, Hand, permit, story
from .tampering import placed, tamper, tampering

# Eight on a server; a file has one writer at a time, and more of them would only wait.
WRITERS = {"sqlite": 4, "postgresql": 8}


class NeverMindError(Exception):
    """Ends a session of which nothing is to stay."""


@attrs.define
class Writer:
    """Somebody who changes one customer again and again, looks at its number and takes it out."""

    crm: CRM
    customer: Customer
    person: Person
    acts: int = 0
    done: Counter[str] = attrs.field(factory=Counter)

    def act(self) -> None:
        """One entry in the books: mostly a change, also a look or an export; now and then one undone."""
        self.acts += 1
        if self.acts % 50 == 0:
            with self.crm.view("rep_a") as session:
                export_csv(session, Customer, BytesIO(), [Customer.id == self.customer.id])
            self.done["export"] += 1
        elif self.acts % 10 == 0:
            with self.crm.view("rep_a") as session:
                session.reveal(self.person, "id_no", because="check-in")
            self.done["look"] += 1
        else:
            if self.acts % 10 == 5:
                with suppress(NeverMindError), self.crm.session("rep_a") as session:
                    session.change(self.customer, channel="never")
                    raise NeverMindError
            channel = f"fair {self.acts}"
            self.customer = self.crm.run("rep_a", lambda s: s.change(self.customer, channel=channel))
            self.done["revision"] += 1


@attrs.define
class Office:
    """People who write at once, and what they were told is done."""

    crm: CRM
    writers: list[Writer]
    before: Counter[str]

    @classmethod
    def opened(cls, crm: CRM, writers: int) -> Office:
        """An enterprise with a customer for each of them, all of it sealed."""
        enterprise(crm)
        permit(crm)
        made = []
        with crm.session("rep_a") as session:
            for at in range(writers):
                draft = Customer.person(
                    f"P{at}", mobile=f"1390000000{at}", source="exhibition", id_no=NUMBER[:-1] + str(at)
                )
                customer = session.add(draft)
                person = session.facet(customer.party, Person)
                assert person is not None
                made.append(Writer(crm, customer, person))
        crm.seal()
        return cls(crm, made, kinds(crm))

    def write(self, each: int, pause: float) -> list[Exception]:
        """Let each act that often while two seal and one examines; what went wrong on the way."""
        failed: list[Exception] = []
        over = threading.Event()

        def guarded(act: Callable[[], Any]) -> threading.Thread:
            def run() -> None:
                try:
                    act()
                except Exception as error:
                    failed.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def again(act: Callable[[], Any], after: float) -> Callable[[], None]:
            def run() -> None:
                while not over.wait(after):
                    act()

            return run

        def examine() -> None:
            assert self.crm.verify().holds

        def work(one: Writer) -> Callable[[], None]:
            def run() -> None:
                for _ in range(each):
                    one.act()

            return run

        writers = [guarded(work(one)) for one in self.writers]
        keepers = [guarded(again(self.crm.seal, pause)) for _ in range(2)]
        keepers.append(guarded(again(examine, pause * 20)))
        for thread in writers:
            thread.join()
        over.set()
        for thread in keepers:
            thread.join()
        return failed

    def wrong(self) -> list[str]:
        """What of the chain is not as it has to be after what was acknowledged."""
        try:
            self.crm.seal()
        except StoreError as error:
            return [str(error)]
        found = self.crm.verify()
        numbers = [int(row["number"]) for row in seals(self.crm)]
        items = {row["item_id"] for row in seals(self.crm)}
        expected = self.before + sum((one.done for one in self.writers), Counter())
        checks = {
            f"it does not hold: {found.broken}": found.holds,
            f"{found.tail} wait": found.tail == 0,
            "there is a gap": numbers == list(range(1, len(numbers) + 1)),
            "an entry stands there twice": len(items) == len(numbers),
            f"{kinds(self.crm)} instead of {expected}": kinds(self.crm) == expected,
        }
        return [words for words, holds in checks.items() if not holds]


def seals(crm: CRM) -> list[dict[str, Any]]:
    """The links of the chain in their order."""
    return sorted(Hand(crm).rows("crm_seal"), key=lambda row: int(row["number"]))


def kinds(crm: CRM) -> Counter[str]:
    """How many entries of each book are sealed."""
    return Counter(row["kind"] for row in seals(crm))


def test_many_writers_leave_one_chain(open_crm: Callable[..., CRM], tmp_path: Path) -> None:
    """Eight people write and two seal at the same time: each entry is numbered once, without a gap."""
    office = Office.opened(open_crm(heads=tmp_path), 8)
    assert office.write(10, 0.0) == []
    assert office.wrong() == []
    # Of ten acts each, the tenth is a look.
    assert sum((one.done for one in office.writers), Counter()) == {"revision": 72, "look": 8}


def a_number_is_left_out(patch: pytest.MonkeyPatch) -> None:
    """The sealer begins one too high."""
    head = sealer.head_of
    patch.setattr(sealer, "head_of", lambda tx: (head(tx)[0] + 1, head(tx)[1]))


def an_entry_is_lost(patch: pytest.MonkeyPatch) -> None:
    """The last of each batch is taken from the list and not chained."""
    insert = sealer.insert_rows
    patch.setattr(sealer, "insert_rows", lambda tx, cls, rows: insert(tx, cls, rows[:-1]))


def nobody_is_told(patch: pytest.MonkeyPatch) -> None:
    """What is written is not put on the list of what waits."""

    def untold(tx: Any, cls: Any, kind: str, row: Any, *, beside: Any = None) -> None:
        sealer.insert_rows(tx, cls, [_dumped(tx, cls, row)])
        if beside is not None:
            sealer.insert_rows(tx, beside[0], [beside[1]])

    patch.setattr(log, "enter", untold)


def looks_are_told_of_twice(patch: pytest.MonkeyPatch) -> None:
    """A look is written as two."""
    enter = access.enter

    def twice(tx: Any, cls: Any, kind: str, row: Any, **options: Any) -> None:
        enter(tx, cls, kind, row, **options)
        enter(tx, cls, kind, layout(cls).copy(row, {"id": tx.crm.identifiers.new()}), **options)

    patch.setattr(access, "enter", twice)


def _dumped(tx: Any, cls: Any, row: Any) -> Any:
    return layout(cls).dump[tx.dialect](row)


FAULTS = (a_number_is_left_out, an_entry_is_lost, nobody_is_told, looks_are_told_of_twice)


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_chain_that_misses_something_is_seen(
    sqlite_database: str, clock: FixedClock, tmp_path: Path, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Were a number left out, an entry lost, untold or doubled, the count above would say so."""
    with opened(sqlite_database, clock, tmp_path) as crm:
        office = Office.opened(crm, 1)
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            for _ in range(10):
                office.writers[0].act()
            crm.seal()
        assert office.wrong() != []


@contextmanager
def opened(database: str, clock: FixedClock, heads: Path) -> Iterator[CRM]:
    """A CRM whose heads are kept in that folder."""
    crm = CRM(database, clock=clock, heads=heads)
    yield crm
    crm.close()


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_a_hundred_thousand_entries_are_one_chain(
    database: str, open_crm: Callable[..., CRM], tmp_path: Path
) -> None:
    """100,000 entries by writers at once are one chain, examined on the way; the figures are kept (T49)."""
    of = of_database(database)
    office = Office.opened(open_crm(heads=tmp_path), WRITERS[of])
    wanted, piece = asked_for(100_000), 10_000 // WRITERS[of]
    done = 0
    while done < wanted:
        failed = office.write(piece, 0.2)
        found = [*map(repr, failed), *office.wrong()]
        done += piece * len(office.writers)
        figures = {"database": of, "examples": piece * len(office.writers)}
        figures |= {"failures": len(found), "writers": len(office.writers)}
        keep(
            "T49",
            "an entry that writers at once left in one chain",
            100_000,
            figures | {"chain": len(seals(office.crm))},
        )
        assert found == []


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_thousands_of_hands_change_history_unseen_by_nobody(
    database: str, open_crm: Callable[..., CRM], tmp_path: Path
) -> None:
    """Of thousands of edits, deletions, insertions, swaps, cuts and forks each is found and placed (T48)."""
    of, crm = of_database(database), open_crm(heads=tmp_path / "heads")
    story(crm)
    hand, goal = Hand(crm), asked_for(5000)
    for _ in range(goal // 500):
        number, tried = next_seed("T48", of), Counter[str]()

        @seed(number)
        @settings(max_examples=500, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(tampering())
        def found(what: tuple[str, str, float, float, float]) -> None:
            tried[what[0]] += 1  # noqa: B023
            with hand.undone():
                wanted = tamper(crm, hand, *what)
                proof = crm.verify()
                assert not proof.holds, f"{what} went unseen"
                placed(proof, wanted)
            assert crm.verify().holds

        found()
        figures = {"database": of, "seed": number, "examples": tried.total(), "failures": 0, **tried}
        keep("T48", "one change of sealed history past every session", 10_000, figures)
