"""What goes to another stage because time has passed, by the moves of its own pipeline (appendix A)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.entities.activity import Commitment
from pycrm.errors import RefusedError
from pycrm.forecast.stage import versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrm.app.crm import CRM
    from pycrm.session import Session

__all__ = ["run"]

_BROKEN_AFTER = timedelta(days=30)


@attrs.frozen
class _Ageing:
    """A move that is taken of all records which some condition over a day holds for."""

    cls: Any
    move: str
    condition: Callable[[date], Any]
    because: str


_AGEING = (
    _Ageing(
        Commitment,
        "break_off",
        lambda today: Commitment.due_on < today - _BROKEN_AFTER,
        "not kept 30 days after it was due",
    ),
)


def run(crm: CRM) -> tuple[int, tuple[str, ...]]:
    """Take the moves that are due, each in a transaction of its own: how many records went, and what refused."""
    actor = crm.system("stages that change with time")
    number, refused = 0, []
    for one in _AGEING:
        try:
            number += crm.run(actor, partial(_take, one))
        except RefusedError as error:
            # The pipeline may be one that the house has published, and ask for what nobody gave.
            refused.append(f"{one.cls.__name__}: {one.move}: {error.message}")
    return number, tuple(refused)


def _take(one: _Ageing, session: Session) -> int:
    today = session.crm.calendar_day(session.now)
    number = 0
    for pipeline in versions(session.transaction, one.cls):
        sources = [source for move in pipeline.moves if move.key == one.move for source in move.sources]
        if sources:
            at = (one.cls.pipeline == pipeline.key, one.cls.pipeline_version == pipeline.version)
            where = (*at, one.cls.stage.in_(sources), one.condition(today))
            number += session.move_where(one.cls, *where, to=one.move, because=one.because)
    return number
