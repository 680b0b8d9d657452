"""Works on a disk that fills up at random moments, makes space again, and looks whether the books are whole.

python -m durability.filling DATABASE HEADS KIND ROUNDS SEED [FAULT]

KIND says what fills up, with a comma between several that take turns: `disk` is the one that holds the
database, which a file of ballast takes up; `pages` are those that SQLite may use; `limit` is the size that the
system lets a file have. Prints as JSON what was acknowledged, what failed and how, and what was wrong. It is a
program of its own, since a limit holds for all that a process writes.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from durability.books import disagreements, unsound
from durability.day import one_act
from durability.killing import open_crm, operations, revision_apart
from pycrm import CRM, Customer, NoSpaceError, StoreError
from pycrm.store import Transaction

# More than this is never left: about three acts.
_MOST_LEFT = 300_000
_ACTS = 40


def swallowed() -> None:
    """Plant a fault: whoever commits is not told that there was no space."""
    commit = Transaction.commit

    def silent(tx: Transaction) -> None:
        try:
            commit(tx)
        except StoreError:
            return

    Transaction.commit = silent  # type: ignore[method-assign]


FAULTS = {"swallowed": swallowed, "revision_apart": revision_apart}


class Disk:
    """The disk below the database: a file of ballast takes what is free."""

    refusal: Any = NoSpaceError

    def __init__(self, crm: CRM, file: Path) -> None:
        self._ballast = file.with_name("ballast")

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        folder = os.statvfs(self._ballast.parent)
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(folder.f_bavail * folder.f_frsize - left, 1))

    def ease(self) -> None:
        """Make space."""
        self._ballast.unlink()


class Pages:
    """The pages of the database, of which SQLite takes no more than it is told."""

    refusal: Any = NoSpaceError

    def __init__(self, crm: CRM, file: Path) -> None:
        self._crm, self._most = crm, 2**31 - 1
        event.listen(crm.store.engine, "checkout", self._tell)

    def _tell(self, driver: Any, *rest: Any) -> None:
        driver.execute(f"PRAGMA max_page_count={self._most}").fetchone()

    def fill(self, left: int) -> None:
        """Leave pages for about as many acts: one takes far less of the file than of the log."""
        with self._crm.store.connect() as connection:
            held = connection.exec_driver_sql("PRAGMA page_count").scalar()
        self._limit(int(held or 0) + left // 40_000)

    def ease(self) -> None:
        """Let it grow."""
        self._limit(2**31 - 1)

    def _limit(self, most: int) -> None:
        self._most = most
        # Connections that rest have been told of another limit.
        self._crm.store.dispose()


class Limit:
    """What the system lets a file grow to. It does not say why, so this is no `NoSpaceError`."""

    refusal: Any = StoreError

    def __init__(self, crm: CRM, file: Path) -> None:
        self._file = file

    def fill(self, left: int) -> None:
        """Let no file grow by more than that, above the larger of database and log."""
        log = Path(f"{self._file}-wal")
        held = max(one.stat().st_size for one in (self._file, log) if one.exists())
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (held + left, hard))

    def ease(self) -> None:
        """Let them grow."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


KINDS: dict[str, Callable[[CRM, Path], Any]] = {"disk": Disk, "pages": Pages, "limit": Limit}


class Filling:
    """One CRM, its disk, and what it has told."""

    def __init__(self, crm: CRM, space: Any, seed: int) -> None:
        self.crm, self.space, self.chance = crm, space, random.Random(seed)
        self.acknowledged: set[int] = set()
        self.number = 0
        self.failed: Counter[str] = Counter()
        self.wrong: list[str] = []

    def _act(self) -> bool:
        """Whether it did one act, or sealed."""
        self.number += 1
        try:
            if self.number % 10 == 0:
                self.crm.seal()
                return True
            one_act(self.crm, self.chance, self.number)
        except self.space.refusal as error:
            self.failed[f"{type(error).__name__}: {error}".partition(" (")[0][:80]] += 1
            return False
        except Exception as error:
            self.wrong.append(f"act {self.number} failed with {error!r}")
            return False
        self.acknowledged.add(self.number)
        return True

    def turn_to(self, space: Any) -> None:
        """Let another space give out from now on."""
        self.space = space

    def go_round(self) -> None:
        """Work until there is no space, try on and read without any, and work on when there is some again."""
        self.space.fill(self.chance.randrange(_MOST_LEFT))
        try:
            for _ in range(_ACTS):
                if not self._act():
                    break
            for _ in range(self.chance.randrange(3)):
                self._act()
            self._look()
        finally:
            self.space.ease()
        if not (self._act() and self._act()):
            self.wrong.append(f"after act {self.number - 1}: there was space and no act")
        self._look()

    def _look(self) -> None:
        there = operations(self.crm)
        self.wrong += [f"act {one} is lost" for one in sorted(self.acknowledged - there)]
        self.wrong += disagreements(self.crm)
        with self.crm.view("rep_a") as session:
            session.find(Customer, limit=5)


def main(database: str, heads: str, kind: str, rounds: str, seed: str, *fault: str) -> None:
    """Fill, look and ease, again and again."""
    if fault:
        FAULTS[fault[0]]()
    with open_crm(f"sqlite:///{database}", heads) as crm:
        # What is opened for the first time needs space of its own.
        one_act(crm, random.Random(0), 0)
        spaces = [KINDS[one](crm, Path(database)) for one in kind.split(",")]
        filling = Filling(crm, spaces[0], int(seed))
        done = 0
        while done < int(rounds) and not filling.wrong:
            filling.turn_to(spaces[done % len(spaces)])
            filling.go_round()
            done += 1
        filling.wrong = filling.wrong or unsound(crm)
    found = sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone()
    filling.wrong += [] if found == ("ok",) else [f"the file: {found}"]
    told = {"rounds": done, "acknowledged": len(filling.acknowledged), "failed": filling.failed}
    print(json.dumps(told | {"wrong": filling.wrong[:20]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
