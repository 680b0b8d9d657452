"""What the two faces over HTTP differ in: where acts come from, how people come in, how errors look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pycrm.credential.model import Access
from pycrm.errors import ForbiddenError, RefusedError
from pycrm.http.answer import Answer
from pycrm.http.problem import broken, problem, refusal
from pycrm.scope.actor import Source

if TYPE_CHECKING:
    from pycrm.http.call import Call

__all__ = ["Face", "MustChangeError"]


class MustChangeError(ForbiddenError):
    """The person has to choose a password before anything else."""


@attrs.frozen
class Face:
    """One way of speaking HTTP; a subclass says how its errors look.

    Args:
        source: what the history says of acts that come in by it.
        accesses: by what people come in.
    """

    source: Source = Source.REST
    accesses: frozenset[Access] = frozenset((Access.TOKEN, Access.BROWSER))

    def refused(self, call: Call, error: RefusedError) -> Answer:
        """The answer where the rules say no."""
        return refusal(error)

    def broken(self, call: Call, error: BaseException) -> Answer:
        """The answer where something failed: it may tell the request id and nothing else."""
        return broken(error, call.request)

    def unknown(self, call: Call, status: int, code: str, message: str | None = None) -> Answer:
        """The answer where no verb was asked at all: no such path, not by this method, too large."""
        return problem(status, code, message)
