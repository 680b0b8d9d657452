"""Several processes read lists and append to them, and keep what each transaction saw and did.

python -m durability.appending ADDRESS WORKERS TRANSACTIONS SEED [FAULT]

The lists are the needs of customers, changed, and names of parties, to which one appends by an amendment that
somebody else agrees to. Each worker does so many transactions; after each few hundred there are new lists. Prints as
JSON how many were done, and what no order of them explains. With the fault `raw` the lists are a table of their own
that the driver alone reads and writes as READ COMMITTED; with `without_versions` the last writer wins.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from durability.anomalies import Act, anomalies
from durability.children import begun, ended
from durability.counting import without_versions
from durability.killing import open_crm
from pycrm import AmendmentState, CRMError, Customer, RefusedError, Session
from pycrm.declare import Ref

_LISTS, _AT_ONCE = 5, 120


class _UndoneError(Exception):
    pass


class Sessions:
    """Transactions by sessions of pycrm; the lists of even places are needs, the others names."""

    def __init__(self, address: str) -> None:
        self.crm = open_crm(address, "/nonexistent")

    def lists(self, number: int) -> dict[str, str]:
        """New lists: of each its name, and the id of its customer."""
        with self.crm.session("rep_a") as session:
            made = [
                session.add(
                    Customer.organization(f"{number}", email=f"{number}.{n}@example.com", source="exhibition")
                )
                for n in range(_LISTS)
            ]
        return {f"{'needs' if n % 2 == 0 else 'name'} {n}": str(one.id) for n, one in enumerate(made)}

    def read(self, lists: dict[str, str]) -> dict[str, list[str]]:
        """Those lists, from one state."""
        with self.crm.view("rep_a") as session:
            return {key: self._items(key, session.get(_ref(id))) for key, id in lists.items()}

    @staticmethod
    def _items(key: str, customer: Customer) -> list[str]:
        # The first word of a name is none of the list.
        return list(customer.needs) if key.startswith("needs") else customer.name.split()[1:]

    def append(
        self, lists: dict[str, str], tokens: dict[str, list[str]], is_undone: bool, is_early: bool
    ) -> dict[str, list[str]]:
        """Read lists and append to each in one transaction, which may have been read before; what was read."""
        if all(key.startswith("name") for key in lists):
            return self._agreed(*lists.items(), tokens)
        lists = {key: id for key, id in lists.items() if key.startswith("needs")}
        seen, early = {}, {}
        if is_early:
            with self.crm.view("rep_a") as session:
                early = {key: session.get(_ref(id)) for key, id in lists.items()}
        with self.crm.session("rep_a") as session:
            for key, id in lists.items():
                customer = early.get(key) or session.get(_ref(id))
                seen[key] = list(customer.needs)
                for token in tokens[key]:
                    customer = session.change(customer, needs=[*customer.needs, token])
            if is_undone:
                raise _UndoneError
        return seen

    def _agreed(self, given: Any, *rest: Any) -> dict[str, list[str]]:
        """Append to a name with the consent of a leader; the consent is the transaction."""
        (key, id), tokens = given, rest[-1]
        with self.crm.session("rep_a") as session:
            customer = session.get(_ref(id))
            seen = self._items(key, customer)
            name = " ".join([customer.name, *tokens[key]])
            asked = session.amend(customer, name=name, because="as the letter says")
        with self.crm.session("lead_e") as session:
            done = session.approve(asked)
        if done.state is not AmendmentState.APPLIED:
            with self.crm.session("lead_e") as session:
                session.reject(done, because="overtaken")
            raise _UndoneError
        return {key: seen}


class Raw:
    """Transactions by the driver alone, each as READ COMMITTED or, on SQLite, statement by statement."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_server = address.startswith("postgresql")
        if self._is_server:
            import psycopg

            self._connection: Any = psycopg.connect(address, autocommit=True)
        else:
            self._connection = sqlite3.connect(
                address.removeprefix("sqlite:///"), isolation_level=None, timeout=30
            )
        self._run("CREATE TABLE IF NOT EXISTS raw_list (id TEXT PRIMARY KEY, items TEXT NOT NULL)")

    def _run(self, text: str, *values: str) -> Any:
        return self._connection.execute(text.replace("?", "%s") if self._is_server else text, values)

    def lists(self, number: int) -> dict[str, str]:
        """New lists."""
        made = {f"needs {n}": f"{number} {n}" for n in range(_LISTS)}
        for id in made.values():
            self._run("INSERT INTO raw_list VALUES (?, '')", id)
        return made

    def _items(self, id: str) -> list[str]:
        return str(self._run("SELECT items FROM raw_list WHERE id = ?", id).fetchone()[0]).split()

    def read(self, lists: dict[str, str]) -> dict[str, list[str]]:
        """Those lists."""
        return {key: self._items(id) for key, id in lists.items()}

    def append(
        self, lists: dict[str, str], tokens: dict[str, list[str]], is_undone: bool, is_early: bool
    ) -> dict[str, list[str]]:
        """Read lists, and write them with what is appended."""
        with self._transaction():
            seen = {key: self._items(id) for key, id in lists.items()}
            time.sleep(0.001)
            for key, id in lists.items():
                items = " ".join([*seen[key], *tokens[key]])
                self._run("UPDATE raw_list SET items = ? WHERE id = ?", items, id)
        return seen

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if not self._is_server:
            yield
            return
        with self._connection.transaction():
            yield


