"""The same changes in other libraries that keep a history.

Each peer runs in an environment of its own (``.bench-venv``, made from peers.txt), in a process that
waits for a line with the name of an act and answers with the milliseconds that it took. So ours and
theirs can take turns, and starting them counts for nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.changing import changer
from benchmarks.figure import Figure
from benchmarks.timing import Timed, paired

__all__ = ["PEERS", "peers", "python"]

PEERS = {"SQLAlchemy-Continuum": "continuum.py", "django-simple-history": "django_history.py"}
_HERE = Path(__file__).parent
_WANTED = _HERE.parent / "peers.txt"
_ENVIRONMENT = _HERE.parents[1] / ".bench-venv"
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
    try:
        executable = python()
    except RuntimeError as error:
        print(f"peers are not measured: {error}", file=sys.stderr)
        return
    for label, script in PEERS.items():
        url = bench.server.create()
        try:
            with bench.copy() as copy, bench.opened(copy) as (crm, _), _peer(executable, script, url) as ask:
                for name, number, pairs, warm in _ACTS:
                    ours = changer(crm, bench.shape.busiest, number)
                    taken = paired(ours, lambda name=name: ask(name), bench.pairs(pairs), warm=warm)
                    yield bench.figure(name, taken, _GOALS, label)
        finally:
            bench.server.drop(url)


@contextmanager
def _peer(executable: Path, script: str, url: str) -> Iterator[Any]:
    command = [executable, _HERE / script, url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:

        def ask(act: str) -> Timed:
            process.stdin.write(act + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{script} ended with {process.wait()}")
            told = json.loads(line)
            return Timed(told["ms"], told["cpu_ms"])

        ask("ready")
        yield ask
        process.stdin.close()
