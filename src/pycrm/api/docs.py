"""Swagger UI over the document, from files on this machine: nothing is asked of anybody outside.

The files are those of the package ``swagger-ui-py``, which the extra ``docs`` installs, or of any distribution of
Swagger UI that `Settings.docs` names. They are no part of what is served unless somebody says so. Of that package
nothing is imported: its files are all that is wanted of it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pycrm.api.entity import BASE
from pycrm.errors import DeclarationError
from pycrm.http import Answer, Call, Face, Route

__all__ = ["installed", "routes"]

# Of our own origin as everywhere, and besides the pictures that its style sheet holds within itself.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)

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
<link rel="icon" href="data:,">
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


def installed() -> Path:
    """The folder of Swagger UI that the extra ``docs`` installs.

    Raises:
        DeclarationError: it is not installed.
    """
    found = importlib.util.find_spec("swagger_ui")
    if found is None or found.origin is None:
        raise DeclarationError("the page of the documents needs Swagger UI: pip install 'pycrm[docs]'")
    return Path(found.origin).parent / "static"


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
    return Answer.html(_PAGE).with_header("content-security-policy", _POLICY)


def _start(call: Call) -> Answer:
    """What shows the document in the page; a script of its own, since none stands in pages."""
    return Answer(body=_START.encode(), media=_KINDS["swagger-ui-bundle.js"])


def _file(path: Path, media: str, call: Call) -> Answer:
    """A file of the distribution, which browsers may keep for a day."""
    return Answer(body=path.read_bytes(), media=media, cached="public, max-age=86400")
