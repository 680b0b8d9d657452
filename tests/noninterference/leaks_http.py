"""Leaks of the REST face itself, each planted by a patch of what answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pycrm.api import read
from pycrm.api.plain import plain
from pycrm.errors import ForbiddenError, NotFoundError
from pycrm.http import Answer, Call

__all__ = ["HTTP_LEAKS"]

HTTP_LEAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {}


def _planted(function: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    HTTP_LEAKS[function.__name__] = function
    return function


def _everything(session: Any) -> Any:
    """A session of the product itself on the same database."""
    return session.crm.view(session.crm.system("a planted leak"))


@_planted
def included_unseen(patch: pytest.MonkeyPatch) -> None:
    """What a link leads to is answered with the record, whoever may see it."""
    some = read._some

    def leaking(session: Any, cls: Any, ids: Any) -> Any:
        with _everything(session) as whole:
            return some(whole, cls, ids)

    patch.setattr(read, "_some", leaking)


@_planted
def hidden_is_forbidden(patch: pytest.MonkeyPatch) -> None:
    """A hidden record is refused in other words than a missing one."""
    found = read.found

    def leaking(session: Any, entity: Any, call: Call) -> Any:
        try:
            return found(session, entity, call)
        except NotFoundError:
            with _everything(session) as whole:
                found(whole, entity, call)
            raise ForbiddenError("it is not yours to see") from None

    patch.setattr(read, "found", leaking)


@_planted
def list_with_total(patch: pytest.MonkeyPatch) -> None:
    """A list says in a header how many records there are."""
    listed = read.list_

    def leaking(entity: Any, call: Call) -> Answer:
        with call.crm.view(call.crm.system("a planted leak")) as whole:
            total = whole.count(entity.cls)
        return listed(entity, call).with_header("x-total-count", str(total))

    patch.setattr(read, "list_", leaking)


@_planted
def history_unseen(patch: pytest.MonkeyPatch) -> None:
    """The history is told whoever asks."""

    def leaking(entity: Any, call: Call) -> Answer:
        with call.crm.view(call.crm.system("a planted leak")) as whole:
            return Answer.json({"items": plain(whole.history(read.found(whole, entity, call)))})

    patch.setattr(read, "history", leaking)


@_planted
def counted_unseen(patch: pytest.MonkeyPatch) -> None:
    """Counting counts what others have."""

    def leaking(entity: Any, call: Call) -> Answer:
        with call.crm.view(call.crm.system("a planted leak")) as whole:
            return Answer.json({"count": whole.count(entity.cls), "more": False})

    patch.setattr(read, "count", leaking)
