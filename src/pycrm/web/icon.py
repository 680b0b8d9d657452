"""The icons: strokes in a square of 24, drawn inside the page so that none costs a request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from markupsafe import Markup

__all__ = ["icon"]

_STROKES: Mapping[str, str] = MappingProxyType(
    {
        "home": "M3 11 12 4l9 7M5 10v10h5v-6h4v6h5V10",
        "people": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.3a3.5 3.5 0 0 1 0 6.4"
        "M18 14.2a6.5 6.5 0 0 1 3.5 5.8",
        "spark": "M12 3v5M12 16v5M3 12h5M16 12h5M6 6l3 3M15 15l3 3M18 6l-3 3M9 15l-3 3",
        "board": "M4 4h4v16H4zM10 4h4v10h-4zM16 4h4v13h-4z",
        "deal": "M4 7h16v12H4zM9 7V4h6v3M4 12h16",
        "check": "M4 12.5 9.5 18 20 6.5",
        "chat": "M4 5h16v11H9l-5 4z",
        "hand": "M12 21s-8-4.6-8-10.5A4.4 4.4 0 0 1 12 8a4.4 4.4 0 0 1 8 2.5C20 16.4 12 21 12 21z",
        "box": "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
        "inbox": "M4 4h16v16H4zM4 14h5l1.5 2.5h3L15 14h5",
        "chart": "M4 4v16h16M8 16v-5M12 16V8M16 16v-7M20 16v-3",
        "calendar": "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
        "puzzle": "M10 4a2 2 0 0 1 4 0v2h4v4h2a2 2 0 0 1 0 4h-2v6h-6v-2a2 2 0 0 0-4 0v2H4v-6h2a2 2 0 0 0 0-4H4V6h6z",
        "swap": "M4 8h14l-4-4M20 16H6l4 4",
        "tree": "M9 3h6v5H9zM3 16h6v5H3zM15 16h6v5h-6zM12 8v4M6 16v-4h12v4",
        "key": "M8 16a4 4 0 1 1 3.5-6H21v4h-3v3h-3v-3h-3.5A4 4 0 0 1 8 16z",
        "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
        "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
        "plus": "M12 5v14M5 12h14",
        "moon": "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
        "language": "M4 6h9M8.5 4v2M11 6c-.7 4-3 7-7 8.5M6 9c1 2.5 3 4.5 6 5.5M12 20l4.5-10L21 20M13.5 17h6",
        "menu": "M4 7h16M4 12h16M4 17h16",
        "edit": "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
        "phone": "M6 3h4l1.5 5-2.5 2a12 12 0 0 0 5 5l2-2.5 5 1.5v4a2 2 0 0 1-2 2A17 17 0 0 1 4 5a2 2 0 0 1 2-2z",
        "mail": "M3 5h18v14H3zM3 7l9 6 9-6",
        "pin": "M12 21s-7-6.5-7-11.5a7 7 0 0 1 14 0C19 14.5 12 21 12 21M12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
        "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2",
        "history": "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2",
        "shield": "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
        "note": "M5 3h10l4 4v14H5zM9 12h6M9 16h6",
        "upload": "M12 15V4M7 9l5-5 5 5M4 20h16",
        "download": "M12 4v11M7 11l5 5 5-5M4 20h16",
        "down": "M6 9l6 6 6-6",
        "right": "M9 6l6 6-6 6",
        "close": "M6 6l12 12M18 6 6 18",
        "filter": "M4 5h16l-6 8v5l-4 2v-7z",
        "columns": "M4 5h16v14H4zM10 5v14M15 5v14",
        "star": "M12 4l2.5 5.2 5.5.8-4 4 1 5.7-5-2.7-5 2.7 1-5.7-4-4 5.5-.8z",
        "eye": "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
        "out": "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
        "gear": "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1"
        "M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1",
        "warn": "M12 4l9 16H3zM12 10v5M12 17.5v.5",
        "hexagon": "M12 2.5l8.2 4.750v9.5L12 21.5l-8.2-4.750v-9.5z",
    }
)


@cache
@cache
def icon(name: str) -> Markup:
    """An icon by its name; one that there is none of is the puzzle piece of plugins."""
    strokes = _STROKES.get(name) or _STROKES["puzzle"]
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>').format(
        strokes
    )
