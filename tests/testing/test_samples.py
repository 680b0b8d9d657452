"""Each bundled plugin shows itself in an invented company, which is the same wherever and whenever it is made."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from pycrm import CRM, Customer, User
from pycrm.cli import app
from pycrm.plugins.company import Company
from pycrm.plugins.supervision.sample import add as add_supervision

DAY = date(2026, 6, 30)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What differs with the hour at which a database was made: its own key, and where texts stand in an index.
APART = {"crm_setting"}


def rows(crm: CRM) -> dict[str, list[str]]:
    """What stands in each table of the plugins and of core."""
    with crm.store.connect() as connection:
        return {
            cls.__tablename__: sorted(
                str(tuple(row)) for row in connection.execute(sa.text(f'SELECT * FROM "{cls.__tablename__}"'))
            )
            for cls in crm.records()
            if cls.__tablename__ not in APART
        }


def made(plugins: list[str], add: Any, seed: int) -> dict[str, list[str]]:
    """The rows of a database with sample data, with roles as they were there before."""
    crm = CRM("sqlite://", plugins=plugins, random=Random(1))
    with crm:
        with crm.replay(crm.clock.now().replace(2026, 1, 1, 0, 0, 0, 0), Random(1)):
            crm.migrate()
        add(crm, seed=seed, today=DAY)
        return rows(crm)


def test_equal_seeds_give_equal_companies() -> None:
    """Whoever makes the sample data twice has the same, to the last id; another seed gives others."""
    first, again, other = (made(["supervision"], add_supervision, seed) for seed in (3, 3, 4))
    assert first == again
    assert first["crm_customer"] != other["crm_customer"]


def test_chance_that_is_not_seeded_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were what is said on a day drawn from anywhere else, two companies would differ (the planted fault)."""
    monkeypatch.setattr(Company, "workdays", lambda told, ago: Random().sample(range(1, ago), 3))
    first, again = (made(["supervision"], add_supervision, 3) for _ in range(2))
    assert first["supervision_log"] != again["supervision_log"]


@pytest.mark.parametrize(
    ("plugin", "shown"),
    [("segments", "segments_member"), ("projects", "projects_project")],
)
def test_a_plugin_shows_itself_alone(plugin: str, shown: str, tmp_path: Path) -> None:
    """Whoever tries one plugin gets it with what it requires, people of both languages, and records of it."""
    file = f"sqlite:///{tmp_path}/try.db"
    result = CliRunner().invoke(app, ["sample", plugin, "--database", file])
    assert result.exit_code == 0, result.output
    assert "10 customers" in result.output
    assert "admin, dir, lead_e, lead_w, rep_a, rep_b, rep_w" in result.output
    with CRM(file) as crm:
        with crm.view(crm.system("look")) as session:
            names = [one.name for one in (*session.find(Customer), *session.find(User))]
        with crm.store.connect() as connection:
            assert connection.execute(sa.text(f"SELECT count(*) FROM {shown}")).scalar()
    assert [name for name in names if not CHINESE.search(name)] == []
    again = CliRunner().invoke(app, ["sample", plugin, "--database", file])
    assert again.exit_code != 0
