"""What a move is judged by, and what is said of one that is not allowed yet."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs

from pycrm.errors import DeclarationError, MoveError, Problem
from pycrm.pipeline.gate import Need
from pycrm.pipeline.model import Move

__all__ = [
    "Facts",
    "Function",
    "Guard",
    "Requirement",
    "is_async",
    "is_filled",
    "objections",
    "refusal",
    "takes_session",
    "unbound",
    "words_of",
]

Guard = Callable[..., str | Sequence[str] | None]
"""Asked about a record before a move: None if it has no objection, else the reason or reasons.

Whatever parameters a move declares are given by name, and the mover's session to a guard that takes
`session`: what it finds there is what the mover sees.
"""

Function = Callable[..., Any]
"""A guard or an action of a plugin."""

Requirement = dict[str, str]
"""One thing that a move still needs, as plain data; its ``kind`` says what.

``field`` has ``name``, ``type`` and ``label``; ``record`` the ``name``, ``label`` and ``entity`` of a
`Need`; ``guard`` a ``name`` and a ``message``; ``region`` the ``name`` and ``label`` of what is not done
yet; ``approval`` the ``name`` of a flow; ``permission`` and ``reach`` a ``name``; ``days`` as ``name`` how
many days were given; ``reason``, ``owner`` and ``product``
nothing else.
"""

_COLLECTIONS = (list, tuple, set, frozenset, dict, MappingProxyType)
_WORDS = {
    "field": "{label} is missing",
    "record": "{label} is missing",
    "reason": "a reason is missing",
    "guard": "{message}",
    "region": "{label} is not done",
    "approval": "others have to agree ({name})",
    "permission": "the right to {name} is missing",
    "reach": "only who reaches a whole {name} may do it",
    "owner": "only its owner may do it",
    "product": "nobody does it by hand",
    "days": "it was possible for {name} days only",
}


def _days() -> int:
    return 0


def _permits(move: Move) -> Requirement | None:
    return None


def _counts(need: Need) -> int:
    return 0


# One is made for each card of a board, and a frozen one takes three times as long.
@attrs.define
class Facts:
    """What a move is judged by: the record as it would be written, and what was said about it.

    Args:
        values: field names and their values, with what the caller supplies in the same act.
        record: what guards are given; they get `values` where there is no record yet.
        reason: the comment, if any.
        days: how many calendar days the record has been in its stage.
        permits: what right the mover lacks for a move.
        count: how many records meet a need, as far as the mover sees them.
        is_approved: those who had to agree have agreed.
        session: of the mover, for guards that take it; they read in it and write nothing.
    """

    values: Mapping[str, Any]
    record: Any = None
    reason: str | None = None
    days: Callable[[], int] = _days
    permits: Callable[[Move], Requirement | None] = _permits
    count: Callable[[Need], int] = _counts
    is_approved: bool = False
    session: Any = None


def is_filled(value: Any) -> bool:
    """Whether a value says something: 0 and False do; None, blank text and empty collections do not."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if isinstance(value, _COLLECTIONS):
        return len(value) > 0
    return True


def refusal(label: str, move: Move, to: str, missing: list[Requirement]) -> MoveError:
    """The refusal of a move to the stage of that label, with all that it still needs."""
    needs = "; ".join(words_of(need) for need in missing)
    return MoveError(
        f"Not yet {label}: {needs}.",
        fields=[
            Problem(need["name"], "required", f"must be filled for {label}")
            for need in missing
            if need["kind"] == "field"
        ],
        data={"missing": missing, "move": move.key, "to": to},
    )


def words_of(need: Requirement) -> str:
    return _WORDS[need["kind"]].format_map({"label": need.get("name", ""), **need})


def unbound(*arguments: Any, **parameters: Any) -> Any:
    """Stands for guards and actions until a chart is given them."""
    raise DeclarationError("this chart was compiled without its guards and actions")


def is_async(function: Any) -> bool:
    """Whether calling a function gives something to be waited for."""
    while isinstance(function, partial):
        function = function.func
    forms = (function, getattr(function, "__call__", None))  # noqa: B004  # an instance with an async __call__
    return any(inspect.iscoroutinefunction(form) or inspect.isasyncgenfunction(form) for form in forms)


def takes_session(function: Any) -> bool:
    """Whether a guard asks for the mover's session."""
    try:
        return "session" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def objections(name: str, answer: object) -> Sequence[str]:
    """The reasons in the answer of a guard.

    Raises:
        DeclarationError: it is something else than None or reasons.
    """
    if answer is None:
        return ()
    reasons = [answer] if isinstance(answer, str) else answer
    if isinstance(reasons, list | tuple) and all(isinstance(one, str) and one.strip() for one in reasons):
        return reasons
    # A guard that says True, False or "" was written for another contract: guessing would open the gate.
    if inspect.iscoroutine(answer):
        answer.close()
    raise DeclarationError(f"guard {name} must answer None, a reason or a list of reasons, not {answer!r}")
