"""Imports a table again and again in a child process that is killed, until the number of kills is reached.

python tests/exchange/killing.py ADDRESS LOGIN TABLE MAPPING BATCH KILLS SEED [FAULT]

Then it lets the import end, and prints as JSON how many kills met a running import and what the last
report says. It is a program of its own, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from typing import Any

from pycrm import CRM, FixedClock
from pycrm.exchange import book, import_file

NOW = "2026-06-30T09:00:00+08:00"


class _UndoneError(Exception):
    pass


def lose_batches() -> None:
    """Plant a fault: the place in the file is kept before the batch, in a transaction of its own."""
    run, store = CRM.run, book.store_run

    def early(self: CRM, who: Any, function: Any, **options: Any) -> Any:
        kept: list[Any] = []
        book.store_run = lambda tx, *state: kept.append(state)  # type: ignore[assignment]
        try:
            with self.session(who) as session:
                function(session)
                raise _UndoneError
        except _UndoneError:
            pass
        with self.session(who) as session:
            for state in kept:
                store(session.transaction, *state)
        # A kill here loses the batch; it is given time to strike.
        time.sleep(0.05)
        return run(self, who, function, **options)

    CRM.run = early  # type: ignore[method-assign]


def load(arguments: list[str], told: Any = None) -> dict[str, Any]:
    """Import once, to the end."""
    address, login, table, mapping, batch = arguments
    with CRM(address, clock=FixedClock(NOW)) as crm:
        report = import_file(
            crm, login, table, mapping, batch=int(batch), progress=told, because="the register of 2026"
        )
        return {verdict.value: number for verdict, number in report.counts.items()}


def killed(arguments: list[str], chance: random.Random) -> bool:
    """Import in a child and kill it; whether it was still running."""
    ear, mouth = os.pipe()
    child = os.fork()
    if not child:
        try:
            load(arguments, lambda done, total: os.write(mouth, b"."))
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(mouth)
    if chance.random() < 0.8:
        # Somewhere in the batch after the second, by the time that one took; else while it sets out.
        os.read(ear, 1)
        began = time.monotonic()
        os.read(ear, 1)
        time.sleep(chance.random() * (time.monotonic() - began))
    else:
        time.sleep(chance.random() * 0.05)
    os.kill(child, signal.SIGKILL)
    os.close(ear)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the import failed instead of being killed")
    return os.WIFSIGNALED(status)


def main(
    address: str, login: str, table: str, mapping: str, batch: str, kills: str, seed: str, *fault: str
) -> None:
    """Kill, kill again, and let it end."""
    if fault:
        lose_batches()
    arguments, chance = [address, login, table, mapping, batch], random.Random(int(seed))
    # So that each child begins with everything imported.
    CRM(address).close()
    met = sum(killed(arguments, chance) for _ in range(int(kills)))
    print(json.dumps({"met": met, "counts": load(arguments)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
