"""README and tutorial work as they stand: its files are written, and its commands given, from what a reader sees."""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from pycrm.cli import app

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "tutorial" / "veterinary-clinic.md")
# What these pages have a reader write.
MODULES = ("clinic", "exam")
# A file is named in the last line before its block: "`src/clinic/__init__.py` goes on:".
FENCE = re.compile(r"(?P<before>[^\n]*)\n\n^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w/]+\.py)`(?: begins| goes on| ends)?:$")
# What needs a network or a person, or would not end.
ELSEWHERE = ("pip", "pycrm user password", "pycrm serve")


class Step(NamedTuple):
    """A piece of a file that is written, or a command with what it answers."""

    file: str | None
    text: str
    answer: str = ""


def steps(page: str) -> Iterator[Step]:
    """What a reader does, in the order of the page; text in comments is not seen."""
    for found in FENCE.finditer(re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)):
        if found["kind"] == "console":
            for part in re.split(r"^\$ ", found["text"], flags=re.MULTILINE)[1:]:
                command, _, answer = part.partition("\n")
                yield Step(None, command, answer)
        elif found["kind"] == "python":
            named = FILE.search(found["before"])
            assert named is not None, f"no file is named for {found['text'][:60]!r}"
            yield Step(named[1], found["text"])


class Reader:
    """Somebody who does what the page says, in a folder of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        self.tests_are_own = False

    def write(self, file: str, text: str) -> None:
        """Begin a file, or go on with it."""
        path = Path(file)
        if path.exists():
            text = f"{path.read_text('utf-8')}\n\n{text}"
        path.write_text(text, "utf-8")
        self.tests_are_own = self.tests_are_own or path.parent.name == "tests"

    def do(self, command: str) -> str | None:
        """Give a command and return its answer; None where that is not looked at."""
        words = shlex.split(command)
        if words[0] == "cd":
            self._enter(Path(words[1]))
        elif words[0] == "rm":
            subprocess.run(["bash", "-c", command], check=True)
        elif words[0] == "pytest":
            # The tests of the scaffold have a test of their own.
            return self._tested() if self.tests_are_own else None
        elif words[0] == "python":
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                runpy.run_path(words[1], run_name="__main__")
            return said.getvalue()
        elif not command.startswith(ELSEWHERE):
            assert words[0] == "pycrm", f"nobody knows how to try {command}"
            done = CliRunner().invoke(app, words[1:], catch_exceptions=False)
            assert done.exit_code == 0, f"{command}: {done.stderr}"
            return done.stdout
        return None

    def _enter(self, folder: Path) -> None:
        self.patch.chdir(folder)
        forget()
        # What `pip install -e .` does.
        known = Path("own-0.1.0.dist-info")
        known.mkdir()
        (known / "METADATA").write_text("Name: own\nVersion: 0.1.0\n")
        entry = re.search(
            r'^\[project\.entry-points.*?\]\n(\w+) = "(.*)"$', Path("pyproject.toml").read_text(), re.M
        )
        assert entry is not None
        (known / "entry_points.txt").write_text(f"[pycrm.plugins]\n{entry[1]} = {entry[2]}\n")
        self.patch.syspath_prepend(Path.cwd())
        self.patch.syspath_prepend(Path.cwd() / "src")

    def _tested(self) -> str | None:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
        quiet = {name: value for name, value in os.environ.items() if name != "PYCRM_TEST_POSTGRESQL"}
        found = quiet | {
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}src",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        done = subprocess.run(command, env=found, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "skipped" not in done.stdout
        return None


def forget() -> None:
    """Let nobody have imported the reader's package."""
    for name in [one for one in sys.modules if one.partition(".")[0] in MODULES]:
        del sys.modules[name]


def follow(page: str, folder: Path, patch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Do what a page says; each command whose answer is another than the page shows, with both."""
    for name in ("PYCRM_AS", "PYCRM_DATABASE", "PYCRM_PLUGINS", "COLUMNS"):
        patch.delenv(name, raising=False)
    reader = Reader(folder, patch)
    wrong = []
    try:
        for step in steps(page):
            if step.file is not None:
                reader.write(step.file, step.text)
                continue
            said = reader.do(step.text)
            shown = "\n".join(line.rstrip() for line in (said or "").splitlines())
            if said is not None and step.answer and shown != step.answer.rstrip("\n"):
                wrong.append((step.text, step.answer, said))
    finally:
        forget()
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_whoever_follows_a_page_ends_where_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who writes the files and gives the commands reads the answers that stand there, to the last one."""
    assert follow(page.read_text("utf-8"), tmp_path, monkeypatch) == []


SHORT = """
In `work.py`:

```python
print(1 + 1)
```

<!-- In `hidden.py`:

```python
print(3)
```
-->

```console
$ python work.py
{answer}
```
"""


def test_an_answer_that_differs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows another answer, or needs what only a comment holds, does not pass."""
    assert follow(SHORT.format(answer=2), tmp_path, monkeypatch) == []
    (tmp_path / "work.py").unlink()
    assert follow(SHORT.format(answer=3), tmp_path, monkeypatch) == [("python work.py", "3\n", "2\n")]
    hidden = SHORT.format(answer=3).replace("$ python work.py", "$ python hidden.py")
    (tmp_path / "work.py").unlink()
    with pytest.raises(FileNotFoundError):
        follow(hidden, tmp_path, monkeypatch)
