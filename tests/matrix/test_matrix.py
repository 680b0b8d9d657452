"""Every operation, for every role, with every kind of record in every relation, is what the table says (T05)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pycrm import CRM, Session

from .faults import FAULTS
from .grid import ASKERS, ROLES, Grid, build
from .table import Table, UnexpectedError
from .trials import TRIALS, Trial, untried
from .walk import Pair, answers, entities

# Of how many cells one is walked on PostgreSQL in the suite: roles and relations are the same statements
# there, and each costs three times as much. `make torture` walks all.
SHARE = 4


def mistakes(
    grid: Grid, table: Table, names: Iterable[str] = (), askers: Any = ASKERS, share: int = 1
) -> Iterator[str | None]:
    """Of each cell that is tried: None where the table says so, else what came instead."""
    for pair, came in answers(grid, tuple(names), askers, share):
        expected = table.answer(pair)
        yield None if came == expected else f"{pair}: {came}, not {expected}"


def walked(crm: CRM, role: str, share: int) -> None:
    """Walk the cells of a role, and find each as the table says."""
    askers = [one for one in ASKERS if one.role == role]
    tried = list(mistakes(build(crm), Table.read(crm.store.dialect), askers=askers, share=share))
    assert [one for one in tried if one] == []
    assert len(tried) > 10_000 / share


@pytest.mark.parametrize("role", [role for role, *_ in ROLES])
def test_every_cell_of_the_matrix_is_as_declared(crm: CRM, role: str) -> None:
    """Nobody reads, changes, exports or hands on anything that the table does not give them."""
    walked(crm, role, 1 if crm.store.dialect == "sqlite" else SHARE)


@pytest.mark.torture
@pytest.mark.parametrize("role", [role for role, *_ in ROLES])
def test_each_single_cell_is_as_declared_on_postgresql(
    postgresql_database: str, clock: Any, role: str
) -> None:
    """The same, of every cell on PostgreSQL too."""
    with CRM(postgresql_database, clock=clock) as crm:
        walked(crm, role, 1)


def test_every_verb_is_tried() -> None:
    """Nobody adds a verb to the session without saying who may do it with what."""

    class Longer(Session):
        def peek(self) -> None:
            """A verb that nobody has tried."""

    assert untried() == set()
    assert untried(Longer) == {"peek"}


def test_a_verb_or_an_entity_without_expectation_is_named() -> None:
    """A new operation, or a new kind of record, fails by its name until the table says who may what."""
    table = Table.read("sqlite")
    assert set(entities(Grid(CRM("sqlite://")))) == table.kinds.keys() - {"-"}
    with pytest.raises(UnexpectedError, match="the operation peek"):
        table.answer(Pair("peek", "staff", True, "Customer", "own"))
    with pytest.raises(UnexpectedError, match="the entity Booking"):
        table.answer(Pair("get", "staff", True, "Booking", "own"))


def test_a_trial_or_a_record_that_the_table_lacks_turns_the_matrix_red(
    sqlite_database: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verb that is tried, or a record that is there, without an expectation stops the matrix by its name."""
    crm = CRM(sqlite_database, clock=clock)
    grid, table = build(crm), Table.read("sqlite")
    monkeypatch.setitem(TRIALS, "peek", Trial("peek", ("peek",), lambda session, case: True))
    with pytest.raises(UnexpectedError, match="the operation peek"):
        list(mistakes(grid, table, ["peek"]))
    del table.kinds["Note"]
    with pytest.raises(UnexpectedError, match="the entity Note"):
        list(mistakes(grid, table, ["get"]))
    crm.close()


def test_planted_faults_are_seen(sqlite_database: str, clock: Any) -> None:
    """Were a verb's check forgotten, or scope, gateway or a grant read wrongly, some cell would differ."""
    crm = CRM(sqlite_database, clock=clock)
    grid, table = build(crm), Table.read("sqlite")
    for name, (plant, trials) in FAULTS.items():
        with pytest.MonkeyPatch.context() as patch:
            plant(patch)
            crm.actors.clear()
            assert any(mistakes(grid, table, trials)), f"not seen: {name}"
        crm.actors.clear()
    crm.close()
    assert len(FAULTS) >= 15
