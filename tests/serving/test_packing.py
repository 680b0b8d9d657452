"""Long answers are compressed for who reads that, and never where their length would tell something."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from pycrm.http import packing

from .browser import Browser, Reply
from .conftest import Served

LONG, SHORT = "/api/v1/openapi.json", "/api/v1/me"
GZIP = {"accept-encoding": "br, gzip;q=0.8"}


def is_packed(reply: Reply) -> bool:
    return reply.header("content-encoding") == "gzip"


def test_a_program_that_reads_gzip_gets_it(served: Served) -> None:
    """It is the same answer, much shorter; what is short, or goes to who does not read gzip, stays as it is."""
    program = served.program("rep_a")
    plain, pressed = program.get(LONG), program.get(LONG, headers=GZIP)
    assert not is_packed(plain)
    assert is_packed(pressed)
    assert gzip.decompress(pressed.body) == plain.body
    assert len(pressed.body) < len(plain.body) / 4
    assert pressed.header("content-length") == str(len(pressed.body))
    assert "Accept-Encoding" in plain.header("vary")
    assert not is_packed(program.get(SHORT, headers=GZIP))
    for accepted in ("gzip;q=0", "gzip; q=0.0", "br", "xgzip", "*"):
        assert not is_packed(program.get(LONG, headers={"accept-encoding": accepted})), accepted
    served.serve(compress=False)
    assert not is_packed(served.program("rep_a").get(LONG, headers=GZIP))


FROM = {"same-origin": True, "none": True, "cross-site": False, "same-site": False, None: False}


def told(browser: Browser, path: str) -> dict[Any, bool]:
    """From where which requests were answered compressed."""
    sites = {site: {} if site is None else {"sec-fetch-site": site} for site in FROM}
    return {site: is_packed(browser.get(path, headers=GZIP | said)) for site, said in sites.items()}


def test_no_page_that_a_foreign_one_asked_for_is_compressed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a session shows beside words of the address is compressed for our own pages and by hand alone (BREACH)."""
    browser = served.signed_in("rep_a")
    for path in ("/search?q=pump", LONG):
        assert told(browser, path) == FROM, path
    # A page with a form is bound to a browser before anybody has signed in.
    stranger = served.browser()
    stranger.get("/sign-in")
    assert told(stranger, "/sign-in?to=/pump") == FROM
    assert set(told(served.browser(), "/static/style.css").values()) == {True}
    monkeypatch.setattr(packing, "_is_quiet", lambda call: True)
    assert told(browser, "/search?q=pump") != FROM


def test_one_answer_has_many_lengths(served: Served) -> None:
    """Whoever compares the lengths of two answers compares chance as well."""
    browser = served.browser()
    said = [browser.get("/static/style.css", headers=GZIP) for _ in range(20)]
    assert len({len(one.body) for one in said}) > 5
    assert len({gzip.decompress(one.body) for one in said}) == 1
