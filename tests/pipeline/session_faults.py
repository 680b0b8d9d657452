"""Faults to be planted into what sessions write and tell of moves; deals driven at random have to meet each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import attrs
import pytest

from pycrm.declare.row import layout
from pycrm.pipeline import entering, execute, judging, standing
from pycrm.revision.amendment import apply

__all__ = ["FAULTS", "Plant"]

Plant = Callable[[pytest.MonkeyPatch], None]

_entries, _system, _facts, _left_for = execute.entries, execute._system, judging.facts_of, standing._left_for
_allowed, _entry = judging._allowed, entering._entry


def _in(home: Any, name: str, fault: Any) -> Plant:
    return lambda monkeypatch: monkeypatch.setattr(home, name, fault)


def _without(*names: str) -> Any:
    def system(*given: Any) -> Any:
        return {name: value for name, value in _system(*given).items() if name not in names}

    return system


def _lets_all(*given: Any) -> Any:
    return [attrs.evolve(one, missing=()) for one in _allowed(*given)]


def _late(tx: Any, *given: Any) -> Any:
    made = _entry(tx, *given)
    return layout(type(made)).copy(made, {"at": given[0].created_at})


def _main_line(tx: Any, record: Any, visits: Any, reason: Any) -> Any:
    return _entries(tx, record, [one for one in visits if not one.region], reason)


FAULTS: dict[str, Plant] = {
    "a trial is not undone": _in(apply, "rehearsing", lambda tx: nullcontext()),
    "no stay is kept": _in(execute, "entries", lambda *given: []),
    "stays within stages are not kept": _in(execute, "entries", _main_line),
    "every stay begins with the record": _in(entering, "_entry", _late),
    "the time of entry stays": _in(execute, "_system", _without("stage_at")),
    "the stage stays": _in(execute, "_system", _without("stage")),
    "the stages within stay": _in(execute, "_system", _without("stage_config")),
    "whatever is declared is shown as allowed": _in(judging, "_allowed", _lets_all),
    "what comes with a move is not looked at": _in(
        execute, "facts_of", lambda tx, record, given, *rest: _facts(tx, record, {}, None, *rest[1:])
    ),
    "a listing knows no stages within": _in(
        judging, "standings", lambda tx, records: [standing.Standing((one.stage,)) for one in records]
    ),
    "nobody finds back": _in(standing, "_left_for", lambda past, key: (None, ())),
    "one returns to where it began": _in(
        standing, "_left_for", lambda past, key: (past[0], tuple(standing._leaves(past[0], past[0].at[""])))
    ),
}
