"""The house itself: what every file of it, whoever writes it, has to keep."""

from __future__ import annotations

import ast
import enum
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

import pycrm
import pycrm.scoring.feeds
from pycrm.cli import app

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "pycrm"
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.exists()]

# Put together here, so that this file names none of them itself.
REGISTRIES = [
    name.replace(" ", ".")
    for name in ("pypi org", "pythonhosted org", "npmjs org", "npmjs com", "yarnpkg com", "debian org")
]
INDEX_OPTION = re.compile(r"--(?:extra-)?index-url[ =]\S*://")
LONGEST = 400
VAGUE = {"util", "utils", "helper", "helpers", "misc", "common"}


class Block(NamedTuple):
    """One block of Python in a page: the line of its first statement, its code, and whether it is run."""

    line: int
    code: str
    runs: bool


def tracked_files() -> list[Path]:
    """Every file that git tracks or would track; in a copy without git, all that are not hidden."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        parts = {path: path.relative_to(ROOT).parts for path in ROOT.rglob("*")}
        paths = [
            path
            for path, names in parts.items()
            if not any(name.startswith((".", "__pycache__")) for name in names)
        ]
    return [path for path in paths if path.is_file()]


def addresses(text: str) -> list[str]:
    """The package registries that a text names, or the options that would point to one."""
    return [host for host in REGISTRIES if host in text] + INDEX_OPTION.findall(text)


def long_files(paths: Iterable[Path]) -> list[str]:
    """The files that should be two, each with its number of lines."""
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in paths}
    return [
        f"{'/'.join(path.parts[-2:])}: {lines} lines" for path, lines in counts.items() if lines > LONGEST
    ]


def vague_names(paths: Iterable[Path]) -> list[str]:
    """The modules and packages whose name says nothing about what is in them."""
    return [str(path) for path in paths if VAGUE & {path.stem, *path.parts}]


def blocks(text: str) -> Iterator[Block]:
    """The Python of a page in order: fenced blocks, and what is set up in hidden comments."""
    fence = r"^ *```python(?P<info>[^\n]*)\n(?P<shown>.*?)^ *```$"
    hidden = r"^<!-- python\n(?P<hidden>.*?)^-->$"
    for found in re.finditer(f"{fence}|{hidden}", text, re.MULTILINE | re.DOTALL):
        part = "hidden" if found["shown"] is None else "shown"
        line = text.count("\n", 0, found.start(part)) + 1
        yield Block(line, textwrap.dedent(found[part]), (found["info"] or "").strip() != "norun")


def syntax_errors(text: str) -> list[str]:
    """The blocks of a page that are not Python."""
    found = []
    for block in blocks(text):
        try:
            ast.parse(block.code)
        except SyntaxError as error:
            found.append(f"line {block.line + (error.lineno or 1) - 1}: {error.msg}")
    return found


def run_page(text: str, folder: Path) -> str:
    """Run the blocks of a page as one program in `folder`; what it complained of, or nothing."""
    program = ""
    for block in blocks(text):
        if block.runs:
            program += "\n" * (block.line - 1 - program.count("\n")) + block.code
    (folder / "page.py").write_text(program, "utf-8")
    return complaint([sys.executable, "-W", "error", "page.py"], folder)


def lock_faults(text: str) -> list[str]:
    """What is wrong with a lock file: a package without pin or hash, an option, an address."""
    whole = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = [line for line in whole.splitlines() if line.strip()]
    return [
        line.split()[0]
        for line in found
        if not re.match(r"[a-z0-9][a-z0-9.-]*==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
        or "://" in line
        or addresses(line)
    ]


def complaint(command: list[str], folder: Path, source: Path = PACKAGE.parent) -> str:
    """What a command says when it fails; nothing when it succeeds."""
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def broken_contracts(folder: Path, source: Path, *limits: str) -> str:
    """What import-linter has against the `pycrm` found in `source`, under this house's contracts."""
    options = ["--no-logo", "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    options += [word for limit in limits for word in ("--contract", limit)]
    program = f"from importlinter.cli import lint_imports_command as lint; lint({options!r})"
    return complaint([sys.executable, "-c", program], folder, source)


def small_package(folder: Path, **modules: str) -> Path:
    """A package called pycrm with these modules, for planting faults in."""
    package = folder / "pycrm"
    package.mkdir(exist_ok=True)
    for name, code in {"__init__": "", "errors": "", **modules}.items():
        (package / f"{name}.py").write_text(code, "utf-8")
    return folder


def stale_reference(*options: str) -> str:
    """Which pages of the reference no longer say what the code says."""
    return complaint([sys.executable, str(ROOT / "scripts" / "reference.py"), "--check", *options], ROOT)


def test_no_file_names_a_registry() -> None:
    """Whoever installs decides where packages come from: no file names a registry."""
    for path in tracked_files():
        assert addresses(path.read_bytes().decode("utf-8", "replace")) == [], path
    assert addresses(f"see https://files.{REGISTRIES[1]}/x.whl") == [REGISTRIES[1]]
    assert addresses("pip install --index-url " + "https://example.test/simple pycrm") != []


def test_no_file_is_too_long_to_read(tmp_path: Path) -> None:
    """A reader finds no file of the package longer than they can hold in mind."""
    # A migration is written by a script, one table after the other, and grows with their number.
    written = (path for path in PACKAGE.rglob("*.py") if path.parent.name != "versions")
    assert long_files(written) == []
    planted = tmp_path / "values.py"
    planted.write_text("x = 1\n" * (LONGEST + 1), "utf-8")
    assert long_files([planted]) == [f"{tmp_path.name}/values.py: {LONGEST + 1} lines"]


def test_no_module_has_a_name_that_says_nothing() -> None:
    """A reader can tell from a module's name what is in it."""
    assert vague_names(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")) == []
    planted = [Path("scope/utils.py"), Path("helpers/money.py"), Path("values.py")]
    assert vague_names(planted) == ["scope/utils.py", "helpers/money.py"]


def test_every_python_block_in_the_docs_is_python() -> None:
    """A reader can paste any Python block of the docs without a syntax error."""
    assert {page.name: syntax_errors(page.read_text("utf-8")) for page in PAGES} == {
        page.name: [] for page in PAGES
    }
    assert syntax_errors("Text\n\n```python norun\nx = 1\nif x\n```\n") == ["line 5: expected ':'"]


# These are followed with their commands and files, by tests/testing/test_tutorial.py.
FOLLOWED = {ROOT / "README.md", ROOT / "docs" / "tutorial" / "veterinary-clinic.md"}
RUNNING = [
    page
    for page in PAGES
    if page.parent.name != "reference"
    and page not in FOLLOWED
    and any(block.runs for block in blocks(page.read_text("utf-8")))
]


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_work(page: Path, tmp_path: Path) -> None:
    """A reader who follows a page from top to bottom ends where the page says."""
    assert run_page(page.read_text("utf-8"), tmp_path) == ""


def test_a_block_that_does_not_work_is_seen(tmp_path: Path) -> None:
    """A page whose block ends elsewhere than it says fails, with the line."""
    story = "<!-- python\nx = 1\n-->\n\n```python\nassert x == {}\n```\n\n```python norun\n1 / 0\n```\n"
    assert run_page(story.format(1), tmp_path) == ""
    assert 'page.py", line 6' in run_page(story.format(2), tmp_path)


def test_the_examples_in_the_docstrings_work(tmp_path: Path) -> None:
    """A reader who tries the example of a docstring sees what the docstring shows."""
    files = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]
    tried = [path for path in files if ">>> " in path.read_text("utf-8")]
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in tried]
    program = (
        "import doctest, importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(name.removesuffix('.__init__'))\n"
        "    if doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed: sys.exit(name)\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    assert complaint([*command, *names], tmp_path) == ""
    wrong = small_package(tmp_path, values='"""\n>>> 1 + 1\n3\n"""\n')
    assert "Expected:\n    3" in complaint([*command, "pycrm.values"], tmp_path, wrong)


def test_every_locked_package_has_its_hash() -> None:
    """Nobody can slip another file under the name of a package that the lock pins."""
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert locks != []
    for lock in locks:
        assert lock_faults(lock.read_text("utf-8")) == [], lock
    pinned = f"attrs==26.1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via pycrm\n"
    assert lock_faults(f"# by make lock\n{pinned}") == []
    assert lock_faults(f"{pinned}pluggy==1.7.0\n    # via pytest\n") == ["pluggy==1.7.0"]
    assert lock_faults(f"--find-links wheels\n{pinned}") == ["--find-links"]
    assert lock_faults(pinned.replace("attrs==26.1.0", "attrs @ https://example.test/a.whl")) == ["attrs"]


def test_imports_run_downward(tmp_path: Path) -> None:
    """No room imports a room above it, and no room is without a place in the order."""
    assert broken_contracts(tmp_path, PACKAGE.parent) == ""
    kept = small_package(tmp_path, values="from pycrm import errors\n")
    assert broken_contracts(tmp_path, kept, "rooms") == ""
    upward = small_package(tmp_path, errors="def late() -> None:\n    import pycrm.values\n")
    assert "pycrm.errors -> pycrm.values" in broken_contracts(tmp_path, upward, "rooms")
    homeless = small_package(tmp_path, attic="")
    assert "- pycrm.attic" in broken_contracts(tmp_path, homeless, "rooms")


def test_faces_import_no_sqlalchemy(tmp_path: Path) -> None:
    """A face has nothing but the session's verbs to work with, so it can hide no rule of its own."""
    built = {name for name in ("cli", "web", "api", "http") if list(PACKAGE.glob(f"{name}*"))}
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contracts = {contract["id"]: contract for contract in tools["importlinter"]["contracts"]}
    assert set(contracts.get("faces", {}).get("source_modules", ())) == {f"pycrm.{name}" for name in built}
    for face in built:
        bad = small_package(tmp_path, **(dict.fromkeys(built, "") | {face: "import sqlalchemy\n"}))
        assert f"pycrm.{face} -> sqlalchemy" in broken_contracts(tmp_path, bad, "faces")


def test_the_reference_says_what_the_code_says(tmp_path: Path) -> None:
    """A reader of the reference reads about the code beside it."""
    kept = ROOT / "docs" / "reference"
    for page in kept.glob("*.md"):
        # One page says something else: it alone is named, in the same run.
        said = page.read_text("utf-8")
        planted = said.replace("CRMError", "Error") if page.stem == "errors" else said
        (tmp_path / page.name).write_text(planted, "utf-8")
    assert stale_reference("--folder", str(tmp_path)) == "out of date, say make docs: errors.md\n"


def unnamed(page: str, names: Iterable[str]) -> list[str]:
    """Which of the names a page of the reference has neither as a heading nor as an item."""
    text = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    return [name for name in names if not re.search(rf"^(#+|-) `{re.escape(name)}`", text, re.MULTILINE)]


INLINE = re.compile(r"`pycrm ([^`\n]+)`")
COMMANDS = re.compile(r"^ *```(?:console|sh)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(?:\$ )?pycrm (\S.*)$", re.MULTILINE)


def unknown_commands(text: str) -> Iterator[str]:
    """The commands of a page that there are not; those of bundled plugins, under their names, aside."""
    top: Any = get_command(app)
    plugins = {one.name for one in PACKAGE.joinpath("plugins").iterdir()}
    told = [one for block in COMMANDS.findall(text) for one in COMMAND.findall(block)]
    for said in (*INLINE.findall(text), *told):
        at = top
        for word in said.split():
            below = getattr(at, "commands", {})
            if not below or not re.fullmatch(r"[a-z][a-z-]*", word) or (at is top and word in plugins):
                break
            if word not in below:
                yield f"pycrm {said}"
                break
            at = below[word]


def test_every_command_in_the_docs_is_there() -> None:
    """A reader can type every command that a page names."""
    found = {page.name: list(unknown_commands(page.read_text("utf-8"))) for page in PAGES}
    assert {name: said for name, said in found.items() if said} == {}
    told = "`pycrm password ANA`, `pycrm segments list`\n\n```console\n$ pycrm user ad ana\n$ pycrm list x\n```\n"
    assert list(unknown_commands(told)) == ["pycrm password ANA", "pycrm user ad ana"]


def test_every_name_that_one_meets_is_in_the_reference() -> None:
    """A reader finds each verb of a session, each member of an enum, and each name of scoring and its feeds."""
    verbs = [f"Session.{name}" for name in dir(pycrm.Session) if not name.startswith("_")]
    enums = [thing for name in pycrm.__all__ if isinstance(thing := getattr(pycrm, name), enum.EnumType)]
    assert unnamed("session.md", verbs) == []
    assert unnamed("python.md", [f"{cls.__name__}.{one.name}" for cls in enums for one in cls]) == []
    assert unnamed("scoring.md", dir(pycrm.scoring)) == []
    listed = (ROOT / "docs" / "reference" / "scoring.md").read_text("utf-8")
    assert [name for name in pycrm.scoring.feeds.__all__ if f"\n| `{name}` |" not in listed] == []
    assert unnamed("session.md", ["Session.find", "Session.seek"]) == ["Session.seek"]
