"""The example packages, whether they are installed or not, and their sample data, loaded once a run."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycrm import CRM, FixedClock

for _example in ("association", "b2b_project_sales", "medical_exam_center"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / _example / "src"))

NOW = "2026-06-30T09:00:00+08:00"
_PATIENCE = 280


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample data of full size in a SQLite file; the first worker that wants it loads it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "b2b_sample"
    loaded, failed = folder / "loaded.db", folder / "failed"
    try:
        folder.mkdir()
    except FileExistsError:
        patience = time.monotonic() + _PATIENCE
        while not loaded.exists():
            assert not failed.exists(), "loading the sample data failed in another worker"
            assert time.monotonic() < patience, "another worker is still loading the sample data"
            time.sleep(0.2)
        return loaded
    try:
        _load(folder / "loading.db")
    except BaseException:
        failed.touch()
        raise
    return (folder / "loading.db").rename(loaded)


def _load(path: Path) -> None:
    from b2b_project_sales import ProjectSales
    from b2b_project_sales.sample import add

    from pycrm.plugins.projects import Projects

    crm = CRM(f"sqlite:///{path}", plugins=[Projects(), ProjectSales()], clock=FixedClock(NOW))
    crm.migrate()
    add(crm)
    crm.close()


@pytest.fixture
def sample(sample_file: Path, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on a copy of the sample data of its own."""
    from b2b_project_sales import ProjectSales

    from pycrm.plugins.projects import Projects

    path = tmp_path / "sample.db"
    shutil.copy(sample_file, path)
    crm = CRM(f"sqlite:///{path}", plugins=[Projects(), ProjectSales()], clock=FixedClock(NOW))
    yield crm
    crm.close()


@pytest.fixture
def b2b(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM with the plugin on an empty database of either kind."""
    from b2b_project_sales import ProjectSales

    from pycrm.plugins.projects import Projects

    crm = open_crm(plugins=[Projects(), ProjectSales()])
    crm.migrate()
    return crm


@pytest.fixture
def exam(open_crm: Callable[..., CRM]) -> CRM:
    """A CRM with the plugin of the examination centre on an empty database of either kind."""
    from medical_exam_center import ExamCenter

    crm = open_crm(plugins=[ExamCenter()])
    crm.migrate()
    return crm
