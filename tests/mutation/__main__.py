"""Whether the tests notice small wrong changes: `make mutants ARGS="predicate.py --sample 200"`."""

from __future__ import annotations

import argparse
import datetime
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pycrm import __version__

from .mutants import Mutant, mutants_of
from .server import Outcome, Server

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pycrm" / "scope"
EVIDENCE = ROOT / "docs" / "evidence" / "mutants.json"
JUDGED = Path(__file__).with_name("judged.json")
TESTS = ("tests/scope", "tests/entities", "tests/noninterference", "tests/revision")


def main() -> int:
    """Run the mutants, and keep what became of them."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("files", nargs="*", help="files below src/pycrm/scope; all of them if none is named")
    parser.add_argument("--sample", type=int, help="of each file no more mutants than these")
    parser.add_argument("--seed", type=int, default=20260630, help="which ones a sample takes")
    parser.add_argument("--budget", type=float, default=15.0, help="seconds of tests for one mutant")
    parser.add_argument(
        "--minutes", type=float, default=1e9, help="stop after so many; the rest is not tried"
    )
    parser.add_argument("--survivors", action="store_true", help="those alone that survived the last time")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders or files of tests")
    parser.add_argument("--databases", choices=("sqlite", "postgresql", "both"), default="sqlite")
    asked = parser.parse_args()
    names = asked.files or sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))
    everything = {name: mutants_of(SOURCE / name, name) for name in names}
    chosen = [one for name in names for one in _sampled(everything[name], asked.sample, asked.seed)]
    kept = json.loads(EVIDENCE.read_text("utf-8")) if EVIDENCE.exists() else {"files": {}}
    if asked.survivors:
        open_ = {one["name"] for file in kept["files"].values() for one in file["survivors"]}
        chosen = [one for mutants in everything.values() for one in mutants if one.name in open_]
    outcomes: list[Outcome] = []
    until = time.monotonic() + asked.minutes * 60

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.what not in ("killed", "same"):
            mutant = outcome.mutant
            line = f"{outcome.what} {mutant.file}:{mutant.line} {mutant.place}: {mutant.change}"
            print(f"{line} [{outcome.ran}/{outcome.of}]", file=sys.__stderr__, flush=True)
        if time.monotonic() > until:
            pytest.exit("the time is over", 0)

    unlike = {"sqlite": " and not postgresql", "postgresql": " and postgresql", "both": ""}[asked.databases]
    options = [
        "-n",
        "0",
        "-q",
        "-s",
        "--no-header",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--timeout=0",
        "--assert=plain",
    ]
    # Tests that plant faults of their own say nothing of the program as it is.
    options += ["-m", f"not torture{unlike}", "-k", "not planted"]
    tests = [str(ROOT / one) for one in asked.tests]
    server = Server(SOURCE, chosen, asked.budget, told)
    code = pytest.main([*options, *tests], [server])
    kept["red_before"] = server.red
    _keep(kept, everything, outcomes, asked)
    print(
        Counter(one.what for one in outcomes), f"{len(outcomes)} of {len(chosen)} tried", file=sys.__stderr__
    )
    return int(code)


def _sampled(mutants: list[Mutant], sample: int | None, seed: int) -> list[Mutant]:
    if sample is None or sample >= len(mutants):
        return mutants
    return sorted(random.Random(seed).sample(mutants, sample), key=lambda one: one.number)


def _keep(
    kept: dict[str, Any], everything: dict[str, list[Mutant]], outcomes: list[Outcome], asked: Any
) -> None:
    """Write the figures of the files that were tried beside those of the others."""
    judged: dict[str, str] = json.loads(JUDGED.read_text("utf-8")) if JUDGED.exists() else {}
    files = kept["files"]
    for name in dict.fromkeys(one.mutant.file for one in outcomes):
        mine = [one for one in outcomes if one.mutant.file == name and one.what != "same"]
        survivors = [one for one in mine if one.what in ("survived", "untested")]
        entry = {
            "mutants": len(everything[name]),
            "tests": list(asked.tests),
            "databases": asked.databases,
            "tried": len(mine),
            "killed": sum(one.what == "killed" for one in mine),
            "timed_out": sum(one.what == "hanging" for one in mine),
        }
        if asked.survivors:
            entry = files[name]
            gone = len(entry["survivors"]) - len(survivors)
            entry["killed"] += gone
        entry["survivors"] = [
            {
                "name": one.mutant.name,
                "line": one.mutant.line,
                "what": one.what,
                "tests": f"{one.ran} of {one.of}",
                "why": judged.get(one.mutant.name, "not judged yet"),
            }
            for one in survivors
        ]
        files[name] = entry
    kept |= {
        "test": "T80",
        "version": __version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "tool": "tests/mutation",
        "seed": asked.seed,
        "files": dict(sorted(files.items())),
    }
    for figure in ("mutants", "tried", "killed", "timed_out"):
        kept[figure] = sum(one[figure] for one in files.values())
    kept["survived"] = sum(len(one["survivors"]) for one in files.values())
    kept["harmless"] = sum(
        not one["why"].startswith("not judged") and not one["why"].startswith("missing")
        for file in files.values()
        for one in file["survivors"]
    )
    EVIDENCE.parent.mkdir(parents=True, exist_ok=True)
    EVIDENCE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
