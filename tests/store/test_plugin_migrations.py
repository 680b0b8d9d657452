"""Migrations of plugins: on filled databases, each for itself, or none at all."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from house import enterprise

from pycrm import CRM, Customer, DeclarationError, Field, Plugin, Record, StoreError, field, reference
from pycrm.app.setup import differences, make_migration, take_back, take_next

from . import clinic, clinic_next
from .conftest import Shelf
from .databases import catalogue, driver, fetch, names

Open = Callable[..., CRM]


class Device(Record, table="garden_device", scope=reference()):
    """A machine."""

    name: Field[str] = field("Name", order=True)


class Bed(Record, table="garden_bed", scope=reference()):
    """Where things grow."""

    name: Field[str] = field("Name", order=True)


class Garden(Plugin):
    """Garden"""

    name = "garden"
    records = (Device,)
    migrations = "garden_steps"


def filled(crm: CRM, visits: int = 3) -> None:
    """Enter visits of a customer, each with a finding, the first without a number of people."""
    enterprise(crm)
    with crm.session("rep_a") as session:
        customer = session.add(Customer.organization("Acme", email="a@example.com", source="exhibition"))
        for index in range(visits):
            visit = clinic.Visit(customer=customer, on=date(2026, 6, 1), headcount=index or None)
            session.add(clinic.Finding(of=session.add(visit), note=f"finding {index}"))


def with_lab(database: str, at: Open, shelf: Shelf) -> CRM:
    """A filled clinic with a laboratory, whose next step is there to be taken."""
    shelf.put("clinic_steps", "0001_visits.py")
    crm = at(database, clinic.Clinic, clinic.Lab)
    crm.migrate()
    filled(crm)
    crm.close()
    shelf.put("clinic_steps", "0002_rooms.py")
    return at(database, clinic_next.Clinic, clinic.Lab)


def test_a_table_is_rebuilt_under_the_rows_that_refer_to_it(database: str, at: Open, shelf: Shelf) -> None:
    """Whoever migrates a table on a filled database keeps every row of the tables that extend it."""
    crm = with_lab(database, at, shelf)
    assert crm.pending() == ["clinic 0002: rooms"]
    assert crm.migrate() == ["clinic 0002: rooms"]
    assert differences(crm) == []
    kept = fetch(
        database,
        "SELECT note, headcount FROM lab_finding JOIN clinic_visit ON of_id = id ORDER BY note",
    )
    assert kept == [("finding 0", 1), ("finding 1", 1), ("finding 2", 2)]
    with crm.view("rep_a") as session:
        found = session.find(clinic_next.Visit)
        assert sorted(visit.headcount for visit in found) == [1, 1, 2]
        assert {session.facet(visit, clinic.Finding).note for visit in found} == {row[0] for row in kept}


def test_rows_would_vanish_with_foreign_keys_on(
    tmp_path: Path, sqlite_template: Path, at: Open, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above sees it when SQLite's foreign keys are left on during a rebuild."""
    database = f"sqlite:///{tmp_path}/on.db"
    crm = with_lab(database, at, shelf)
    assert fetch(database, "SELECT count(*) FROM lab_finding") == [(3,)]
    monkeypatch.setattr("pycrm.store.migration.rebuild.foreign_keys_off", nullcontext)
    crm.migrate()
    assert fetch(database, "SELECT count(*) FROM lab_finding") == [(0,)]


def test_foreign_keys_are_on_again_and_were_looked_at(tmp_path: Path, at: Open, shelf: Shelf) -> None:
    """No step can leave rows that refer to nothing, and no session works without foreign keys."""
    database = f"sqlite:///{tmp_path}/broken.db"
    crm = with_lab(database, at, shelf)
    text = shelf.texts["clinic_steps/0002_rooms.py"]
    fault = '    op.execute("DELETE FROM clinic_visit")\n\n\ndef downgrade'
    shelf.put("clinic_steps", "0002_rooms.py", text.replace("\n\ndef downgrade", fault))
    with pytest.raises(StoreError, match=r"0002: rooms failed.* rows refer to .* lab_finding to clinic_v"):
        crm.migrate()
    assert fetch(database, "SELECT count(*) FROM clinic_visit") == [(3,)]
    with crm.store.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    shelf.put("clinic_steps", "0002_rooms.py")
    assert at(database, clinic_next.Clinic, clinic.Lab).migrate() == ["clinic 0002: rooms"]


