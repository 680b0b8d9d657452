"""The talk with the benchmark about requests: each is made in this process, without a network."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def answer_requests(ask: Callable[[str, int], int]) -> None:
    """Answer each line of standard input, the name of an act, with the time that its request took.

    `ask` makes the request of that name, by its number, and gives how many bytes it answered.
    """
    for count, line in enumerate(sys.stdin):
        cpu, wall = time.process_time(), time.perf_counter()
        number = ask(line.strip(), count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"ms": wall * 1000, "cpu_ms": cpu * 1000, "number": number}), flush=True)
