"""The same changes in other libraries that keep a history, and the same page in others that guard rows.

Each peer runs in an environment of its own (``.bench-venv``, made from peers.txt), in a process that
waits for a line with the name of an act and answers with the milliseconds that it took. So ours and
theirs can take turns, and starting them counts for nobody.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from benchmarks.bench import Bench
from benchmarks.changing import changer
from benchmarks.figure import Figure
from benchmarks.serving import by_cpu, requests
from benchmarks.timing import Timed, paired
from pycrm import Customer

__all__ = ["PEERS", "installed", "peers", "peers_rest", "peers_scope", "python"]

PEERS = {"SQLAlchemy-Continuum": "continuum.py", "django-simple-history": "django_history.py"}
_HERE = Path(__file__).parent
_WANTED = _HERE.parent / "peers.txt"
_ENVIRONMENT = _HERE.parents[1] / ".bench-venv"
# Where the path of a file of names is put in; and up to how many objects permissions are loaded for.
_NAMES, _MOST_OBJECTS = "names", 100_000
_GOALS = {"sqlite": 1.0, "postgresql": 1.0}
# A thousand take one of them seconds, so few pairs are run.
_ACTS = (("change_one", 1, 80, 3), ("change_1000", 1000, 5, 1))


def python() -> Path:
    """The Python of the peers' environment, which is made where it is missing or out of date.

    Raises:
        RuntimeError: pip could not install what peers.txt names.
    """
    found = _ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp, digest = _ENVIRONMENT / "installed", hashlib.sha256(_WANTED.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return found
    venv.create(_ENVIRONMENT, with_pip=True, clear=True)
    (_ENVIRONMENT / ".gitignore").write_text("*\n")
    command = [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", _WANTED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pip could not install the peers: {done.stderr.strip()[-400:]}")
    stamp.write_text(digest)
    return found


def peers(bench: Bench) -> Iterator[Figure]:
    """One change and a thousand, beside each peer on a database of its own.

    Without a network there are none, and the figures beside the driver are still taken.
    """
    executable = installed()
    if executable is None:
        return
    for label, script in PEERS.items():
        url = bench.server.create()
        try:
            with (
                bench.copy() as copy,
                bench.opened(copy) as (crm, _),
                _process(executable, script, url) as ask,
            ):
                theirs = _timed(ask)
                for name, number, pairs, warm in _ACTS:
                    ours = changer(crm, bench.shape.busiest, number)
                    taken = paired(ours, partial(theirs, name), bench.pairs(pairs), warm=warm)
                    yield bench.figure(name, taken, _GOALS, label)
        finally:
            bench.server.drop(url)


def peers_scope(bench: Bench) -> Iterator[Figure]:
    """The first page of the leader of a branch, a session and all, beside libraries that guard rows.

    Permissions object by object are many rows, which are loaded for 100,000 customers at most.
    """
    executable = installed()
    if executable is None:
        return
    names = bench.folder / f"{bench.server.name}_{bench.shape.size}_names.csv"
    with bench.opened(bench.url) as (crm, driver):

        def ours() -> list[Customer]:
            with crm.view(bench.shape.branch) as session:
                return session.page(Customer, order=Customer.name, size=50).items

        expected = [one.name for one in ours()]
        for label, script, arguments in _guards(bench):
            if arguments[-1] == _NAMES:
                _write_names(bench, driver, names)
                arguments = (*arguments[:-1], str(names))
            with _own(bench, script) as url, _process(executable, script, url, *arguments) as ask:
                assert ask("page")["names"] == expected, f"{label} shows other customers"
                theirs = _timed(ask)
                taken = paired(ours, partial(theirs, "page"), bench.pairs(12), warm=1)
            yield attrs.evolve(bench.figure("page_branch", taken, _GOALS, label), issue="scope")


REST = {"Django REST framework": "rest_django.py", "FastAPI": "rest_fastapi.py"}
_REQUESTS = {"rest_list_50": 0.6, "rest_get": 0.8, "rest_change": 0.8}


def peers_rest(bench: Bench) -> Iterator[Figure]:
    """A list of fifty, one record and a change over REST, in processor time, beside peers that keep no history."""
    executable = installed()
    if executable is None:
        return
    for label, script in REST.items():
        url = bench.server.create()
        try:
            with (
                bench.copy() as copy,
                requests(bench, copy) as ours,
                _process(executable, script, url) as ask,
            ):
                theirs = _timed(ask)
                for name, goal in _REQUESTS.items():
                    taken = paired(ours[name], partial(theirs, name), bench.pairs(200), warm=10)
                    goals = dict.fromkeys(_GOALS, goal)
                    figure = bench.figure(name, (by_cpu(taken[0]), by_cpu(taken[1])), goals, label)
                    yield attrs.evolve(figure, issue="faces")
        finally:
            bench.server.drop(url)


def _guards(bench: Bench) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield "pycasbin", "per_row.py", (bench.shape.branch,)
    if bench.shape.customers <= _MOST_OBJECTS:
        yield "django-guardian", "django_guardian.py", ("generic", _NAMES)
        yield "django-guardian, direct keys", "django_guardian.py", ("direct", _NAMES)


@contextmanager
def _own(bench: Bench, script: str) -> Iterator[str]:
    """A database of the peer's own, or the one of the benchmark where it only reads that."""
    if script == "per_row.py":
        yield bench.url
        return
    url = bench.server.create()
    try:
        yield url
    finally:
        bench.server.drop(url)


def _write_names(bench: Bench, driver: Any, path: Path) -> None:
    """The name and the owner of each customer, and whether the leader of the branch sees it."""
    shape, server = bench.shape, bench.server
    root = shape.units[shape.led_by(shape.branch)]
    cursor = driver.cursor()
    cursor.execute(
        server.marked(
            "SELECT t.name, u.login, CASE WHEN c.descendant_id IS NULL THEN 0 ELSE 1 END "
            "FROM crm_customer AS t JOIN crm_user AS u ON u.id = t.owner_id "
            "LEFT JOIN crm_unit_closure AS c ON c.descendant_id = t.owner_unit_id AND c.ancestor_id = ?"
        ),
        (server.id(root),),
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(cursor)


def installed() -> Path | None:
    """The Python of the peers' environment; None, and why, where it could not be made."""
    try:
        return python()
    except RuntimeError as error:
        print(f"peers are not measured: {error}", file=sys.stderr)
        return None


def _timed(ask: Callable[[str], dict[str, Any]]) -> Callable[[str], Timed]:
    def run(act: str) -> Timed:
        told = ask(act)
        return Timed(told["ms"], told["cpu_ms"])

    return run


@contextmanager
def _process(executable: Path, script: str, *arguments: str) -> Iterator[Callable[[str], dict[str, Any]]]:
    """A peer that answers each line."""
    command = [executable, _HERE / script, *arguments]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:

        def ask(act: str) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(act + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{script} ended with {process.wait()}")
            told: dict[str, Any] = json.loads(line)
            return told

        ask("ready")
        yield ask
        assert process.stdin is not None
        process.stdin.close()
