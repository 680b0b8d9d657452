"""What the peers' scripts share: customers to begin with, and the talk with the benchmark."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

CUSTOMERS = 10_000
THOUSAND = 1000


def customers(number: int = CUSTOMERS) -> Iterator[dict[str, Any]]:
    """So many rows with the columns of pycrm's customers."""
    now = datetime.now(UTC)
    owners = [(uuid4(), uuid4()) for _ in range(100)]
    source = uuid4()
    for at in range(number):
        owner, unit = owners[at % 100]
        yield {
            **{"id": uuid4(), "version": 1, "created_at": now, "created_by_id": None, "updated_at": now},
            **{"updated_by_id": None, "archived_at": None, "owner_id": owner, "owner_unit_id": unit},
            **{"code": f"C{at:07d}", "party_id": uuid4(), "name": f"Company {at}"},
            **{"kind": "organization", "lifecycle": "prospect", "activity_state": "active"},
            **{"source_id": source, "signing_grade": None, "trade_role": None, "channel": None},
            **{"strategic": False, "parent_group_id": None, "needs": [], "preferences": []},
            **{"last_contact_at": None, "next_contact_on": None},
        }


def answer(change: Callable[[int, str], AbstractContextManager[Callable[[], None]]]) -> None:
    """Answer each line of standard input with the time that its act took.

    `change` gets ready to change so many customers to a value, which is not timed, and gives the
    act that changes them and commits.
    """
    numbers = {"change_one": 1, "change_1000": THOUSAND}
    for count, line in enumerate(sys.stdin):
        told = {"ms": 0.0, "cpu_ms": 0.0}
        number = numbers.get(line.strip())
        if number is not None:
            with change(number, f"fair {count}") as act:
                cpu, wall = time.process_time(), time.perf_counter()
                act()
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            told = {"ms": wall * 1000, "cpu_ms": cpu * 1000}
        print(json.dumps(told), flush=True)


def answer_pages(page: Callable[[], list[str]]) -> None:
    """Answer each line of standard input with a page's names and the time that it took."""
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        names = page()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"ms": wall * 1000, "cpu_ms": cpu * 1000, "names": names}), flush=True)
