"""Children of a program of a test: each does one thing and says in JSON what came of it."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["begun", "ended"]


def begun(work: Callable[..., Any], *arguments: Any) -> tuple[int, int]:
    """Let a child do that: its id, and where it says what came of it."""
    ear, mouth = os.pipe()
    child = os.fork()
    if not child:
        try:
            told = json.dumps(work(*arguments)).encode()
            with os.fdopen(mouth, "wb") as said:
                said.write(told)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(mouth)
    return child, ear


def ended(child: int, ear: int) -> Any:
    """What a child said, once it has ended."""
    with os.fdopen(ear, "rb") as said:
        found = said.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit("a child failed")
    return json.loads(found)
