"""A power cut loses nothing that was acknowledged, wherever in a business day it comes (T20)."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, Customer, FixedClock

from . import day as program
from .books import unsound
from .cuts import Day
from .recording import record

# With these a power cut costs what was acknowledged, and so it must show.
WEAKER = (("WAL", "NORMAL"), ("WAL", "OFF"))


@pytest.fixture
def recorded(sqlite_database: str, sqlite_template: Path, tmp_path: Path) -> Any:
    """Records a day of so many acts, with the settings of pycrm or with others."""
    memory = Path(sqlite_database.removeprefix("sqlite:///")).parent

    def of(acts: int, *settings: str, seed: int = 1) -> Day:
        folder = tmp_path / f"day-{'-'.join(settings) or 'shipped'}-{seed}"
        folder.mkdir()
        (folder / "day.db").write_bytes(sqlite_template.read_bytes())
        with CRM(f"sqlite:///{folder}/day.db", clock=FixedClock(program.NOW), random=random.Random(1)) as crm:
            enterprise(crm)
        first = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert first.keys() == {"day.db"}
        arguments = [str(folder / "day.db"), str(folder), str(seed), str(acts), *settings]
        events = record(folder, [str(Path(program.__file__)), *arguments])
        scratch = memory / folder.name
        scratch.mkdir()
        found = Day(first, events, scratch)
        found.learn()
        # Each act has an acknowledgement and at least one state; it began with one more.
        assert len(found.acknowledged) == acts + acts // 10
        assert len(found.states) > acts
        return found

    return of


def test_a_power_cut_loses_nothing_acknowledged(recorded: Any, tmp_path: Path) -> None:
    """After 150 cuts of a short day whatever was acknowledged is there, and the office goes on with it."""
    found = recorded(10)
    assert found.cut(150, random.Random()) == {"fine": 150}
    assert _goes_on(found, random.randrange(len(found.images)), tmp_path / "again.db") == []


def test_a_lost_acknowledgement_would_be_seen(recorded: Any) -> None:
    """Were commits not forced to the disk, as guides to SQLite recommend, cuts would lose them."""
    assert recorded(10, "WAL", "NORMAL").cut(60, random.Random(1))["lost"] > 10


def _goes_on(found: Day, place: int, path: Path) -> list[str]:
    """What is wrong with a state that a cut may leave, and after one more act in it."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(found.images[place])
    path.with_name(f"{path.name}.heads").write_bytes(found.heads[place])
    connection = sqlite3.connect(path)
    try:
        wrong = [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        wrong += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    finally:
        connection.close()
    with CRM(f"sqlite:///{path}", clock=FixedClock(program.NOW)) as crm:
        wrong += unsound(crm)
        with crm.session("rep_a") as session:
            session.add(Customer.organization("Next", mobile="13000000000", source="exhibition"))
        crm.seal()
        wrong += unsound(crm)
    return wrong


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_twenty_thousand_power_cuts(recorded: Any, tmp_path: Path) -> None:
    """Twenty thousand cuts of days of 100 acts lose nothing, and with weaker settings they do (T20)."""
    goal = evidence.asked_for(20_000)
    for _ in range(max(1, goal // 2000)):
        seed, began = evidence.next_seed("T20", "sqlite"), time.monotonic()
        found = recorded(100, seed=seed)
        told = found.cut(min(goal, 2000), random.Random(seed))
        some = range(0, len(found.images), 8)
        wrong = [line for place in some for line in _goes_on(found, place, tmp_path / "again.db")]
        planted: dict[str, Counter[str]] = {
            " ".join(settings): recorded(40, *settings, seed=seed).cut(200, random.Random(seed))
            for settings in WEAKER
        }
        failures = told.total() - told["fine"] + len(wrong)
        evidence.keep(
            *(
                "T20",
                "a power cut in a recorded day of 100 acts, with what was not forced kept, lost or torn",
            ),
            20_000,
            {
                "database": "sqlite",
                "seed": seed,
                "examples": told.total(),
                "states": len(found.states),
                "states_gone_on_with": len(some),
                "failures": failures,
                "lost": told["lost"],
                "corrupt": told["corrupt"],
                "planted": len(WEAKER),
                "caught": sum(one["lost"] + one["corrupt"] > 0 for one in planted.values()),
                "controls": {name: dict(sorted(one.items())) for name, one in planted.items()},
                "seconds": round(time.monotonic() - began),
            },
        )
        assert failures == 0, (told, wrong)
        assert all(one["lost"] + one["corrupt"] for one in planted.values())
