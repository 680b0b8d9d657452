"""Figures of long runs add up, whoever runs which part of them."""

from __future__ import annotations

import json
from pathlib import Path

from evidence import SEED, keep, next_seed


def test_runs_add_up(tmp_path: Path) -> None:
    """Three chunks on two databases, kept one after another, count as one run with seeds of their own."""
    for database, examples, failures in (("sqlite", 100, 0), ("postgresql", 40, 1), ("sqlite", 60, 0)):
        seed = next_seed("T00", database, tmp_path)
        figures = {"database": database, "seed": seed, "examples": examples, "failures": failures}
        keep("T00", "an answer", 200, figures, tmp_path)
    keep("T00", "an answer", 200, {"database": "sqlite", "planted": 3, "caught": 3}, tmp_path)
    kept = json.loads((tmp_path / "T00.json").read_text("utf-8"))
    assert (kept["examples"], kept["failures"], kept["goal"]) == (200, 1, 200)
    assert [(one["database"], one.get("seed")) for one in kept["runs"]] == [
        ("postgresql", SEED + 10**6),
        ("sqlite", None),
        ("sqlite", SEED),
        ("sqlite", SEED + 1),
    ]
    assert next_seed("T00", "sqlite", tmp_path) == SEED + 2
