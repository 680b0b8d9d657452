"""Power cuts: what a recorded program may find on its disk after one, and whether that is what was acknowledged.

Whatever a file was forced to hold is there. What was written to it since is there or not, in any order,
or in part: a disk writes sectors, and which of them it wrote before the light went out nobody knows.
"""

from __future__ import annotations

import bisect
import hashlib
import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import attrs

from .recording import Done, Erase, Event, Sync, Truncate, Write

__all__ = ["Day", "Disk"]

_SECTOR = 512
#: Lives in memory that is mapped, and is made anew from the log.
_MAPPED = "-shm"
_HEADS = "day.db.heads"


class Disk:
    """The files of a folder: what they surely hold, and what was done to each since it was last forced."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.sure = {name: bytearray(data) for name, data in files.items()}
        self.open: dict[str, list[Event]] = {}
        self._ends = {name: len(data) for name, data in files.items()}

    def take(self, event: Event) -> None:
        """Let one event happen."""
        if isinstance(event, Done):
            return
        if isinstance(event, Sync):
            self._force(event.file)
            return
        if isinstance(event, Write):
            at = self._ends.get(event.file, 0) if event.at < 0 else event.at
            event = attrs.evolve(event, at=at)
            self._ends[event.file] = max(self._ends.get(event.file, 0), at + len(event.data))
        elif isinstance(event, Truncate):
            self._ends[event.file] = event.length
        self.open.setdefault(event.file, []).append(event)

    def _force(self, name: str) -> None:
        if not name:
            # The folder: what was made or removed in it has been so for good.
            for other, some in self.open.items():
                if any(isinstance(one, Erase) for one in some):
                    self.sure.pop(other, None)
                    some.clear()
            return
        data = self.sure.setdefault(name, bytearray())
        for event in self.open.pop(name, []):
            _apply(data, event)

    def after_cut(self, chance: random.Random | None) -> dict[str, bytes]:
        """The files as they may be found; without chance as if all had been forced."""
        found = {}
        # Some disks keep all they were given, some nothing; most of them something.
        kept = 1.0 if chance is None else chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for name in self.sure.keys() | self.open.keys():
            if name.endswith(_MAPPED):
                continue
            data, is_there = bytearray(self.sure.get(name, b"")), name in self.sure
            for event in self.open.get(name, []):
                if isinstance(event, Erase):
                    is_there = chance is not None and chance.random() >= kept
                elif chance is None or chance.random() < kept:
                    _apply(data, event)
                    is_there = True
                elif isinstance(event, Write) and chance.random() < 0.5:
                    for part in _torn(event, chance):
                        _apply(data, part)
                        is_there = True
            if is_there:
                found[name] = bytes(data)
        return found


def _torn(event: Write, chance: random.Random) -> list[Write]:
    """Some sectors of what was written."""
    first = -event.at % _SECTOR or _SECTOR
    places = [0, *range(first, len(event.data), _SECTOR), len(event.data)]
    pieces = [Write(event.file, event.at + begin, event.data[begin:end]) for begin, end in pairwise(places)]
    return [one for one in pieces if chance.random() < 0.5]


def _apply(data: bytearray, event: Event) -> None:
    if isinstance(event, Write):
        if len(data) < event.at:
            data.extend(bytes(event.at - len(data)))
        data[event.at : event.at + len(event.data)] = event.data
    elif isinstance(event, Truncate):
        if len(data) < event.length:
            data.extend(bytes(event.length - len(data)))
        del data[event.length :]
    else:
        data.clear()


@attrs.define
class Day:
    """A recorded day that began with these files, and the states that its database went through.

    `states` maps the digest of each state to its place in the order of commits; `images`, `sealed` and
    `heads` hold its file, the number of its last link and the heads kept by then. `acknowledged` says for
    each acknowledgement, by the number of the event, which place and which heads it stands for.
    """

    first: dict[str, bytes]
    events: Sequence[Event]
    folder: Path
    states: dict[str, int] = attrs.field(factory=dict)
    images: list[bytes] = attrs.field(factory=list)
    sealed: list[int] = attrs.field(factory=list)
    heads: list[bytes] = attrs.field(factory=list)
    acknowledged: list[tuple[int, int, bytes]] = attrs.field(factory=list)

    def learn(self) -> None:
        """Find out which states there were, by letting nothing be lost."""
        disk = Disk(self.first)
        for number, event in enumerate(self.events):
            disk.take(event)
            if isinstance(event, Sync | Done):
                files = disk.after_cut(None)
                place = self._place(files, is_new=True)
                assert place is not None
                if isinstance(event, Done):
                    self.acknowledged.append((number, place, files.get(_HEADS, b"")))

    def cut(self, number: int, chance: random.Random) -> Counter[str]:
        """Cut the power that often, and count what was found wrong: ``lost``, ``corrupt`` or ``heads``."""
        found: Counter[str] = Counter()
        disk, at = Disk(self.first), 0
        for place in sorted(chance.randrange(len(self.events) + 1) for _ in range(number)):
            while at < place:
                disk.take(self.events[at])
                at += 1
            found[self._judged(disk.after_cut(chance), at)] += 1
        return found

    def _judged(self, files: dict[str, bytes], at: int) -> str:
        place = self._place(files)
        if place is None:
            return "corrupt"
        last = bisect.bisect_left(self.acknowledged, (at,)) - 1
        _, least, heads = self.acknowledged[last] if last >= 0 else (0, 0, b"")
        if place < least:
            return "lost"
        kept = files.get(_HEADS, b"")
        newest = [int(line.split()[0]) for line in kept.split(b"\n")[:-1] if line.count(b" ") == 2]
        # A head that went outside before its link was safe would accuse an honest database.
        right = kept.startswith(heads) and max(newest, default=0) <= self.sealed[place]
        return "fine" if right else "heads"

    def _place(self, files: dict[str, bytes], is_new: bool = False) -> int | None:
        """Which state the database is in once SQLite has opened it; None is none that was committed."""
        for name in ("day.db", "day.db-wal", "day.db-shm"):
            path = self.folder / name
            path.unlink(missing_ok=True)
            if name in files:
                path.write_bytes(files[name])
        try:
            connection = sqlite3.connect(self.folder / "day.db")
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                (links,) = connection.execute("SELECT coalesce(max(number), 0) FROM crm_seal").fetchone()
            finally:
                connection.close()
        except sqlite3.DatabaseError:
            return None
        data = (self.folder / "day.db").read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if is_new and digest not in self.states:
            self.states[digest] = len(self.states)
            self.images.append(data)
            self.sealed.append(links)
            self.heads.append(files.get(_HEADS, b""))
        return self.states.get(digest)
