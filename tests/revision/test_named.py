"""What the catalogue says of revisions is held by tests that name it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
# REV-20 speaks of signed and issued documents, which the core does not have.
RULES = [f"REV-{number}" for number in range(1, 20)]
SCENARIOS = [f"REV-S{number}" for number in range(1, 9)]
BAD_INPUT = [f"REV-E{number}" for number in range(1, 7)]


def named() -> dict[str, list[str]]:
    """Of each id the tests that name it: in their docstring, or in the cases that they are run with."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if path == Path(__file__) or "REV-" not in text:
            continue
        for node in ast.parse(text).body:
            name = getattr(node, "name", path.stem)
            for id in re.findall(r"REV-[SE]?\d+", ast.get_source_segment(text, node) or ""):
                found[id].append(f"{path.relative_to(TESTS)}::{name}")
    return found


def test_a_test_names_each() -> None:
    """Whoever looks for a rule, a scenario or a bad input finds the test that holds it."""
    found = named()
    assert [id for id in (*RULES, *SCENARIOS, *BAD_INPUT) if id not in found] == []
