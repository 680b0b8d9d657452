"""The routes of a face: a method, a path and a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from pycrm.http.face import Face

if TYPE_CHECKING:
    from pycrm.http.answer import Answer
    from pycrm.http.call import Call

__all__ = ["SAFE", "Route"]

#: The methods that change nothing, and so need no proof that one of our own pages sent them.
SAFE = frozenset(("GET", "HEAD"))


@attrs.frozen
class Route:
    """What is done when a path is asked for by a method.

    Args:
        method: ``GET``, ``POST``, ``PUT``, ``PATCH`` or ``DELETE``; ``HEAD`` is answered by ``GET``.
        path: concrete words and parameters, ``/customers/{id:str}``.
        act: called in a thread with the call; its errors are told by the face.
        face: whose route it is.
        is_open: whether somebody may ask who has not signed in; `Call.visitor` may be None then.
        is_unchanged: whether somebody may ask whose password is temporary.
        is_vital: whether it is answered under any host and apart from the crowd, or told to be busy after a second and
            a half.
        body: the most bytes of the request, where they are more than the settings say.
        about: what documents tell of it, as the face needs it.
    """

    method: str
    path: str
    act: Callable[[Call], Answer]
    face: Face
    is_open: bool = False
    is_unchanged: bool = False
    is_vital: bool = False
    body: int | None = None
    about: Any = None
