"""What a record's book leads to, played from its beginning: pycrm itself goes back from what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pycrm import Revision
from pycrm.declare.row import layout
from pycrm.revision.history import rows_of, value_then

__all__ = ["replay"]

# With these a record begins, and no change says so.
_AT_FIRST: dict[str, Callable[[Any], Any]] = {
    "archived_at": lambda record: None,
    "stage_at": lambda record: record.created_at,
    "stage_config": lambda record: None,
}


def replay(record: Any, past: Sequence[Revision]) -> Any:
    """The value that these revisions, oldest first, lead to.

    What a record repeats or keeps of others (`mirrors`, `keeps_latest`) has no revision of its own and
    stays as it is now.
    """
    cls = type(record)
    state = {change.path: change.new for one in past for change in one.changes}
    last = past[-1]
    values: dict[str, Any] = {"version": last.version, "updated_at": last.at, "updated_by": last.by}
    for spec in cls.__specs__.values():
        if spec.child is not None:
            values[spec.name] = rows_of(cls, spec, record.id, state)
        elif spec.name in _AT_FIRST and spec.name not in state:
            values[spec.name] = _AT_FIRST[spec.name](record)
        elif (
            spec.name not in cls.mirrors
            and spec.name not in cls.keeps_latest
            and (not spec.derived or spec.name in state)
        ):
            empty = [] if spec.kind.name == "texts" and not spec.nullable else None
            values[spec.name] = value_then(spec, state.get(spec.name, empty))
    return layout(cls).copy(record, values)
