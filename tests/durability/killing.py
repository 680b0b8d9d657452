"""Works in child processes that are killed, and looks after each kill whether the books are whole.

python -m durability.killing ADDRESS HEADS KILLS SEED [FAULT]

Prints as JSON how many kills met a unit of work, how many units were acknowledged, and what was wrong.
It is a program of its own, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from typing import Any

from durability.books import disagreements, unsound
from durability.day import NOW, one_act
from pycrm import CRM, FixedClock
from pycrm.revision import log
from pycrm.store import Transaction

WHOLE = 100


def revision_apart() -> None:
    """Plant a fault: the records are committed, and then what says who changed them."""
    begun = log.begun

    def apart(tx: Transaction, *beside: Any) -> Any:
        tx.run("COMMIT")
        # A kill is given time to strike.
        time.sleep(0.01)
        tx.run("BEGIN")
        return begun(tx, *beside)

    log.begun = apart


def told_early() -> None:
    """Plant a fault: a commit is promised before it has happened."""
    commit = Transaction.commit

    def late(tx: Transaction) -> None:
        if tx.operation is not None:
            os.write(int(os.environ["MOUTH"]), f"done {tx.operation.split()[1]}\n".encode())
            time.sleep(0.01)
        commit(tx)

    Transaction.commit = late  # type: ignore[method-assign]


FAULTS = {"revision_apart": revision_apart, "told_early": told_early}


def open_crm(address: str, heads: str) -> CRM:
    """The CRM on that database; not the clock but the processes are at random here."""
    return CRM(address, heads=heads, clock=FixedClock(NOW))


def work(address: str, heads: str, first: int, seed: int, mouth: int) -> None:
    """Do one act after the other and say so, for ever."""
    os.environ["MOUTH"] = str(mouth)
    chance = random.Random(seed)
    with open_crm(address, heads) as crm:
        number = first
        while True:
            os.write(mouth, f"begin {number}\n".encode())
            one_act(crm, chance, number)
            os.write(mouth, f"done {number}\n".encode())
            if number % 10 == 0:
                crm.seal()
            number += 1


def killed(arguments: tuple[str, str], first: int, chance: random.Random, early: bool) -> list[str]:
    """Work in a child from that act on, kill it at some moment, and give what it said."""
    ear, mouth = os.pipe()
    seed = chance.randrange(2**32)
    child = os.fork()
    if not child:
        try:
            work(*arguments, first, seed, mouth)
        except BaseException:
            # Whoever comes here was not killed, and that is wrong.
            traceback.print_exc()
            os._exit(1)
    os.close(mouth)
    said = b""
    if not early:
        # Whoever has just begun takes longer over the first acts.
        while b"done" not in said:
            said += os.read(ear, 4096)
    time.sleep(chance.random() * 0.04)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while more := os.read(ear, 4096):
        said += more
    os.close(ear)
    if not os.WIFSIGNALED(status):
        raise SystemExit("the work failed instead of being killed")
    return said.decode().splitlines()


def operations(crm: CRM) -> set[int]:
    """The numbers of the acts that are in the books."""
    with crm.store.connect() as connection:
        rows = connection.exec_driver_sql("SELECT operation FROM crm_revision WHERE operation IS NOT NULL")
        return {int(row[0].split()[1]) for row in rows}


def main(address: str, heads: str, kills: str, seed: str, *fault: str) -> None:
    """Kill, look, and kill again."""
    if fault:
        FAULTS[fault[0]]()
    chance, arguments = random.Random(int(seed)), (address, heads)
    acknowledged: set[int] = set()
    first, met, wrong = 1, 0, []
    for kill in range(1, int(kills) + 1):
        said = killed(arguments, first, chance, kill % 5 == 0)
        done = {int(line.split()[1]) for line in said if line.startswith("done")}
        acknowledged |= done
        met += bool(said) and said[-1].startswith("begin")
        begun = max((int(line.split()[1]) for line in said), default=first - 1)
        with open_crm(*arguments) as crm:
            there = operations(crm)
            wrong += [f"after kill {kill} act {one} is lost" for one in sorted(acknowledged - there)]
            wrong += [f"after kill {kill}: {one}" for one in disagreements(crm)]
            if kill % WHOLE == 0 or kill == int(kills):
                wrong += [f"after kill {kill}: {one}" for one in unsound(crm)]
        if wrong:
            break
        first = begun + 1
    print(json.dumps({"kills": kill, "met": met, "acknowledged": len(acknowledged), "wrong": wrong[:20]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
