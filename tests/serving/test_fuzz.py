"""No request that can be made up from the document breaks anything, and every answer is as documented."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import evidence
import pytest
from house import enterprise

from pycrm import CRM, FixedClock
from pycrm.api import write

from .conftest import Served, with_forms
from .fuzzing import fuzz

EXAMPLE = "a request that Schemathesis made up from the document, and its answer held against it"
PLUGINS = ("customer_value", "projects", "segments", "supervision")


@pytest.fixture
def company(open_crm: Callable[..., CRM], clock: FixedClock) -> Any:
    """The organisation with its customers and all bundled plugins, served."""
    crm = open_crm(plugins=PLUGINS)
    crm.migrate()
    cast = enterprise(crm, customers=True)
    made = Served(crm, clock, cast, with_forms)
    yield made
    made.close()


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("login", ["dir", "rep_a"])
def test_no_request_breaks_anything(company: Served, database: str, login: str) -> None:
    """Whoever asks, whatever is asked: no error of ours, no answer but the documented, nothing wrong accepted."""
    kind, number = evidence.of_database(database), evidence.asked_for(2_500)
    start = evidence.next_seed("fuzz", kind)
    began = time.monotonic()
    found = fuzz(company.program(login), number, start)
    figures: dict[str, Any] = {"database": kind, "seed": start, "login": login, "examples": found.number}
    figures |= {"statuses": {str(one): found.statuses[one] for one in sorted(found.statuses)}}
    figures |= {"failures": len(found.faults), "seconds": round(time.monotonic() - began)}
    evidence.keep("fuzz", EXAMPLE, 100_000, figures)
    assert found.faults == []
    assert found.number > number / 2


@pytest.mark.fuzz
def test_a_request_that_breaks_something_is_seen(
    company: Served, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """Were a body taken without looking whether it has a name, some request would fail."""

    def careless(entity: Any, call: Any) -> Any:
        call.json()["name"]
        return create(entity, call)

    create = write.create
    monkeypatch.setattr(write, "create", careless)
    found = fuzz(company.program("dir"), 600, 5)
    assert found.faults
