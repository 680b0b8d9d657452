"""What a move brings about besides the stage: declared as data, applied by the session in the same act.

A state chart does nothing by itself. It says which effects a move has, and so does an action of a
plugin; whether they are applied or thrown away is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from pycrm.pipeline.gate import Use, frozen_values, normal

__all__ = [
    "EFFECTS",
    "KEYS",
    "TODAY",
    "AddTask",
    "Effect",
    "Emit",
    "SetField",
    "StartAmendment",
    "effects",
]

TODAY: Final = "<today>"
"""As the value of a date: the business day of the move."""


@attrs.frozen
class AddTask:
    """A task that belongs to the record.

    It is the record's owner who does it, where the mover may assign tasks to that person, else the
    mover.

    Args:
        title: what is to be done.
        days: how many calendar days after the move it is due, at the same time of day.
        priority: ``low``, ``normal`` or ``high``.
    """

    title: str = attrs.field(converter=normal)
    days: int = 1
    priority: str = "normal"


@attrs.frozen
class SetField:
    """A value that a field of the record gets, whoever may write the field otherwise.

    Args:
        field: the name of the field; no key field, which changes by an amendment.
        value: as JSON has it, or `TODAY`; None empties the field.
    """

    field: str
    value: Any = None


@attrs.frozen
class StartAmendment:
    """An amendment of key fields, opened in the mover's name.

    Args:
        values: fields and the values that are proposed, as JSON has them.
        because: the reason.
    """

    values: Mapping[str, Any] = attrs.field(converter=frozen_values, hash=False)
    because: str = attrs.field(converter=normal)


@attrs.frozen
class Emit:
    """An event, which the plugins that observe the move are told of with it.

    Args:
        event: its name, such as ``exam.ready``.
    """

    event: str


Effect = AddTask | SetField | StartAmendment | Emit
EFFECTS: Final = (AddTask, SetField, StartAmendment, Emit)
KEYS: Final[Mapping[type, str]] = {
    AddTask: "task",
    SetField: "set",
    StartAmendment: "amend",
    Emit: "emit",
}


def effects(given: str | Effect | Use | Iterable[str | Effect | Use]) -> tuple[Effect | Use, ...]:
    """Effects as a tuple; a lone name is an action of a plugin."""
    listed: Iterable[Any] = (given,) if isinstance(given, str | Use | Effect) else given
    return tuple(Use(one) if isinstance(one, str) else one for one in listed)
