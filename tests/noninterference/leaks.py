"""All planted leaks, each named after the channel that it opens."""

from __future__ import annotations

from . import leaks_adding, leaks_foreseeing, leaks_past, leaks_reading, leaks_rights, leaks_searching
from .planting import FOCUS, LEAKS

__all__ = [
    "FOCUS",
    "LEAKS",
    "leaks_adding",
    "leaks_foreseeing",
    "leaks_past",
    "leaks_reading",
    "leaks_rights",
    "leaks_searching",
]
