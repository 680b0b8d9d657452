"""What can go wrong, in three families.

`DeclarationError` is the author's mistake and stops the start-up. `RefusedError` is the rules saying
no: safe to show to the person who asked, and it carries what that person needs to go on.
`StoreError` is the world being broken: a database that is gone, locked or not what we left there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

__all__ = [
    "AlreadyDoneError",
    "AmendmentRequiredError",
    "AroundError",
    "CRMError",
    "ConflictError",
    "DeclarationError",
    "ForbiddenError",
    "HeldError",
    "InvalidError",
    "MoveError",
    "NoSpaceError",
    "NotFoundError",
    "NotReadError",
    "Problem",
    "RefusedError",
    "SignInError",
    "StaleError",
    "StoreError",
    "TooManyError",
    "UnknownOutcomeError",
]


class CRMError(Exception):
    """The root of every error that pycrm raises on purpose."""


class DeclarationError(CRMError):
    """A record, plugin, pipeline or setting is declared in a way that cannot work."""


class StoreError(CRMError):
    """The database is missing, of another shape than expected, or was reached around the session."""


class AroundError(StoreError):
    """A statement was sent around the session, to an engine that takes none but those of the gateway."""


class NoSpaceError(StoreError):
    """The disk of the database is full: nothing was written, and the same act succeeds once there is space.

    `status` is the HTTP status that says so.
    """

    status: ClassVar[int] = 507


class UnknownOutcomeError(StoreError):
    """The connection broke during a commit: whether the act took effect is not known.

    Done again with the same operation id it takes effect or raises `AlreadyDoneError`; without one it
    may take effect twice.
    """


class NotReadError(CRMError, AttributeError):
    """A field was not read: it is hidden from this reader or was not asked for."""


@attrs.frozen
class Problem:
    """One thing wrong with one place of the input.

    `path` names the place from the outside in, joined by slashes (``lines/2/qty``); `code` is a
    stable word for programs (``required``, ``type``, ``unknown``, ``range``, ``format``, ``rule``);
    `message` is a sentence for people.
    """

    path: str
    code: str
    message: str


class RefusedError(CRMError):
    """The rules say no. Nothing was written.

    `code` is one of the eight words that every face shares (over HTTP there are two more), `status` the HTTP status and
    `exit_code` the exit code of the command line that belong to it. `fields` holds every problem
    found, `data` whatever the caller needs in order to go on.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    exit_code: ClassVar[int] = 5

    def __init__(
        self,
        message: str,
        *,
        fields: Iterable[Problem] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = tuple(fields)
        self.data: Mapping[str, Any] = MappingProxyType(dict(data or {}))

    def as_dict(self) -> dict[str, Any]:
        """The one error shape of every face: code, message, fields, data."""
        return {
            "code": self.code,
            "message": self.message,
            "fields": [attrs.asdict(problem) for problem in self.fields],
            "data": dict(self.data),
        }


class InvalidError(RefusedError):
    """The input is wrong by itself: type, range, a missing or unknown field, a broken rule."""

    code, status, exit_code = "invalid", 422, 2


class NotFoundError(RefusedError):
    """There is no such record, or it lies outside the actor's scope; the two are the same answer."""

    code, status, exit_code = "not_found", 404, 4


class ForbiddenError(RefusedError):
    """The record is visible, but this act on it is not granted."""

    code, status, exit_code = "forbidden", 403, 3


class ConflictError(RefusedError):
    """The act collides with something that is already there: a claimed value, a cycle, a quota."""

    code, status, exit_code = "conflict", 409, 5


class AlreadyDoneError(ConflictError):
    """This operation id has taken effect before; `data["revision"]` is the revision it wrote."""


class StaleError(RefusedError):
    """The record moved on since it was read; `data` carries the version read and the current one."""

    code, status, exit_code = "stale", 409, 5


class MoveError(RefusedError):
    """A stage gate is not met; `data["missing"]` lists every unmet requirement."""

    code, status, exit_code = "gate", 409, 6


class AmendmentRequiredError(RefusedError):
    """A key field changes only by an amendment; `data["current"]` holds the current values."""

    code, status, exit_code = "amendment_required", 409, 6


class HeldError(RefusedError):
    """The record is on hold; `data` says by what and who can release it."""

    code, status, exit_code = "held", 409, 6


class SignInError(RefusedError):
    """Nobody is known by what was shown: no session, no token, or a wrong name or password.

    Only where people come in over HTTP; the same for names that there are and that there are not.
    """

    code, status, exit_code = "sign_in", 401, 3


class TooManyError(RefusedError):
    """Asked too often: `data["seconds"]` says after how many it may be tried again."""

    code, status, exit_code = "too_many", 429, 5

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message, data={"seconds": seconds})
