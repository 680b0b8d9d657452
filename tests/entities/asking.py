"""Acts that are refused, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pycrm import (
    CRM,
    RefusedError,
    Session,
)


def refused(crm: CRM, act: Callable[[Session], object], kind: type[RefusedError], who: Any = "rep_a") -> Any:
    """The refusal of an act."""
    with pytest.raises(kind) as found, crm.session(who) as session:
        act(session)
    return found.value


def places(error: RefusedError) -> list[str]:
    """The paths that a refusal names."""
    return [one.path for one in error.fields]
