"""Swagger UI over the document, from files on this machine: nothing is asked of anybody outside.

The files are those of a distribution of Swagger UI (``swagger-ui-dist``), which `Settings.docs` names.
They are no part of what is served unless somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pycrm.api.entity import BASE
from pycrm.errors import DeclarationError
from pycrm.http import Answer, Call, Face, Route

__all__ = ["routes"]

_KINDS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pycrm: REST</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({ url: "openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null });
"""


def routes(folder: Path, face: Face) -> Iterator[Route]:
    """The page, its script, and the files of the distribution.

    Raises:
        DeclarationError: they are not in that folder.
    """
    missing = [name for name in _KINDS if not (folder / name).is_file()]
    if missing:
        raise DeclarationError(f"{folder} holds no Swagger UI: {', '.join(missing)} is missing")
    yield Route("GET", f"{BASE}/docs", _page, face, is_open=True)
    yield Route("GET", f"{BASE}/docs/start.js", _start, face, is_open=True)
    for name, media in _KINDS.items():
        yield Route("GET", f"{BASE}/docs/{name}", partial(_file, folder / name, media), face, is_open=True)


def _page(call: Call) -> Answer:
    """The page in which the document is read and tried."""
    return Answer.html(_PAGE)


def _start(call: Call) -> Answer:
    """What shows the document in the page; a script of its own, since none stands in pages."""
    return Answer(body=_START.encode(), media=_KINDS["swagger-ui-bundle.js"])


def _file(path: Path, media: str, call: Call) -> Answer:
    """A file of the distribution, which browsers may keep for a day."""
    return Answer(body=path.read_bytes(), media=media, cached="public, max-age=86400")
