"""Errors as `application/problem+json` (RFC 9457), in the one shape that every face shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycrm.errors import CRMError, NoSpaceError, RefusedError, TooManyError
from pycrm.http.answer import Answer

__all__ = ["PROBLEM", "TITLES", "broken", "problem", "refusal"]

PROBLEM = "application/problem+json"

#: What each code means, in a few words; the code is the type of the problem.
TITLES: Mapping[str, str] = {
    "invalid": "The request holds something that is wrong.",
    "not_found": "There is no such record, or it is out of your sight.",
    "forbidden": "This act is not yours to do.",
    "conflict": "It collides with something that is already there.",
    "stale": "The record has changed since you read it.",
    "gate": "The stage asks for something that is missing.",
    "amendment_required": "A key field changes only by an amendment.",
    "held": "The record is on hold.",
    "sign_in": "Sign in first.",
    "too_many": "Too often: try again later.",
    "precondition": "Say which version you read.",
    "method": "Not in this way.",
    "too_large": "The request is too large.",
    "media_type": "The request is of a kind that is not taken here.",
    "host": "This server does not answer for that host.",
    "busy": "The server is busy: try again later.",
    "broken": "Something is broken; the request id finds it in the log.",
}


def problem(
    status: int,
    code: str,
    message: str | None = None,
    *,
    fields: Any = (),
    data: Mapping[str, Any] | None = None,
    request: str | None = None,
) -> Answer:
    """A problem by its code, one of `TITLES`."""
    told: dict[str, Any] = {
        "type": f"urn:pycrm:problem:{code}",
        "title": TITLES[code],
        "status": status,
        "code": code,
        "message": message or TITLES[code],
        "fields": list(fields),
        "data": dict(data or {}),
    }
    if request is not None:
        told["request"] = request
    made = Answer.json(told, status, media=PROBLEM)
    if status == 401:
        made.with_header("www-authenticate", 'Bearer realm="pycrm"')
    return made


def refusal(error: RefusedError) -> Answer:
    """The problem that a refusal is, with everything that is wrong at once."""
    told = error.as_dict()
    made = problem(
        error.status, error.code, told["message"], fields=told["fields"], data=_plain(told["data"])
    )
    if isinstance(error, TooManyError):
        made.with_header("retry-after", str(error.data["seconds"]))
    return made


def broken(error: BaseException, request: str) -> Answer:
    """The problem that a failure is: it tells nothing but under which id the log speaks of it."""
    status = error.status if isinstance(error, NoSpaceError) else 503 if _is_passing(error) else 500
    made = problem(status, "broken", request=request)
    return made.with_header("retry-after", "5") if status == 503 else made


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, CRMError) and type(error).__name__ == "StoreError"


def _plain(value: Any) -> Any:
    """What an error carries, as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
