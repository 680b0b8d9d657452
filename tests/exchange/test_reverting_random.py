"""Random imports, changes by hand and takings back, beside a small model of what each key has come to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from house import enterprise

from pycrm import CRM, Activity, ActivityKind, Customer, FixedClock
from pycrm.exchange import Verdict, book, touched

from .bench import Bench
from .test_reverting import MAPPING, WHY, revert, rows

KEYS = range(1, 6)
CHANNELS = ("mail", "shop", "fair")
STORIES, ACTS = 3, 24


@attrs.define
class Key:
    """What has become of a row's record, and who touched it, oldest first: an import, its undoing, or people."""

    channel: str = ""
    is_there: bool = False
    is_away: bool = False
    has_call: bool = False
    touched: list[tuple[str, int]] = attrs.field(factory=list)

    def since(self, number: int) -> tuple[bool, bool]:
        """Whether others touched it after an import did, and whether that was undone."""
        own = max(at for at, one in enumerate(self.touched) if one == ("import", number))
        after = self.touched[own + 1 :]
        return any(one != ("undo", number) for one in after), ("undo", number) in after


class Story:
    """A CRM and the model beside it."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench, self.random = bench, random.Random(seed)
        self.keys = {key: Key() for key in KEYS}
        self.imports: list[tuple[Any, dict[int, tuple[str, str]]]] = []

    def go(self) -> None:
        """Random acts, each held against the model."""
        for _ in range(ACTS):
            act = self.random.choice(
                (self.load, self.load, self.undo, self.undo, self.change, self.put, self.call)
            )
            act()
            assert self.seen() == self.expected()

    def load(self) -> None:
        """A file with some of the keys, all by one channel."""
        some = self.random.sample(KEYS, self.random.randint(1, len(KEYS)))
        channel, number = self.random.choice(CHANNELS), len(self.imports)
        counts = dict.fromkeys(Verdict, 0)
        did: dict[int, tuple[str, str]] = {}
        for key in some:
            one = self.keys[key]
            if one.is_away and one.touched[-1][0] != "undo":
                counts[Verdict.REFUSED] += 1
                continue
            if one.is_there and not one.is_away and one.channel == channel:
                counts[Verdict.UNCHANGED] += 1
                continue
            begins = not one.is_there or one.is_away
            counts[Verdict.UPDATED if one.is_there else Verdict.IMPORTED] += 1
            did[key] = ("begins" if begins else "changes", one.channel)
            one.channel, one.is_there, one.is_away = channel, True, False
            one.touched.append(("import", number))
        report = self.bench.load("rep_a", MAPPING, rows(*some, channel=channel), batch=2)
        assert dict(report.counts) == counts
        assert (report.id is None) == (not did)
        if did:
            self.imports.append((report, did))

    def undo(self) -> None:
        """One of the imports, perhaps a second time."""
        if not self.imports:
            return
        number = self.random.randrange(len(self.imports))
        report, did = self.imports[number]
        archived = changed = left = 0
        for key, (what, before) in did.items():
            one = self.keys[key]
            is_foreign, is_done = one.since(number)
            if (one.is_away and what == "begins") or (is_done and what == "changes"):
                continue
            if is_foreign or (what == "begins" and one.has_call):
                left += 1
                continue
            if what == "begins":
                archived, one.is_away = archived + 1, True
            else:
                changed, one.channel = changed + 1, before
            one.touched.append(("undo", number))
        dry = revert(self.bench, "rep_a", report, dry_run=True)
        found = revert(self.bench, "rep_a", report)
        assert (found.archived, found.changed, found.withdrawn, len(found.left)) == (
            archived,
            changed,
            0,
            left,
        )
        assert attrs.evolve(dry, dry_run=False) == found

    def change(self) -> None:
        """Somebody writes another channel."""
        if (key := self.one()) is not None:
            others = [one for one in CHANNELS if one != self.keys[key].channel]
            self.keys[key].channel = self.random.choice(others)
            with self.bench.crm.session("rep_a") as session:
                session.change(self.customer(session, key), channel=self.keys[key].channel)
            self.keys[key].touched.append(("hand", 0))

    def put(self) -> None:
        """Somebody puts a customer away, or brings one back."""
        known = [key for key, one in self.keys.items() if one.is_there]
        if not known:
            return
        key = self.random.choice(known)
        one = self.keys[key]
        with self.bench.crm.session("lead_e") as session:
            customer = self.customer(session, key)
            if one.is_away:
                session.restore(customer, because=WHY)
            else:
                session.archive(customer, because=WHY)
        one.is_away = not one.is_away
        one.touched.append(("hand", 0))

    def call(self) -> None:
        """Somebody is called, now and then."""
        if self.random.random() < 0.4 and (key := self.one()) is not None:
            self.keys[key].has_call = True
            with self.bench.crm.session("rep_a") as session:
                talk = {"kind": ActivityKind.CALL, "summary": "Asked for a price", "started_at": session.now}
                session.add(Activity(customer=self.customer(session, key), **talk))

    def one(self) -> int | None:
        """A key whose customer is found."""
        there = [key for key, one in self.keys.items() if one.is_there and not one.is_away]
        return self.random.choice(there) if there else None

    @staticmethod
    def customer(session: Any, key: int) -> Customer:
        """The customer of a key, found or put away."""
        (found,) = session.find(Customer, Customer.name == f"Firm {key}", archived=True)
        return found  # type: ignore[no-any-return]

    def seen(self) -> dict[str, tuple[str, bool]]:
        """Of each customer the channel, and whether it is away."""
        with self.bench.crm.view("rep_a") as session:
            found = session.find(Customer, archived=True)
        return {
            one.name: (one.channel, one.archived_at is not None) for one in found if one.name[:4] == "Firm"
        }

    def expected(self) -> dict[str, tuple[str, bool]]:
        """The same by the model."""
        return {f"Firm {key}": (one.channel, one.is_away) for key, one in self.keys.items() if one.is_there}


@pytest.mark.parametrize("seed", range(STORIES))
def test_stories_end_as_the_model_says(bench: Bench, seed: int) -> None:
    """Whatever is imported, changed, put away and taken back in which order."""
    Story(bench, seed).go()


@pytest.fixture
def lone(sqlite_database: str, clock: FixedClock, tmp_path: Path) -> Iterator[Bench]:
    """A bench on SQLite alone."""
    with CRM(sqlite_database, clock=clock, random=random.Random(7)) as crm:
        enterprise(crm)
        yield Bench(crm, tmp_path)


def _unasked(taking: Any) -> dict[Any, Any]:
    return {(one.entity, one.record): touched._Since() for one in taking._some}


@pytest.mark.parametrize(
    ("place", "name", "fault", "seed"),
    [
        (touched._Taking, "_read_since", _unasked, 1),
        (touched._Taking, "_read_users", lambda taking, begun: {one.record: set() for one in begun}, 1),
        (touched, "_BEGINS", ("add",), 3),
        (book, "put_away_by_revert", lambda tx, entity, records: set(records), 1),
        (book, "put_away_by_revert", lambda *args: set(), 1),
    ],
    ids=["what came since", "what hangs on it", "what was brought back", "put away by hand", "comes again"],
)
def test_the_model_sees_a_fault(
    lone: Bench, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, fault: Any, seed: int
) -> None:
    """Planted: each of these left out is seen by one of the stories."""
    monkeypatch.setattr(place, name, fault)
    with pytest.raises(AssertionError):
        Story(lone, seed).go()
