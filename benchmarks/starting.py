"""What starting costs: processor time of importing pycrm, and of asking for help.

Each run is a process of its own; user and system time count, with byte code already compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory

from benchmarks.figure import LIMIT, Figure
from benchmarks.timing import Timed, cpu_of, paired

__all__ = ["import_pycrm"]

GOAL = 1.3
# Nobody asked for one of a CRM that is made; this one watches over it.
MADE = 1.8
HELP_MS = 400
_ALONE = "import attrs, cattrs, pluggy, sqlalchemy"
_USES = {
    "import_pycrm": "import pycrm",
    "import_pycrm_used": "import pycrm; pycrm.CRM; pycrm.Customer",
    "import_pycrm_made": "from pycrm import CRM, Customer; CRM('sqlite://')",
}


def import_pycrm(quick: bool) -> Iterator[Figure]:
    """Importing pycrm beside what it stands on alone, and ``pycrm --help``."""
    pairs = 5 if quick else 21
    with TemporaryDirectory(prefix="pycrm-bench-") as compiled:

        def cpu(*arguments: str) -> Callable[[], Timed]:
            # Processor time in the place of the wall's, which says more of whoever else is at work.
            def run() -> Timed:
                taken = cpu_of(*arguments, byte_code=compiled)
                return Timed(taken.cpu, taken.cpu)

            return run

        for name, program in _USES.items():
            ours, alone = paired(cpu("-c", program), cpu("-c", _ALONE), pairs)
            goal = MADE if name == "import_pycrm_made" else GOAL
            yield _figure(name, ours, "dependencies alone", alone.wall, goal)
        ours, _ = paired(cpu("-m", "pycrm", "--help"), cpu("-c", ""), pairs)
        yield _figure("pycrm_help", ours, LIMIT, HELP_MS, 1.0)


def _figure(name: str, ours: Timed, reference: str, reference_ms: float, goal: float) -> Figure:
    return Figure(
        name=name,
        database="none",
        size="none",
        ours_ms=ours.wall,
        reference=reference,
        reference_ms=reference_ms,
        goal=goal,
    )