DOORS: dict[str, Callable[[str], Any]] = {"raw": Raw}
FAULTS = ("raw", "without_versions")


def work(door: Any, worker: int, lists: dict[str, str], number: int, seed: int) -> list[dict[str, Any]]:
    """Do so many transactions on these lists, and give what each saw and did."""
    chance, done = random.Random(seed * 100 + worker), []
    for n in range(number):
        id = f"{seed}.{worker}.{n}"
        some = dict(chance.sample(sorted(lists.items()), chance.randint(1, 3)))
        if chance.random() < 0.3:
            done.append({"id": id, "is_committed": True, "reads": door.read(some), "appends": {}})
            continue
        named = [key for key in some if key.startswith("name")]
        if named and chance.random() < 0.3:
            some = {named[0]: some[named[0]]}
        else:
            some = {key: one for key, one in some.items() if key.startswith("needs")}
        tokens = {key: [f"{id}.{key[-1]}{at}" for at in range(chance.choice((1, 1, 2)))] for key in some}
        # Rows are taken in one order, or two who wait for each other are both at it for a second.
        some = dict(sorted(some.items()))
        act = {"id": id, "is_committed": True, "reads": {}, "appends": tokens}
        try:
            act["reads"] = (
                door.append(some, tokens, chance.random() < 0.1, chance.random() < 0.4) if some else {}
            )
        except (_UndoneError, RefusedError, CRMError):
            act["is_committed"] = False
        done.append(act)
    return done


def child(address: str, fault: str, *arguments: Any) -> list[dict[str, Any]]:
    """Work by a door of its own."""
    return work(DOORS.get(fault, Sessions)(address), *arguments)


def main(address: str, workers: str, transactions: str, seed: str, fault: str = "") -> None:
    """Let them work on some lists after the other, and look at each history."""
    if fault == "without_versions":
        Session.change = without_versions(Session.change)  # type: ignore[method-assign]
    left, wrong, done, undone = int(transactions), [], 0, 0
    number = int(seed) * 1000
    while left > 0 and not wrong:
        door = DOORS.get(fault, Sessions)(address)
        lists = door.lists(number)
        each = min(left // int(workers) + 1, _AT_ONCE)
        running = [begun(child, address, fault, place, lists, each, number) for place in range(int(workers))]
        acts = [Act(**one) for some in running for one in ended(*some)]
        wrong = anomalies(acts, door.read(lists))
        done += len(acts)
        undone += sum(not one.is_committed for one in acts)
        left -= len(acts)
        number += 1
        if isinstance(door, Sessions):
            door.crm.close()
    print(json.dumps({"transactions": done, "undone": undone, "anomalies": wrong[:20], "found": len(wrong)}))


def _ref(id: str) -> Any:
    return Ref("Customer", UUID(id))


if __name__ == "__main__":
    main(*sys.argv[1:])
