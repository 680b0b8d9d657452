"""The cases of aspect T turn red when something is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycrm import CRM, FixedClock
from pycrm.plugins.customer_value import CustomerValue
from pycrm.scoring import catalog

from .cases import cases, enter, fact_plugin, wrong
from .faults_transactions import FAULTS
from .test_indicators import FEEDS, TODAY

HERE = Path(__file__).parent


def test_cases_see_planted_faults(
    sqlite_database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of eight faults is told of by cases of the indicators that it spoils, and without one none is."""
    monkeypatch.setattr(catalog, "SUPPLIES", ())
    found = [case for name in ("transactions", "agreements") for case in cases(HERE / f"{name}.txt", FEEDS)]
    crm = CRM(sqlite_database, clock=clock, plugins=(CustomerValue, fact_plugin((), FEEDS.values())))
    crm.migrate()
    customers = enter(crm, FEEDS, found)
    assert list(wrong(crm, found, customers, TODAY)) == []
    for plant, expected in FAULTS.items():
        some = [at for at, case in enumerate(found) if case.code in expected]
        with monkeypatch.context() as patch:
            plant(patch)
            told = " ".join(wrong(crm, [found[at] for at in some], [customers[at] for at in some], TODAY))
        assert {code for code in expected if f" {code} " not in told} == set(), plant.__doc__
    crm.close()
