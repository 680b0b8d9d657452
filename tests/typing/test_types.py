"""What the type checkers say to good and bad uses, and whether they know every public name."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pycrm

ROOT = Path(__file__).parents[2]
USES = Path(__file__).with_name("uses.py")
SOURCE = ROOT / "src"

Finding = tuple[int, str]


def marked(text: str) -> set[Finding]:
    """The lines that must be refused, each with mypy's code."""
    found = (re.search(r"  # E: ([a-z-]+)$", line) for line in text.splitlines())
    return {(number, match[1]) for number, match in enumerate(found, 1) if match}


def output(*command: str, folder: Path = ROOT) -> str:
    """What a checker prints, whether it found something or not."""
    environment = os.environ | {"MYPYPATH": str(SOURCE), "PYTHONPATH": str(SOURCE), "CI": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def by_mypy(path: Path) -> set[Finding]:
    """Line and code of every error of mypy in its strict mode."""
    cache = str(ROOT / ".mypy_cache" / "typing")
    said = output("mypy", "--strict", "--no-error-summary", "--cache-dir", cache, str(path))
    lines = [line for line in said.splitlines() if ": error: " in line]
    found = [re.match(rf".*{re.escape(path.name)}:(\d+): error: .*\[([a-z-]+)\]$", line) for line in lines]
    assert all(found), said
    return {(int(match[1]), match[2]) for match in found if match}


def by_pyright(path: Path) -> set[int]:
    """The lines of every error of pyright."""
    said = output("pyright", "--outputjson", "--pythonpath", sys.executable, str(path))
    found = json.loads(said)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}


def test_mypy_refuses_the_bad_uses_and_no_good_one() -> None:
    """Whoever checks a plugin with mypy is told exactly where it is wrong, and for what."""
    wanted = marked(USES.read_text("utf-8"))
    found = by_mypy(USES)
    lines = {line for line, _ in wanted}
    assert len(lines) > 25
    assert {line for line, _ in found} == lines
    assert wanted <= found


def test_pyright_refuses_the_bad_uses_and_no_good_one() -> None:
    """Whoever checks a plugin with pyright, or sees it in an editor, is told the same lines."""
    assert by_pyright(USES) == {line for line, _ in marked(USES.read_text("utf-8"))}


def test_a_hole_in_the_types_would_be_seen(tmp_path: Path) -> None:
    """A use that is no longer refused, or a type that became too wide, turns both tests red."""
    planted = tmp_path / "planted.py"
    planted.write_text(
        "from typing import assert_type\n"
        "from pycrm import Customer, Session\n"
        "def use(session: Session, customer: Customer) -> None:\n"
        "    session.find(Customer, Customer.name == 'x')  # E: arg-type\n"
        "    assert_type(session.add(customer), object)\n",
        "utf-8",
    )
    wanted = {line for line, _ in marked(planted.read_text("utf-8"))}
    assert wanted == {4}
    assert {line for line, _ in by_mypy(planted)} == {5}
    assert by_pyright(planted) == {5}


def differences(source: str) -> set[str]:
    """The public names that a type checker and the interpreter do not find in the same place."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for one in node.body:
                assert isinstance(one, ast.ImportFrom)
                found |= {name.asname or "": (str(one.module), name.name) for name in one.names}
    public = set(pycrm.__all__) - {"__version__"}
    moved = {
        name
        for name in public & found.keys()
        if getattr(import_module(found[name][0]), found[name][1]) is not getattr(pycrm, name)
    }
    return (public ^ found.keys()) | moved


def test_type_checkers_know_every_public_name() -> None:
    """Whatever `import pycrm` offers at run time, a type checker finds too, and nothing more."""
    source = Path(pycrm.__file__).read_text("utf-8")
    assert differences(source) == set()
    lacking = source.replace("    from pycrm.values import Money as Money\n", "")
    assert differences(lacking) == {"Money"}
    moved = source.replace("import Money as Money", "import Clock as Money")
    assert differences(moved) == {"Money"}
    assert dir(pycrm) == pycrm.__all__
