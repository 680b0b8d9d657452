"""One import in a process of its own, so that time and memory are those of the import alone.

``python -m benchmarks.import_once URL LOGIN TABLE MAPPING`` prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from pycrm import CRM, Customer
from pycrm.exchange.importing import import_file


def peak_mb() -> float:
    """The most memory that this process has held at once.

    Linux hands the figure of `getrusage` down from the parent process, the one in /proc not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(url: str, login: str, table: str, mapping: str) -> None:
    """Import the table and print time, memory and what became of the rows."""
    with CRM(url) as crm:
        with crm.view(login) as session:
            session.count(Customer)
        base = peak_mb()
        cpu, wall = time.process_time(), time.perf_counter()
        report = import_file(crm, login, table, mapping)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    found = {
        "ms": wall * 1000,
        "cpu_ms": cpu * 1000,
        "base_mb": base,
        "peak_mb": peak_mb(),
        "counts": {str(verdict): number for verdict, number in report.counts.items()},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
