"""What a program asks of its files, in order: recorded by strace, so by the kernel's word and not its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

__all__ = ["Done", "Erase", "Event", "Sync", "Truncate", "Write", "record"]

_CALLS = (
    *("openat", "write", "writev", "pwritev", "pwrite64", "fsync", "fdatasync", "sync_file_range"),
    *("ftruncate", "truncate", "fallocate", "unlink", "unlinkat", "rename", "renameat", "renameat2", "msync"),
)
_LINE = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_PATH = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")
_NUMBER = re.compile(r", (\d+)$")


@attrs.frozen
class Write:
    """Bytes written to a file at a place, still in the memory of the system."""

    file: str
    at: int
    data: bytes


@attrs.frozen
class Truncate:
    """A file cut to a length."""

    file: str
    length: int


@attrs.frozen
class Sync:
    """A file, or its folder where it has no name, forced to the disk."""

    file: str


@attrs.frozen
class Erase:
    """A file removed."""

    file: str


@attrs.frozen
class Done:
    """Something acknowledged."""

    what: str


Event = Write | Truncate | Sync | Erase | Done


def record(folder: Path, program: list[str]) -> list[Event]:
    """Run a Python program and give what it did to the files of a folder, and what it acknowledged.

    A line on its standard output acknowledges. Skips the test where there is no strace.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = folder.with_suffix(".strace")
    asked = ["strace", "-f", "-qq", "-xx", "-y", "-s", "1000000", "-e", f"trace={','.join(_CALLS)}"]
    done = subprocess.run(
        [*asked, "-o", str(trace), sys.executable, *program],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with trace.open(encoding="ascii") as lines:
        events = [event for line in lines for event in _events(line, folder)]
    trace.unlink()
    return events


def _events(line: str, folder: Path) -> Iterator[Event]:
    """What one line of the trace says of that folder."""
    found = _LINE.match(line)
    assert found is not None or "exited" in line or "+++" in line or "---" in line, line[:300]
    if found is None or int(found[3]) < 0:
        return
    call, arguments, answer = found[1], found[2], int(found[3])
    path = _PATH.match(arguments)
    name = None if path is None else _inside(_plain(path[1]).decode(), folder)
    if call == "write" and arguments.startswith("1<"):
        yield from (Done(text) for text in _text(arguments).decode().splitlines())
    elif call in ("unlink", "unlinkat"):
        erased = _inside(_text(arguments).decode(), folder)
        if erased is not None:
            yield Erase(erased)
    elif name is None or call == "openat":
        return
    elif call == "pwrite64":
        at = _NUMBER.search(arguments)
        assert at is not None
        yield Write(name, int(at[1]), _text(arguments)[:answer])
    elif call == "write":
        # Whoever writes without saying where, appends here.
        yield Write(name, -1, _text(arguments)[:answer])
    elif call in ("fsync", "fdatasync"):
        yield Sync(name)
    elif call == "ftruncate":
        at = _NUMBER.search(arguments)
        assert at is not None
        yield Truncate(name, int(at[1]))
    else:
        raise AssertionError(f"{call} is not replayed")


def _inside(path: str, folder: Path) -> str | None:
    """The name of a file within the folder; empty for the folder itself, None elsewhere."""
    if Path(path) == folder:
        return ""
    return Path(path).name if Path(path).parent == folder else None


def _text(arguments: str) -> bytes:
    found = _TEXT.search(arguments)
    assert found is not None
    assert found[2] is None, "the trace left bytes out"
    return _plain(found[1])


def _plain(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