HANGING = (
    "CREATE TRIGGER clinic_seen AFTER UPDATE ON clinic_visit BEGIN SELECT 1; END",
    "CREATE TRIGGER clinic_gone AFTER UPDATE ON clinic_visit BEGIN SELECT 1; END",
    'CREATE INDEX clinic_month ON clinic_visit (substr("on", 1, 7))',
)
ELSEWHERE = (
    "CREATE TRIGGER lab_count AFTER INSERT ON lab_finding BEGIN SELECT count(*) FROM clinic_visit; END"
)


def hung(database: str, at: Open, shelf: Shelf, *statements: str) -> CRM:
    """A clinic on whose table triggers and indexes hang, and whose next step drops one of them."""
    crm = with_lab(database, at, shelf)
    for statement in statements:
        fetch(database, statement)
    drop = '    op.execute("DROP TRIGGER clinic_gone")\n    op.create_table('
    text = shelf.texts["clinic_steps/0002_rooms.py"].replace("    op.create_table(", drop, 1)
    shelf.put("clinic_steps", "0002_rooms.py", text)
    return crm


def test_what_hangs_on_a_rebuilt_table_is_put_back(tmp_path: Path, at: Open, shelf: Shelf) -> None:
    """Nobody loses a trigger or an expression index to a rebuild, unless the step itself drops it."""
    database = f"sqlite:///{tmp_path}/derived.db"
    hung(database, at, shelf, *HANGING, ELSEWHERE).migrate()
    derived = {"clinic_seen", "clinic_gone", "clinic_month", "lab_count"}
    assert derived & set(catalogue(database)) == derived - {"clinic_gone"}


