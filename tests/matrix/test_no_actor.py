"""No verb runs without an acting person (T13): each is tried in a session that nobody has entered."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm import CRM, StoreError
from pycrm.session.unit import Unit

from .grid import ASKERS, Grid, build
from .trials import TRIALS, Trial
from .walk import cases

# What answers from the value in hand, whoever holds it; and what names its actor and opens sessions itself.
FROM_THE_VALUE = {"missing", "is same", "import customers"}


def acting(grid: Grid, one: Trial, **opened: Any) -> Any:
    """What a verb answers in a session that was opened for somebody and not entered."""
    found = [case for case in cases(grid, one, ASKERS[0]) if case.entity in ("Opportunity", "-")]
    case = (found or list(cases(grid, one, ASKERS[0])))[0]
    session = grid.crm.session(case.asker.login) if one.writes else grid.crm.view(case.asker.login)
    return one.call(session, case)


def unentered(grid: Grid, names: tuple[str, ...] = ()) -> list[str]:
    """The verbs that do anything but refuse to run in a session that nobody has entered."""
    ran: list[str] = []
    for name, one in TRIALS.items():
        if names and name not in names:
            continue
        try:
            acting(grid, one)
        except StoreError:
            continue
        except Exception as error:
            ran.append(f"{name}: {type(error).__name__}: {error}")
        else:
            ran.append(name)
    return ran


def test_no_verb_runs_without_an_actor(crm: CRM) -> None:
    """Whoever forgets to enter a session reads and writes nothing by it, whatever the verb."""
    assert set(unentered(build(crm))) == FROM_THE_VALUE


def test_a_verb_that_runs_without_an_actor_is_seen(sqlite_database: str, clock: Any) -> None:
    """Were sessions to fall back on an actor who may do everything, verbs would run, and show here."""
    crm = CRM(sqlite_database, clock=clock)
    grid = build(crm)
    with pytest.MonkeyPatch.context() as patch:
        init = Unit.__init__

        def ambient(self: Any, *given: Any) -> None:
            init(self, *given)
            self._transaction.actor = self.crm.system("nobody in particular")

        patch.setattr(Unit, "__init__", ambient)
        assert unentered(grid, ("get", "count")) == ["get", "count"]
    crm.close()
