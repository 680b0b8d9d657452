"""The OpenAPI document: it is valid, it is all that is served, and answers are as it says (T32, T34, T65)."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from pycrm import DeclarationError
from pycrm.api.docs import installed
from pycrm.http import Answer, Route
from pycrm.serve import application

from .browser import Browser
from .conftest import Served
from .documented import Document, Request, requests

BASE = "/api/v1"
#: What is served besides the REST face, and no document needs to tell.
UNTOLD = {("GET", "/healthz"), ("GET", "/readyz")}


def served_paths(app: Any) -> set[tuple[str, str]]:
    """Method and path of all that an application serves."""
    return {(one.method, one.path.replace(":str", "")) for one in app.desk.routes}


def document_of(browser: Browser) -> Document:
    """The document as this program is given it."""
    return Document(browser.get(f"{BASE}/openapi.json").data)


def small(document: Document, *words: str) -> dict[str, Any]:
    """The document with the paths of some kinds of record alone, and what these refer to."""
    paths = {path: item for path, item in document.data["paths"].items() if path.split("/")[3] in words}
    components, every = {"schemas": {}}, document.data["components"]
    waiting = [paths, every["responses"], every["securitySchemes"]]
    while waiting:
        for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(waiting.pop())):
            if name not in components["schemas"]:
                components["schemas"][name] = every["schemas"][name]
                waiting.append(every["schemas"][name])
    return document.data | {"paths": paths, "components": every | components}


def unused(app: Any, document: Document) -> set[tuple[str, str]]:
    """What is served and not told, or told and not served."""
    rest = {one for one in served_paths(app) if one[1].startswith("/api/") or one in UNTOLD}
    return rest ^ (set(document.operations) | UNTOLD)


def test_the_document_is_valid(served: Served) -> None:
    """Tools that read OpenAPI 3.1 read it; a reference to nothing would be told."""
    document = document_of(served.program("dir"))
    few = small(document, "roles", "inbox")
    assert [str(one)[:300] for one in OpenAPIV31SpecValidator(few).iter_errors()] == []
    few["paths"][f"{BASE}/inbox"]["get"]["responses"] = {"200": {"content": {}}}
    assert list(OpenAPIV31SpecValidator(few).iter_errors()) != []


@pytest.mark.torture
def test_the_whole_document_is_valid(served: Served) -> None:
    """The same of every path."""
    assert list(OpenAPIV31SpecValidator(document_of(served.program("dir")).data).iter_errors()) == []


def test_all_that_is_served_is_documented(served: Served) -> None:
    """Nothing is served that the document does not tell, and nothing told that is not served."""
    document = document_of(served.program("dir"))
    assert unused(served.app, document) == set()
    assert served.app.routes == [], "Litestar serves something of its own"
    secret = Route("GET", f"{BASE}/debug", lambda call: Answer.none(), served.app.desk.routes[0].face)
    planted = application(served.crm, more=[secret])
    assert unused(planted, document) == {("GET", f"{BASE}/debug")}
    planted.desk.close()


def test_nobody_is_told_of_a_field_that_is_hidden(served: Served) -> None:
    """The document of staff does not name what a product costs, in no schema; that of top management does."""
    top, staff = (document_of(served.program(login)) for login in ("dir", "rep_a"))
    names = [f"{prefix}Product" for prefix in ("", "New", "Changed")]
    for document, told in ((top, True), (staff, False)):
        fields = [document.data["components"]["schemas"][name]["properties"] for name in names]
        assert ["standard_cost" in some for some in fields] == [told] * 3


def fuzz(served: Served, logins: tuple[str, ...], number: int, seed: int, only: str = "") -> list[str]:
    """Send made-up requests as these people, and tell what broke or was not as documented.

    Args:
        only: those to addresses in which this stands.
    """
    wrong: list[str] = []
    for login in logins:
        browser = served.program(login)
        document = document_of(browser)
        ids = {
            schema: [one["id"] for one in browser.get(f"{BASE}/{word}").data.get("items", ())]
            for word, schema in (
                ("customers?size=5", "Customer"),
                # Those who ask go on asking: what they may happen to change is somebody else's.
                ("users?where=login:tech_1,mkt_1", "User"),
                ("sources?size=5", "Source"),
            )
        }
        for request in requests(document, Random(f"{seed} {login}"), ids, number):
            if only in request.target:
                wrong += _tried(browser, document, request)
    return wrong


def _tried(browser: Browser, document: Document, request: Request) -> list[str]:
    reply = browser.ask(request.method, request.target, json=request.json, headers=request.headers)
    told = f"{request.method} {request.target[:150]} {str(request.json)[:300]} -> {reply.status}"
    if reply.status >= 500:
        return [f"{told} {reply.text}"]
    return [f"{told} {fault}" for fault in document.faults(request.method, request.target, reply)]


def test_no_request_whatever_breaks_the_server(served: Served) -> None:
    """Made-up requests get the answers that the document tells, and never a failure."""
    assert fuzz(served, ("dir",), 300, 1) == []


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(20))
def test_no_request_whatever_breaks_the_server_for_long(served: Served, seed: int) -> None:
    """The same, 100,000 times, of every rank."""
    assert fuzz(served, ("dir", "lead_e", "rep_a", "admin", "fin_1"), 1000, 100 + seed) == []


def test_a_failure_would_be_found(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were one operation to break, or to answer something else than documented, that would show."""
    route = next(one for one in served.app.desk.routes if one.path == f"{BASE}/customers/count")
    for broken in (lambda call: 1 / 0, lambda call: Answer.json({"count": "many"})):
        place = served.app.desk.table.find(route.path)
        assert place is not None
        monkeypatch.setitem(place[0].routes, "GET", attrs.evolve(route, act=broken))
        assert fuzz(served, ("dir",), 1000, 1, "customers/count") != []


def test_the_page_of_documents_is_served_from_files_here(served: Served, tmp_path: Path) -> None:
    """Whoever names a distribution of Swagger UI gets its page, without a script or an address of elsewhere in it."""
    assert served.browser().get(f"{BASE}/docs").status == 404
    with pytest.raises(DeclarationError):
        served.serve(docs=tmp_path)
    (tmp_path / "swagger-ui.css").write_text("body {}")
    (tmp_path / "swagger-ui-bundle.js").write_text("SwaggerUIBundle = () => {}")
    served.serve(docs=tmp_path)
    page = served.browser().get(f"{BASE}/docs")
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert "://" not in page.text
    assert re.findall(r"<script>|<style|style=| on[a-z]+=", page.text) == []
    for name in re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text):
        assert served.browser().get(f"{BASE}/{name}").status == 200, name
    assert served.browser().get(f"{BASE}/docs/..%2f..%2fsecret").status == 404
    policy = page.header("content-security-policy")
    assert [name for name, _ in page.headers].count("content-security-policy") == 1
    assert "unsafe" not in policy
    assert {one for part in policy.split(";") for one in part.split()[1:]} == {"'self'", "'none'", "data:"}


def test_the_extra_brings_the_files(served: Served) -> None:
    """With the extra installed one word serves Swagger UI, one that knows OpenAPI 3.1, and imports nothing of it."""
    served.serve(docs=True)
    script = served.browser().get(f"{BASE}/docs/swagger-ui-bundle.js")
    assert (script.status, b"SwaggerUIBundle" in script.body) == (200, True)
    assert "swagger_ui" not in sys.modules
    with pytest.MonkeyPatch.context() as without:
        without.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(DeclarationError, match=r"pycrm\[docs\]"):
            installed()
