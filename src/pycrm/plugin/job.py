"""What a plugin does by itself when the time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from pycrm.session import Session

__all__ = ["Job"]


def _one(session: Session) -> Iterable[Any]:
    return (None,)


@attrs.frozen
class Job:
    """Work of a plugin that becomes due: ``pycrm jobs run`` asks what is due, and does each by itself.

    It runs as the product itself (`CRM.system`). Each item has a session and a transaction of its own, so
    that what refuses one keeps back no other, and whatever was done before an interruption stays done.

    Args:
        name: what it is, with the plugin's prefix: ``supervision.logs``.
        act: does one item: ``act(session, item)``.
        due: the items that are due at ``session.now``; what is done is not due any more. Without it
            there is one, None.
        daily: asked for once a business day, until all that was due has been done. For work that could
            always be done again, such as looking at everything anew.

    >>> Job("exam.sheets", act=lambda session, item: None, daily=True).name
    'exam.sheets'
    """

    name: str
    act: Callable[[Session, Any], object] = attrs.field(kw_only=True)
    due: Callable[[Session], Iterable[Any]] = attrs.field(default=_one, kw_only=True)
    daily: bool = attrs.field(default=False, kw_only=True)
