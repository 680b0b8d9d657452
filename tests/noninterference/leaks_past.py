"""Leaks of what was, to plant: S17 in all its ways; see `leaks_reading`."""

from __future__ import annotations

from typing import Any

import pytest

from pycrm.entities.org import FieldReading
from pycrm.revision import former, inquiry, redaction, revert
from pycrm.revision import history as past
from pycrm.revision.amendment import propose
from pycrm.session.unit import Unit

from .planting import HIDDEN, NO_SCOPE, through

_TOP: dict[str, Any] = {"rules": HIDDEN, "viewers": ("top",)}


@through("history", "history of a field", "history command", **_TOP)
def s17_history_whole(patch: pytest.MonkeyPatch) -> None:
    """History shows the values of hidden fields."""
    patch.setattr(inquiry, "redacted", lambda tx, revisions: list(revisions))


@through("history", "history of a field", "diff", "as of", "owners", "stages")
def s17_history_of_hidden(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds an old copy of a record reads on what becomes of it."""
    patch.setattr(Unit, "_in_sight", lambda self, record: record)


@through("as of", **_TOP)
def s17_past_whole(patch: pytest.MonkeyPatch) -> None:
    """A record as it was shows fields that are hidden now."""
    patch.setattr(redaction, "shown_then", lambda tx, record, moment: record)


@through("find as of", **_TOP)
def s17_list_of_the_past_whole(patch: pytest.MonkeyPatch) -> None:
    """A list as it was shows fields that are hidden now."""
    patch.setattr(former, "shown_then", lambda tx, record, moment: record)


@through("diff", **_TOP, events=("touch",))
def s17_diff_whole(patch: pytest.MonkeyPatch) -> None:
    """What differs between two moments tells of fields that are hidden."""
    patch.setattr(redaction, "reading", lambda tx, cls, path: FieldReading.PLAIN)


@through("history of a field", **_TOP, events=("touch",))
def s17_filtered_before_redaction(patch: pytest.MonkeyPatch) -> None:
    """Asking for the history of a hidden field tells when it changed."""

    def of_field(tx: Any, kin: Any, asked: Any, field: str) -> Any:
        for one in past.history(tx, kin, asked):
            if any(change.path == field for change in one.changes):
                yield from redaction.redacted(tx, [one])

    patch.setattr(inquiry, "_of_field", of_field)
    patch.setattr(inquiry, "_refuse_unknown", lambda tx, kin, field: None)


@through("find as of", "count as of", "sum as of")
def s17_list_of_the_past_without_scope(patch: pytest.MonkeyPatch) -> None:
    """A list as it was holds what has gone out of sight since."""

    def wide(tx: Any, cls: Any, conditions: Any = (), archived: bool = False) -> Any:
        asked = query(tx, cls, conditions, archived)
        asked.scope, asked.nothing = NO_SCOPE, False
        return asked

    query = former.query
    patch.setattr(former, "query", wide)


@through("revert", **_TOP, events=("touch",))
def s17_taken_back_whole(patch: pytest.MonkeyPatch) -> None:
    """Taking a revision back tells whether it, or one after it, touched fields that are hidden."""
    patch.setattr(revert, "redacted", lambda tx, revisions: list(revisions))


@through("amend on a later day", rules=("Party.name",))
def s17_overtaken_whole(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds an old copy of a record is told what a field that is hidden now says."""
    patch.setattr(propose, "is_shown", lambda tx, cls, name: True)
