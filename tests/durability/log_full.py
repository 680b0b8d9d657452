"""A PostgreSQL whose log has a small disk of its own, which fills up at random moments, and what was lost.

python -m durability.log_full FOLDER ROUNDS SEED [FAULT]

FOLDER is an empty disk. The server that is made in it belongs to an account without rights, so this is run by
root, in a space of its own where that account may reach the folder. Where the log has no room the server gives
up, and whoever looks after it starts it again once there is some. Prints as JSON what `filling` prints.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from house import enterprise

from durability.books import disagreements, unsound
from durability.day import one_act
from durability.filling import FAULTS, Filling
from durability.killing import open_crm, operations
from pycrm import CRM, StoreError

# A segment of the log is the least that PostgreSQL takes at once.
_SEGMENT = 1 << 20
_PATIENCE = 60.0


class Server:
    """A server of its own, whose log lies on the disk that fills up."""

    def __init__(self, folder: Path) -> None:
        checkout = Path(__file__).parents[2]
        said = subprocess.run([checkout / "scripts/postgres.sh", "bindir"], capture_output=True, check=True)
        self._bin = Path(said.stdout.decode().strip())
        self._home, self.log = folder / "cluster", folder / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]

    @property
    def address(self) -> str:
        """The address of its only database."""
        return f"postgresql://pycrm@127.0.0.1:{self._port}/postgres"

    def make(self) -> None:
        """Make the cluster: segments of a megabyte, and as few of them as there may be."""
        for folder in (self._home, self.log):
            folder.mkdir()
            subprocess.run(["chown", "postgres", folder], check=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=24m,uid=postgres", "tmpfs", self.log]
        subprocess.run(mount, check=True)
        self._run("initdb", "-U", "pycrm", "--auth=trust", "--waldir", self.log / "wal", "--wal-segsize=1")
        with (self._home / "postgresql.conf").open("a") as settings:
            settings.write("listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
            settings.write("max_wal_size = 8MB\nmin_wal_size = 2MB\nwal_recycle = off\nwal_init_zero = on\n")
            settings.write("full_page_writes = off\nrestart_after_crash = on\n")

    def start(self) -> None:
        """Start it unless it runs."""
        if self._run("pg_ctl", "status", check=False):
            given = ["-w", "-t", "60", "-l", self._home / "server.log", "-o", f"-p {self._port}"]
            self._run("pg_ctl", "start", *given)

    def stop(self) -> None:
        """Stop it at once."""
        self._run("pg_ctl", "stop", "-m", "immediate", check=False)

    def _run(self, program: str, *given: Any, check: bool = True) -> int:
        words = ["runuser", "-u", "postgres", "--", self._bin / program, "-D", self._home, *given]
        done = subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()}")
        return done.returncode


class Log:
    """The disk of the log: a file of ballast takes what is free, and the log itself takes the rest."""

    # The server says of a full log to whoever commits that it is gone, or does not answer at all.
    refusal: Any = StoreError

    def __init__(self, server: Server) -> None:
        self._server, self._ballast = server, server.log / "ballast"

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        disk = os.statvfs(self._server.log)
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(disk.f_bavail * disk.f_frsize - left, 1))

    def ease(self) -> None:
        """Make space, and start the server where it gave up."""
        self._ballast.unlink()
        # It may be on its way down, or up.
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._server.start()
                return
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


class Round(Filling):
    """As with SQLite, but that nobody may be able to read either as long as there is no space."""

    def go_round(self) -> None:
        """Work until there is no space, try on, and work on when there is some again."""
        self.space.fill(self.chance.randrange(3 * _SEGMENT))
        try:
            # An act takes about 20 kB of the log.
            for _ in range(400):
                if not self._act():
                    break
            for _ in range(self.chance.randrange(3)):
                self._act()
        finally:
            self.space.ease()
        self._recover()
        self._look()

    def _recover(self) -> None:
        """The same CRM, not opened anew, works again: connections that broke are told of once each."""
        until = time.monotonic() + _PATIENCE
        while not self._act():
            if self.wrong or time.monotonic() > until:
                self.wrong.append(f"after act {self.number}: there was space and no act")
                return
            time.sleep(0.05)


def main(folder: str, rounds: str, seed: str, *fault: str) -> None:
    """Fill, look and ease, again and again."""
    if fault:
        FAULTS[fault[0]]()
    server = Server(Path(folder))
    server.make()
    server.start()
    try:
        with open_crm(server.address, folder) as crm:
            told = _rounds(crm, server, int(rounds), int(seed))
    finally:
        server.stop()
    print(json.dumps(told))


def _rounds(crm: CRM, server: Server, rounds: int, seed: int) -> dict[str, Any]:
    crm.migrate()
    enterprise(crm)
    one_act(crm, random.Random(0), 0)
    filling = Round(crm, Log(server), seed)
    done = 0
    while done < rounds and not filling.wrong:
        filling.go_round()
        done += 1
    lost = sorted(filling.acknowledged - operations(crm))
    filling.wrong = filling.wrong or [*(f"act {one} is lost" for one in lost), *unsound(crm)]
    filling.wrong += disagreements(crm)
    told = {"rounds": done, "acknowledged": len(filling.acknowledged), "failed": filling.failed}
    return told | {"wrong": filling.wrong[:20]}


if __name__ == "__main__":
    main(*sys.argv[1:])
