"""Faults to plant in searching, each of which the comparison with the reference must see."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from pycrm.revision import add
from pycrm.scope import search, sought
from pycrm.scope.hits import MANY, Hits, Look
from pycrm.scope.predicate import Path

Plant = Callable[[pytest.MonkeyPatch], None]

# Each hit looked up by its key, and all of the list among the hits.
BY_KEY, AMONG = Look(0, MANY), Look(0, MANY + 1)


def hits_unlooked(patch: pytest.MonkeyPatch) -> None:
    """What the index gives is taken without another look."""
    patch.setattr(sought.Sought, "within", lambda self, texts, dialect: sa.true())


def rest_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nothing comes after the first piece of the list."""
    walked = search.Search._walked

    def short(self: Any, most: int, limit: int, place: Any) -> Any:
        return (*walked(self, most, limit, place)[:2], 0)

    patch.setattr(search.Search, "_walked", short)


def hits_in_any_order(patch: pytest.MonkeyPatch) -> None:
    """What the index gives is sorted the wrong way round."""
    looked = search.Search._looked

    def turned(self: Any, *given: Any) -> Any:
        later, found = looked(self, *given)
        return later, found and found[::-1]

    patch.setattr(search.Search, "_looked", turned)


def added_unentered(patch: pytest.MonkeyPatch) -> None:
    """New records are not entered in the index."""
    patch.setattr(add, "enter", lambda *given: None)


def case_counts(patch: pytest.MonkeyPatch) -> None:
    """Capitals are sought as capitals."""
    patch.setattr(sought, "fold", str)


def any_word(patch: pytest.MonkeyPatch) -> None:
    """The first word alone is looked for."""
    made = sought.Sought
    patch.setattr(sought, "Sought", lambda words, columns: made(words[:1], columns))


def _reaching(patch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    few = Hits.few

    def other(self: Any, look: Look) -> Any:
        asked = copy(self.asked)
        asked.scope = change(asked.scope)
        return few(attrs.evolve(self, asked=asked), look)

    patch.setattr(Hits, "few", other)


def hits_beyond_reach(patch: pytest.MonkeyPatch) -> None:
    """What the index gives is not held against the scope."""
    everything = (Path(sa.true()),)
    _reaching(patch, lambda scope: attrs.evolve(scope, where=sa.true(), paths=everything, values={}))


def hits_by_one_way(patch: pytest.MonkeyPatch) -> None:
    """What the index gives is held against the first way of reach alone."""
    _reaching(patch, lambda scope: attrs.evolve(scope, where=scope.paths[0].where, paths=scope.paths[:1]))


def hits_of_every_page(patch: pytest.MonkeyPatch) -> None:
    """A later page takes the hits from the beginning."""
    few = Hits.few
    patch.setattr(Hits, "few", lambda self, look: few(attrs.evolve(self, beyond=None), look))


def hits_cut_off(patch: pytest.MonkeyPatch) -> None:
    """Of too many hits the first few are taken for the answer."""
    counted = Hits.counted

    def enough(self: Any, most: int, gate: Any = None) -> Any:
        found, _ = counted(self, most - 1, gate)
        return found, sa.literal_column("0")

    patch.setattr(Hits, "counted", enough)


FAULTS = (hits_unlooked, rest_forgotten, added_unentered, case_counts, any_word)
FAULTS_OF_HITS = (
    *((hits_in_any_order, BY_KEY), (hits_beyond_reach, BY_KEY), (hits_beyond_reach, AMONG)),
    *((hits_by_one_way, AMONG), (hits_of_every_page, BY_KEY), (hits_of_every_page, AMONG)),
    (hits_cut_off, Look(0, 2)),
)
