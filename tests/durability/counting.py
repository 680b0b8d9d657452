"""Several threads count up in the fields of one record, and say what was acknowledged.

python tests/durability/counting.py ADDRESS CUSTOMER UPDATES THREADS SEED [FAULT]

Each unit of work reads the record, before it or in it, and counts a field up, or several in turn. Who comes too
late with what was read is told, reads again and goes on. Prints as JSON how far each field was counted,
and how often somebody came too late.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from typing import Any
from uuid import UUID

from pycrm import CRM, Customer, Session, StaleError
from pycrm.declare import Ref
from pycrm.declare.row import layout

FIELDS = ("channel", "needs", "preferences")


def number(record: Customer, name: str) -> int:
    """How far a field was counted."""
    value = getattr(record, name)
    return int((value[0] if value else 0) if isinstance(value, tuple) else value or 0)


def counted(record: Customer, name: str, by: int = 1) -> dict[str, Any]:
    """The field, counted up."""
    value = str(number(record, name) + by)
    return {name: value if name == "channel" else (value,)}


def without_versions(change: Any) -> Any:
    """The planted fault: a verb that asks for no version, so that the last writer wins."""

    def blind(self: Session, record: Any, /, **values: Any) -> Any:
        version = self.get(record.ref).version
        return change(self, layout(Customer).copy(record, {"version": version}), **values)

    return blind


class Counting:
    """What the threads share: how much is left to do, and what was acknowledged."""

    def __init__(self, crm: CRM, ref: Any, updates: int, seed: int) -> None:
        self.crm, self.ref, self.left, self.seed = crm, ref, updates, seed
        self.acknowledged: Counter[str] = Counter()
        self.stale = 0
        self.strange: list[str] = []
        self.lock = threading.Lock()

    def go(self, threads: int) -> dict[str, Any]:
        """Let so many threads count, and give what they say."""
        some = [threading.Thread(target=self.work, args=(one,)) for one in range(threads)]
        for one in some:
            one.start()
        for one in some:
            one.join()
        return {"acknowledged": dict(self.acknowledged), "stale": self.stale, "strange": self.strange}

    def work(self, thread: int) -> None:
        """Count until nothing is left to do."""
        chance = random.Random(self.seed * 100 + thread)
        while not self.strange:
            fields = [chance.choice(FIELDS) for _ in range(chance.choice((1, 1, 20)))]
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= len(fields)
            try:
                while not self._count(fields, chance):
                    with self.lock:
                        self.stale += 1
            except Exception as error:
                self.strange.append(repr(error))
                return
            with self.lock:
                self.acknowledged.update(fields)

    def _count(self, fields: list[str], chance: random.Random) -> bool:
        """Whether it was in time."""
        read = None
        if chance.random() < 0.4:
            # As somebody does who looks at a page for a while before changing what stands there.
            read = self._read()
            time.sleep(chance.random() * 0.005)

        def act(session: Session) -> None:
            record = read or session.get(self.ref)
            for name in fields:
                record = session.change(record, **counted(record, name))

        try:
            self.crm.run("rep_a", act)
        except StaleError:
            return False
        return True

    def _read(self) -> Any:
        with self.crm.view("rep_a") as session:
            return session.get(self.ref)


def main(address: str, customer: str, updates: str, threads: str, seed: str, *fault: str) -> None:
    """Count with so many threads."""
    if fault:
        Session.change = without_versions(Session.change)  # type: ignore[method-assign]
    with CRM(address) as crm:
        counting = Counting(crm, Ref("Customer", UUID(customer)), int(updates), int(seed))
        print(json.dumps(counting.go(int(threads))))


if __name__ == "__main__":
    main(*sys.argv[1:])
