"""Help answers at once: it loads neither the database, nor the tables, nor the converters."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from pycrm.cli import app

HEAVY = ("sqlalchemy", "rich", "pydantic", "cattrs", "statemachine", "alembic")
# Four times what a quiet machine needs: a busy one must not fail, a loaded SQLAlchemy must.
MOST_SECONDS = 0.8
PROGRAM = """
import sys
{before}
from pycrm.cli import main
try:
    main({arguments!r})
finally:
    print("loaded:", *sorted({{name.split(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every word or two words that name a command, and the groups themselves."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


EVERY = sorted(commands(get_command(app)))


def helped(arguments: tuple[str, ...], before: str = "") -> tuple[str, set[str], float]:
    """What the help says, which packages it loaded, and the seconds of processor that it took."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before, arguments=[*arguments, "--help"])],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return done.stdout, set(done.stderr.rpartition("loaded:")[2].split()), seconds


def test_every_promised_command_is_there() -> None:
    """Whoever read the promise finds each command."""
    promised = ["init", "migrate", "doctor", "demo", "list", "show", "move", "history", "import", "export"]
    assert {(name,) for name in promised} <= set(EVERY)
    assert {("access", "why"), ("report", "pipeline"), ("plugin", "list")} <= set(EVERY)
    assert {("user", name) for name in ("add", "list", "role", "suspend")} <= set(EVERY)


def test_help_of_everything_loads_nothing_heavy_and_answers_at_once() -> None:
    """Each command explains itself and its shared options before anything heavy is loaded."""
    for path in EVERY:
        text, loaded, seconds = helped(path)
        assert text.startswith(f"Usage: {' '.join(('pycrm', *path))} ")
        assert (path, sorted(loaded & set(HEAVY))) == (path, [])
        assert (path, seconds < MOST_SECONDS) == (path, True)


def test_the_examination_finds_what_is_heavy() -> None:
    """Were a command to load SQLAlchemy or rich for its help, the test above would see it."""
    _, loaded, _ = helped((), before="import pycrm.app, rich")
    assert {"sqlalchemy", "rich"} <= loaded


def test_commands_share_their_options() -> None:
    """Every command with an actor takes the same four options, by name or by environment."""
    text, _, _ = helped(("history", "of"))
    for words in ("--as LOGIN", "PYCRM_AS", "--database URL", "PYCRM_DATABASE", "--plugin NAME", "--json"):
        assert words in text
    assert "--as LOGIN" not in helped(("doctor",))[0]
