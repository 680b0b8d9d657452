"""Several processes write to one SQLite file at once, beside one that reads an old state for long.

python -m durability.storming DATABASE WRITERS SECONDS HOLD NOTES SEED [FAULT]

Each writer does one act after the other and keeps how long each took; the reader holds one state for so many
seconds, rests half as long, and holds the next. Before it begins, so many notes of 10,000 letters are there,
against which the log is weighed. Prints as JSON what was done and how long it took, what failed, how large the data
are, and how large the log became beside them. It is a program of its own, since a process with threads cannot
be forked safely.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from durability.books import unsound
from durability.children import begun, ended
from durability.day import one_act
from durability.killing import open_crm
from pycrm import CRM, CRMError, Customer, Note
from pycrm.store import transaction

_LONG = 10_000


def late() -> None:
    """Plant a fault: who writes asks for the lock only once it writes, having read before."""
    transaction.begin_writing = lambda cursor: cursor.execute("BEGIN")


FAULTS = {"late": late}


def fill(crm: CRM, notes: int) -> None:
    """Enter some customers and so many notes of them, which take twice their length with their history."""
    with crm.session("rep_a") as session:
        drafts = [
            Customer.person(f"P{one}", email=f"p{one}@example.com", source="exhibition") for one in range(20)
        ]
        made = [session.add(draft) for draft in drafts]
        session.add_all([Note(customer=made[one % 20], body=f"{one} {'x' * _LONG}") for one in range(notes)])


def write(address: str, place: int, seed: int, until: float) -> dict[str, Any]:
    """Do acts until that moment, and two at least: how long each took, and how those that failed did."""
    chance, took, failed = random.Random(seed * 100 + place), [], []
    with open_crm(address, str(Path(address.removeprefix("sqlite:///")).parent)) as crm:
        number = place * 10**6
        while number < place * 10**6 + 2 or time.monotonic() < until:
            number += 1
            began = time.monotonic()
            try:
                one_act(crm, chance, number)
            except CRMError as error:
                failed.append(str(error)[:100])
            took.append(time.monotonic() - began)
    return {"took": took, "failed": failed}


def read(address: str, hold: float, until: float) -> dict[str, Any]:
    """Hold one state for so long and then the next, and say how many, and whether one ever changed."""
    states, failed = 0, []
    with open_crm(address, str(Path(address.removeprefix("sqlite:///")).parent)) as crm:
        while time.monotonic() < until:
            with crm.view("rep_a") as session:
                first, end = session.count(Customer), min(time.monotonic() + hold, until)
                while time.monotonic() < end:
                    time.sleep(0.05)
                    if session.count(Customer) != first:
                        failed.append("a state changed while it was read")
            states += 1
            time.sleep(hold / 2)
    return {"states": states, "failed": failed}


def main(database: str, writers: str, seconds: str, hold: str, notes: str, seed: str, *fault: str) -> None:
    """Fill, let them all go, and weigh the log meanwhile."""
    if fault:
        FAULTS[fault[0]]()
    address, log, largest = f"sqlite:///{database}", Path(f"{database}-wal"), 0
    with open_crm(address, str(Path(database).parent)) as crm:
        fill(crm, int(notes))
    data = Path(database).stat().st_size
    until = time.monotonic() + float(seconds)
    running = [begun(write, address, place, int(seed), until) for place in range(1, int(writers) + 1)]
    reading = begun(read, address, float(hold), until)
    while time.monotonic() < until:
        time.sleep(0.02)
        largest = max(largest, log.stat().st_size if log.exists() else 0)
    told, reader = [ended(*one) for one in running], ended(*reading)
    took = sorted(one for each in told for one in each["took"])
    failed = [one for each in (*told, reader) for one in each["failed"]]
    with open_crm(address, str(Path(database).parent)) as crm:
        wrong = unsound(crm)
    figures = {
        "acts": len(took),
        "least_of_a_writer": min(len(each["took"]) for each in told),
        "states_read": reader["states"],
        "half_took": round(took[len(took) // 2], 4),
        "p99": round(took[len(took) * 99 // 100], 4),
        "longest": round(took[-1], 4),
        "data": data,
        "log": largest,
        "failed": failed[:20],
        "failures": len(failed),
        "wrong": wrong,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
