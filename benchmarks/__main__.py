"""Run the benchmarks, print a table and write benchmarks/results/latest.json."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.bench import Bench, Benchmark
from benchmarks.changing import change_1000, change_one
from benchmarks.crowding import crowd
from benchmarks.customising import custom_field
from benchmarks.database import PostgreSQL, Server, SQLite
from benchmarks.faceting import page_facets
from benchmarks.figure import Figure, keep, show
from benchmarks.foreseeing import funnel
from benchmarks.growth import grown
from benchmarks.handing import hand_over
from benchmarks.hooking import hooks_50, start_up
from benchmarks.importing import import_200k
from benchmarks.load import SIZES, load
from benchmarks.moving import move_unit
from benchmarks.overhead import gateway_overhead
from benchmarks.peers import peers, peers_rest, peers_scope
from benchmarks.pipelines import board_200, compile_32, move_10000, move_gated, move_one
from benchmarks.reading import page_50, read_10k
from benchmarks.recalling import as_of
from benchmarks.scoping import page_scope
from benchmarks.scoring import scoring
from benchmarks.sealing import commits_sealed, history_verify, verify_single
from benchmarks.searching import page_text
from benchmarks.serving import rest
from benchmarks.setting import change_where
from benchmarks.showing import pages
from benchmarks.starting import import_pycrm
from benchmarks.storing import history_bytes
from benchmarks.valuing import clv

RESULTS = Path(__file__).parent / "results" / "latest.json"

# On a loaded database of every size; on one of the smallest size; without a database.
GROWING: dict[str, Benchmark] = {
    "change_one": change_one,
    "change_1000": change_1000,
    "change_where": change_where,
    "as_of": as_of,
    "read_10k": read_10k,
    "page_50": page_50,
    "page_scope": page_scope,
    "page_facets": page_facets,
    "history_verify": history_verify,
    "move_unit": move_unit,
    "gateway_overhead": gateway_overhead,
    "peers_scope": peers_scope,
    "page_text": page_text,
    "scoring": scoring,
    "custom_field": custom_field,
    "crowd": crowd,
}
SMALLEST: dict[str, Benchmark] = {
    "import_200k": import_200k,
    "hand_over": hand_over,
    "commits_sealed": commits_sealed,
    "history_verify_single": verify_single,
    "history_bytes": history_bytes,
    "funnel": funnel,
    "peers": peers,
    "board_200": board_200,
    "move_one": move_one,
    "move_gated": move_gated,
    "move_10000": move_10000,
    "hooks_50": hooks_50,
    "rest": rest,
    "peers_rest": peers_rest,
    "pages": pages,
}
ALONE = {"import_pycrm": import_pycrm, "start_up": start_up, "compile_32": compile_32, "clv": clv}
NAMES = [*GROWING, *SMALLEST, *ALONE]
# What belongs together, under one name for --only.
GROUPS = {
    "scope": ["page_scope", "page_facets", "move_unit", "gateway_overhead", "peers_scope", "hand_over"],
    "faces": ["rest", "peers_rest", "pages", "crowd"],
    "pipelines": ["board_200", "move_one", "move_gated", "move_10000", "compile_32"],
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What to run, from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument(
        "--size",
        choices=list(SIZES),
        default="10k",
        help="the most customers; smaller sizes are run too, to show growth (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        choices=[*GROUPS, *NAMES],
        help=f"a group ({', '.join(GROUPS)}) or one of {', '.join(NAMES)}; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a quarter of the runs, and the import of 20,000 only"
    )
    return parser.parse_args(given)


def run(options: argparse.Namespace) -> Iterator[Figure]:
    """Every figure that was asked for."""
    wanted = [one for name in options.only or NAMES for one in GROUPS.get(name, [name])]
    for name in ALONE:
        if name in wanted:
            _say(name)
            yield from ALONE[name](options.quick)
    sizes = list(SIZES)[: list(SIZES).index(options.size) + 1]
    with tempfile.TemporaryDirectory(prefix="pycrm-bench-") as folder:
        for server in _servers(options.database, Path(folder)):
            for number, size in enumerate(sizes):
                chosen = GROWING if number else {**GROWING, **SMALLEST}
                chosen = {name: benchmark for name, benchmark in chosen.items() if name in wanted}
                if chosen:
                    yield from _loaded(server, size, chosen, Path(folder), options.quick)


def _servers(database: str, folder: Path) -> Iterator[Server]:
    if database in ("sqlite", "both"):
        yield SQLite(folder)
    if database in ("postgresql", "both"):
        server = PostgreSQL.named()
        if server is not None:
            yield server
        elif database == "postgresql":
            sys.exit("PYCRM_TEST_POSTGRESQL names no server: `make postgres` starts one")
        else:
            _say("PostgreSQL is not measured: PYCRM_TEST_POSTGRESQL names no server")


def _loaded(
    server: Server, size: str, chosen: dict[str, Benchmark], folder: Path, quick: bool
) -> Iterator[Figure]:
    url = server.create()
    try:
        _say(f"{server.name}: loading {size}")
        bench = Bench(server, url, load(server, url, size), folder, quick)
        for name, benchmark in chosen.items():
            _say(f"{server.name}: {name} at {size}")
            yield from benchmark(bench)
    finally:
        server.drop(url)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Run, print, keep."""
    options = arguments()
    figures: list[Figure] = []
    is_whole = False
    try:
        for figure in run(options):
            _say(str(figure))
            figures.append(figure)
        figures += grown(figures)
        is_whole = options.only is None and options.database == "both"
    finally:
        # What was measured before a failure is worth minutes.
        if figures:
            show(figures)
            keep(figures, RESULTS, whole=is_whole)
            print(f"written to {os.path.relpath(RESULTS)}")


if __name__ == "__main__":
    main()
