"""Where the real data lie: in the folder that PYCRM_REALDATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["realdata"]


def realdata(*parts: str) -> Path:
    """A file or folder of the real data; the test is skipped, naming it, where it is not there."""
    folder = os.environ.get("PYCRM_REALDATA", "")
    wanted = "/".join(parts)
    if not folder:
        pytest.skip(f"{wanted}: PYCRM_REALDATA names no folder with the real data")
    path = Path(folder, *parts)
    if not path.exists():
        pytest.skip(f"{wanted} is not in the folder that PYCRM_REALDATA names")
    return path
