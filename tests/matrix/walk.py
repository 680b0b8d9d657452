"""Trying every operation for every person with every record, and what came of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zlib import crc32

import attrs

from pycrm.declare.policy import Private
from pycrm.plugin import CUSTOM

from .grid import ASKERS, OWNERS, RELATIONS, Asker, Grid
from .trials import ABSENT, ALLOWED, TRIALS, Case, Trial, came_of

GIVERS = ("own", *(name for name in OWNERS if name not in ("shared", "lent")))


@attrs.frozen
class Pair:
    """One cell of the matrix: an operation, a person, and a record of some kind in some relation."""

    trial: str
    role: str
    is_granted: bool
    entity: str
    relation: str

    def __str__(self) -> str:
        grant = "granted" if self.is_granted else "bare"
        return f"{self.trial} by {self.role} ({grant}) of {self.entity} {self.relation}"


class _UndoneError(Exception):
    """Thrown to undo what was allowed."""


def entities(grid: Grid) -> list[str]:
    """Every record and facet of the CRM, from its registry.

    But for the facets of fields that were added at run time, and for what is its writer's alone, whatever the
    reach of others: these have tests of their own.
    """
    crm = grid.crm
    facets = (one for cls in crm.records() for one in crm.facets_of(cls))
    declared = [one for one in facets if not one.__tablename__.startswith(f"{CUSTOM}_")]
    records = [one for one in crm.records() if not isinstance(one.__scope__, Private)]
    return [cls.__name__ for cls in (*records, *declared)]


def cases(grid: Grid, one: Trial, asker: Asker) -> Iterator[Case]:
    """Everything that one person tries an operation with."""
    if one.over == "person":
        yield Case(grid, asker, "-", "-")
    elif one.over == "giver":
        yield from (Case(grid, asker, "-", name) for name in GIVERS)
    else:
        for entity in one.entities or entities(grid):
            if not one.facets and grid.crm.record(entity).__facet_of__ is not None:
                continue
            if one.over == "class":
                yield Case(grid, asker, entity, "-")
            else:
                yield from (Case(grid, asker, entity, name) for name in grid.relations(entity))


def pair_of(one: Trial, case: Case) -> Pair:
    """The cell that a case is."""
    return Pair(one.name, case.asker.role, case.asker.is_granted, case.entity, case.relation)


def tried(session: Any, one: Trial, case: Case) -> str:
    """What comes of one trial; what it wrote is undone."""
    if not one.writes:
        return came_of(lambda: one.call(session, case))
    found = ""
    try:
        with session.attempt():
            found = came_of(lambda: one.call(session, case))
            raise _UndoneError
    except _UndoneError:
        return found


def _listed(session: Any, one: Trial, asked: list[Case]) -> Iterator[tuple[Case, str]]:
    """One question for all records of a class: which of them the answer holds."""
    ids: set[Any] = set()
    refused = came_of(
        lambda: ids.update(UUID(str(_id(each))) for each in one.call(session, asked[0])) or True
    )
    for case in asked:
        yield case, refused if refused != ALLOWED else ALLOWED if case.record.id in ids else ABSENT


def _id(value: Any) -> Any:
    return UUID(bytes=value) if isinstance(value, bytes) else value


def answers(
    grid: Grid, names: Any = None, askers: Any = ASKERS, share: int = 1
) -> Iterator[tuple[Pair, str]]:
    """Every cell of the matrix with what came of it, or one of so many; nothing stays."""
    for asker in askers:
        for writes in (False, True):
            trials = [
                one for one in TRIALS.values() if one.writes is writes and (not names or one.name in names)
            ]
            opened = grid.crm.session(asker.login) if writes else grid.crm.view(asker.login)
            try:
                with opened as session:
                    for one in trials:
                        yield from _of(grid, session, one, asker, share)
                    raise _UndoneError
            except _UndoneError:
                pass


def _of(grid: Grid, session: Any, one: Trial, asker: Asker, share: int) -> Iterator[tuple[Pair, str]]:
    asked = [case for case in cases(grid, one, asker) if _is_chosen(pair_of(one, case), share)]
    if one.over != "list":
        yield from ((pair_of(one, case), tried(session, one, case)) for case in asked)
        return
    for entity in dict.fromkeys(case.entity for case in asked):
        some = [case for case in asked if case.entity == entity]
        yield from ((pair_of(one, case), came) for case, came in _listed(session, one, some))


def _is_chosen(pair: Pair, share: int) -> bool:
    """Whether a cell is among those that are walked: by its name, so that no kind of cell is left out."""
    return crc32(repr(pair).encode()) % share == 0


__all__ = ["GIVERS", "RELATIONS", "Pair", "answers", "cases", "entities", "pair_of", "tried"]
