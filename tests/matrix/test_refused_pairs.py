"""Whatever the matrix refuses changes no table (T14): each pair is tried, and all tables compared."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from evidence import keep
from house import contents

from pycrm import CRM, RefusedError
from pycrm.session import act

from .grid import ASKERS, Grid, build
from .table import Table
from .trials import ABSENT, ALLOWED, TRIALS, Case
from .walk import cases, pair_of

EXAMPLE = "one cell that the matrix refuses, tried twice, and all tables compared"
SEED = 20260630
# That somebody acted, looked or was told of a hidden value stays, though the act itself was undone.
AUDIT = {"crm_elevation", "crm_probe", "crm_access"}
# So many refusals between two comparisons; where these differ, each is tried by itself.
AT_ONCE = 40

Refused = tuple[str, Case]


def unaudited(crm: CRM) -> dict[str, list[str]]:
    """Every row of every table but those of the audit, read past the session."""
    return contents(crm, crm.metadata.tables.keys() - AUDIT)


def refused_pairs(grid: Grid) -> list[Refused]:
    """Every cell that the table refuses, as what to try; a list without the record is no refusal."""
    table = Table.read(grid.crm.store.dialect)
    return [
        (one.name, case)
        for one in TRIALS.values()
        for asker in ASKERS
        for case in cases(grid, one, asker)
        for answer in [table.answer(pair_of(one, case))]
        if answer != ALLOWED and not (one.over == "list" and answer == ABSENT)
    ]


def attempt(grid: Grid, refused: Refused, caught: bool) -> None:
    """Try what is refused, in a session of its own: the refusal ends it, or its caller goes on."""
    name, case = refused
    one, login = TRIALS[name], case.asker.login
    # What reads is tried in a session that only reads: an import opens writing ones of its own.
    opened = grid.crm.session(login) if one.writes else grid.crm.view(login)
    with suppress(RefusedError), opened as session:
        try:
            one.call(session, case)
        except RefusedError:
            if not caught:
                raise


def left_behind(grid: Grid, pairs: list[Refused], caught: bool) -> Iterator[str]:
    """The refusals that changed a table, and which."""
    before = unaudited(grid.crm)
    for start in range(0, len(pairs), AT_ONCE):
        some = pairs[start : start + AT_ONCE]
        for one in some:
            attempt(grid, one, caught)
        after = unaudited(grid.crm)
        if after != before:
            changed = [name for name in after if after[name] != before[name]]
            tried = "; ".join(str(pair_of(TRIALS[name], case)) for name, case in some)
            yield f"{', '.join(changed)} changed by one of: {tried}"
            before = after


def spread(pairs: list[Refused], number: int) -> list[Refused]:
    """Some of the pairs, of every operation."""
    drawn = random.Random(SEED).sample(pairs, len(pairs))
    by_name = {name: [pair for pair in drawn if pair[0] == name] for name in TRIALS}
    turns = itertools.zip_longest(*by_name.values())
    return [pair for turn in turns for pair in turn if pair is not None][:number]


@pytest.mark.parametrize("caught", [False, True], ids=["raised", "caught"])
def test_a_refused_pair_changes_no_table(crm: CRM, caught: bool) -> None:
    """Of each operation some refusals are tried, and leave every table as it was."""
    grid = build(crm)
    assert list(left_behind(grid, spread(refused_pairs(grid), 200), caught)) == []


def test_an_act_that_writes_before_it_checks_is_seen(sqlite_database: str, clock: Any) -> None:
    """Were an act noted in a transaction of its own before anybody looked whether it may be, it would show."""
    crm = CRM(sqlite_database, clock=clock)
    grid = build(crm)
    pairs = [pair for pair in refused_pairs(grid) if pair[0] in ("change", "archive")][:20]
    assert list(left_behind(grid, pairs, False)) == []
    with pytest.MonkeyPatch.context() as patch:
        _written_first(patch)
        assert list(left_behind(grid, pairs, False)) != []
    crm.close()


def _written_first(patch: pytest.MonkeyPatch) -> None:
    enter = act.Act.__enter__

    def noting(self: Any) -> None:
        enter(self)

        def stay() -> None:
            with self._session.crm.store.connect() as connection:
                connection.execute(sa.text("DELETE FROM crm_note"))

        self._session.transaction.after_rollback.append(stay)

    patch.setattr(act.Act, "__enter__", noting)


@pytest.mark.torture
@pytest.mark.timeout(0)
def test_every_refused_pair_changes_no_table(crm: CRM) -> None:
    """Every cell that is refused is tried twice, and the figures are kept as evidence."""
    grid = build(crm)
    pairs, failures = refused_pairs(grid), 0
    try:
        for caught in (False, True):
            found = list(left_behind(grid, pairs, caught))
            failures += len(found)
            assert found == []
    finally:
        figures = {"database": crm.store.dialect, "seed": SEED, "examples": len(pairs), "failures": failures}
        keep("T14", EXAMPLE, len(pairs), figures)