def test_what_hangs_on_a_rebuilt_table_would_be_lost(
    tmp_path: Path, at: Open, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above sees it when nothing is put back, or a trigger elsewhere stands in the way."""
    monkeypatch.setattr("pycrm.store.migration.rebuild.derived_kept", nullcontext)
    database = f"sqlite:///{tmp_path}/lost.db"
    crm = hung(database, at, shelf, *HANGING)
    crm.migrate()
    assert not {"clinic_seen", "clinic_month"} & set(catalogue(database))
    (tmp_path / "other").mkdir()
    (shelf.root / "clinic_steps/versions/0002_rooms.py").unlink()
    with pytest.raises(StoreError, match="error in trigger lab_count: no such table"):
        hung(f"sqlite:///{tmp_path}/other/lost.db", at, shelf, *HANGING, ELSEWHERE).migrate()


def test_plugins_are_migrated_apart(database: str, at: Open, shelf: Shelf, tmp_path: Path) -> None:
    """Whoever removes a plugin's package can go on migrating the others, and its data stay."""
    folder = shelf.put("garden_steps", "__init__.py", "").parent
    make_migration(at(database, Garden), "garden", "devices", folder)
    crm = with_lab(database, at, shelf)
    assert at(database, Garden).migrate() == ["garden 0001: devices"]
    assert crm.pending() == ["clinic 0002: rooms"]
    before = catalogue(database, prefix="clinic_")
    # The clinic's package is gone; the garden has a second step.
    for path in (shelf.root / "clinic_steps").rglob("*.py"):
        path.unlink()
    second = 'from alembic import op\nrevision, down_revision = "0002", "0001"\n'
    second += 'def upgrade():\n    op.execute("UPDATE garden_device SET name = name")\n'
    shelf.put("garden_steps", "0002_names.py", second)
    assert at(database, Garden).migrate() == ["garden 0002: names"]
    assert catalogue(database, prefix="clinic_") == before
    assert fetch(database, "SELECT count(*) FROM clinic_visit") == [(3,)]
    # It comes back, with what it ships by now.
    shelf.put("clinic_steps", "0001_visits.py")
    shelf.put("clinic_steps", "0002_rooms.py")
    assert at(database, clinic_next.Clinic, clinic.Lab, Garden).migrate() == ["clinic 0002: rooms"]


def test_a_step_that_fails_leaves_core_and_others_usable(database: str, at: Open, shelf: Shelf) -> None:
    """When a plugin's step fails, core works without the plugin, and the step can be taken later."""
    text = shelf.texts["clinic_steps/0001_visits.py"]
    shelf.put("clinic_steps", "0001_visits.py", text.replace("\n\ndef down", "    1 / 0\n\n\ndef down"))
    with pytest.raises(StoreError, match=r"clinic 0001: visits failed.*division by zero"):
        at(database, clinic.Clinic).migrate()
    assert not {name for name in names(database) if "clinic" in name}
    crm = at(database)
    with crm.session(crm.system("test")) as session:
        assert session.count(Customer) == 0
    shelf.put("clinic_steps", "0001_visits.py")
    assert at(database, clinic.Clinic).migrate() == ["clinic 0001: visits"]


def test_a_step_does_not_wait_for_ever(
    database: str, at: Open, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When somebody holds a table, the step gives up with an error and can be taken when it is free."""
    monkeypatch.setattr("pycrm.store.migration.run.LOCK_WAIT", "200ms")
    monkeypatch.setattr("pycrm.store.migration.rebuild.PATIENCE_MS", 200)
    crm = with_lab(database, at, shelf)
    with driver(database) as other:
        other.execute("UPDATE clinic_visit SET version = version")
        with pytest.raises(StoreError, match=r"clinic.* failed.*(database is locked|lock timeout)"):
            crm.migrate()
    assert crm.migrate() == ["clinic 0002: rooms"]


def test_tables_without_migrations_are_made_as_declared(database: str, at: Open, shelf: Shelf) -> None:
    """An author can work before writing migrations; the first one then takes the tables over."""
    shelf.put("clinic_steps", "__init__.py", "")
    declared = "clinic: tables as declared, since it has no migrations"
    crm = at(database, clinic.Clinic)
    assert crm.pending() == [declared]
    with pytest.raises(StoreError, match="run `pycrm migrate`"):
        crm.session("rep_a")
    assert crm.migrate() == [declared]
    assert (crm.migrate(), crm.pending(), differences(crm)) == ([], [], [])
    ((marker,),) = fetch(database, "SELECT version_num FROM crm_version_clinic")
    assert marker.startswith("declared-")
    # The author changes a table: that is for a migration, or for a new table, and nothing is touched.
    changed = at(database, clinic_next.Clinic)
    assert changed.pending() == [declared]
    before = catalogue(database)
    with pytest.raises(StoreError, match=r"plugin clinic: .* clinic_visit\.room_id is missing"):
        changed.migrate()
    assert catalogue(database) == before
    # The first migration ships, and the tables are as it would have made them.
    shelf.put("clinic_steps", "0001_visits.py")
    taken = "clinic: tables made from declarations, taken as migrated to 0001"
    first = at(database, clinic.Clinic)
    assert (first.pending(), first.migrate(), first.pending()) == ([taken], [taken], [])
    shelf.put("clinic_steps", "0002_rooms.py")
    crm = at(database, clinic_next.Clinic)
    assert crm.migrate() == ["clinic 0002: rooms"]
    assert differences(crm) == []


def test_a_first_migration_never_runs_over_tables(database: str, at: Open, shelf: Shelf) -> None:
    """Tables that are not as the migrations say stay as they are until their owner decides."""
    shelf.put("clinic_steps", "__init__.py", "")
    at(database, clinic.Clinic).migrate()
    shelf.put("clinic_steps", "0001_visits.py")
    fetch(database, "ALTER TABLE clinic_visit ADD COLUMN own TEXT")
    before = catalogue(database)
    with pytest.raises(StoreError, match=r"without its migrations .* column clinic_visit\.own is not decl"):
        at(database, clinic.Clinic).migrate()
    assert catalogue(database) == before
    fetch(database, "DROP TABLE clinic_visit")
    assert at(database, clinic.Clinic).migrate() == ["clinic 0001: visits"]


def test_new_tables_join_those_without_migrations(database: str, at: Open) -> None:
    """An author without migrations can add a table to those that are there."""
    kinds: dict[str, Any] = {"name": "garden", "__doc__": "Garden"}
    bare = type("Bare", (Plugin,), kinds | {"records": (Device,)})
    with_room = type("More", (Plugin,), kinds | {"records": (Device, Bed)})
    at(database, bare).migrate()
    crm = at(database, with_room)
    assert crm.migrate() == ["garden: tables as declared, since it has no migrations"]
    assert differences(crm) == []
    assert {"garden_device", "garden_bed"} <= names(database)


def test_a_migration_is_made_of_one_plugins_changes(database: str, at: Open, shelf: Shelf) -> None:
    """An author gets a file with the plugin's own tables, that makes what is declared on both databases."""
    folder = shelf.put("clinic_steps", "__init__.py", "").parent
    first = make_migration(at(database, clinic.Clinic, Garden), "clinic", "Visits, at last!", folder)
    assert first is not None
    assert first.name == "0001_visits_at_last.py"
    text = first.read_text("utf-8")
    assert "clinic_visit" in text
    assert "garden" not in text
    assert "'crm_customer'," not in text
    assert make_migration(at(database, clinic.Clinic, Garden), "clinic", "none", folder) is None
    crm = at(database, clinic.Clinic)
    assert crm.migrate() == ["clinic 0001: visits at last"]
    assert differences(crm) == []
    second = make_migration(at(database, clinic_next.Clinic), "clinic", "rooms", folder)
    assert second is not None
    crm = at(database, clinic_next.Clinic)
    assert crm.migrate() == ["clinic 0002: rooms"]
    assert differences(crm) == []
    with pytest.raises(DeclarationError, match="gives no name for a file"):
        make_migration(crm, "clinic", "…", folder)
    with pytest.raises(DeclarationError, match="no plugin pool is loaded"):
        make_migration(crm, "pool", "x", folder)


def test_steps_are_taken_back_one_by_one(database: str, at: Open, shelf: Shelf) -> None:
    """An author tries a step on rows as often as they like, and a way back that fails changes nothing."""
    crm = with_lab(database, at, shelf)
    assert take_back(crm, "lab") is None
    assert (take_next(crm, "clinic"), take_next(crm, "clinic")) == ("clinic 0002: rooms", None)
    text = shelf.texts["clinic_steps/0002_rooms.py"]
    broken = text.replace('"""Take it back; what it added is lost."""', "1 / 0")
    assert broken != text
    shelf.put("clinic_steps", "0002_rooms.py", broken)
    before = catalogue(database)
    with pytest.raises(StoreError, match=r"clinic 0002: rooms could not be taken back: .*zero"):
        take_back(at(database, clinic_next.Clinic, clinic.Lab), "clinic")
    assert catalogue(database) == before
    shelf.put("clinic_steps", "0002_rooms.py")
    assert take_back(crm, "clinic") == "clinic 0002: rooms"
    assert "clinic_room" not in names(database)
    assert crm.pending() == ["clinic 0002: rooms"]
    assert fetch(database, "SELECT count(*) FROM lab_finding") == [(3,)]


def test_files_that_are_no_line_are_refused(database: str, at: Open, shelf: Shelf) -> None:
    """An author hears at once of a file that is misnamed, missing, doubled, or says another number."""
    text = shelf.texts["clinic_steps/0001_visits.py"]
    for name in ("1_visits.py", "0002_visits.py", "0001-visits.py"):
        path = shelf.put("clinic_steps", name, text)
        with pytest.raises(DeclarationError, match="should be the migration 0001"):
            at(database, clinic.Clinic).pending()
        path.unlink()
    shelf.put("clinic_steps", "0001_visits.py")
    double = shelf.put("clinic_steps", "0001_rooms.py", text)
    with pytest.raises(DeclarationError, match=r"0001_visits\.py should be the migration 0002"):
        at(database, clinic.Clinic).migrate()
    double.unlink()
    shelf.put("clinic_steps", "0001_visits.py", text.replace('revision = "0001"', 'revision = "abc"'))
    with pytest.raises(DeclarationError, match="names its file's number as `revision`"):
        at(database, clinic.Clinic).migrate()
    assert "clinic_visit" not in names(database)
    with pytest.raises(DeclarationError, match="no package garden_steps of migrations"):
        at(database, Garden).migrate()


class Numbered(Record, table="exam_visit", scope=reference()):
    """A visit by its number."""

    number: Field[str] = field("Number", unique=True, order=True, search=True)


class Named(Record, table="exam_visit", scope=reference()):
    """A visit by what the number is called later."""

    name: Field[str] = field("Name", unique=True, order=True, search=True)


class Exam(Plugin):
    """Examination centre"""

    name = "exam"
    records = (Numbered,)
    migrations = "exam_steps"


class ExamLater(Plugin):
    """Examination centre, a version later"""

    name = "exam"
    records = (Named,)
    migrations = "exam_steps"


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "ship-migrations.md"
HEAD = 'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "0002"\ndown_revision = "0001"\n'


def test_a_column_is_renamed_as_the_page_shows(
    sqlite_database: str, at: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who renames a column by the page keeps its values, its index and its search, there and back."""
    versions = tmp_path / "exam_steps" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "__init__.py").write_text("", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    crm = at(sqlite_database, Exam)
    assert make_migration(crm, "exam", "visits") is not None
    crm = at(sqlite_database, Exam)
    crm.migrate()
    with crm.session(crm.system("test")) as session:
        session.add(Numbered(number="Seven of nine"))
    shown = next(part for part in PAGE.read_text("utf-8").split("```") if "def rename(" in part)
    code = textwrap.dedent(shown.partition("\n")[2])
    (versions / "0002_names.py").write_text(f"{HEAD}\n{code}", "utf-8")
    crm = at(sqlite_database, ExamLater)
    assert crm.migrate() == ["exam 0002: names"]
    assert differences(crm) == []
    with crm.view(crm.system("test")) as session:
        assert [one.name for one in session.search(Named, "of nine").items] == ["Seven of nine"]
    assert take_back(crm, "exam") == "exam 0002: names"
    assert fetch(sqlite_database, "SELECT number FROM exam_visit") == [("Seven of nine",)]
