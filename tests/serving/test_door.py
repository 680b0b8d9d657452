"""What is refused before anything is done, and what every answer has (T39, T40, T44)."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pycrm.http import Answer, Call, Route, Settings
from pycrm.http import admit as admitting
from pycrm.http.log import Lines
from pycrm.serve import application

from .conftest import FORMS, PAGES, PASSWORD, Served, csrf_of, sign_in

#: What a page of somebody else can make a browser send, and a browser of old.
FOREIGN: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
)


def written(served: Served) -> Any:
    with served.crm.view("rep_a") as session:
        return session.get(type(served.cast.people["rep_a"]), served.cast.people["rep_a"].id).mobile


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What the log says, line by line."""
    told: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(json.loads(Lines().format(record)))

    logger, handler = logging.getLogger("pycrm.http"), Keep()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield told
    logger.removeHandler(handler)
    logger.setLevel(before)


def forged(served: Served) -> list[str]:
    """The forged requests that were let through, each by what it sent."""
    browser, other = served.signed_in("lead_e"), served.signed_in("lead_e")
    own, foreign = csrf_of(browser), csrf_of(other)
    through: list[str] = []
    tries: list[tuple[str, dict[str, str], dict[str, str]]] = [
        ("no token", {}, {}),
        ("an empty token", {"csrf": ""}, {}),
        ("the token of another session", {"csrf": foreign}, {}),
        ("a token of nobody's form", {"csrf": csrf_of(served.browser())}, {}),
        ("a wrong header beside the right field", {"csrf": own}, {"x-csrf-token": foreign}),
        *((f"{headers}", {"csrf": own}, headers) for headers in FOREIGN),
    ]
    for kind, form, headers in tries:
        reply = browser.post("/test/mine", form=form | {"mobile": "13800000001"}, headers=headers)
        if reply.status != 403 or reply.data["message"] != FORGED:
            through.append(kind)
    reply = browser.post("/test/mine", body=b'{"csrf": "x"}', headers={"content-type": "text/plain"})
    return through if reply.status == 403 else [*through, "text that is no form"]


def test_no_page_of_somebody_else_changes_anything(served: Served) -> None:
    """A forged form is refused, whatever its sender can make a browser send."""
    assert forged(served) == []
    browser = served.signed_in("lead_e")
    form = {"csrf": csrf_of(browser), "mobile": "13800000002"}
    good = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}
    reply = browser.post("/test/mine", form=form, headers=good)
    # A person may not change the own entry among the users, which is another refusal.
    assert reply.data["message"] != FORGED


FORGED = "this did not come from one of our own pages: load the page again"


def test_a_forged_request_that_comes_through_is_seen(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were tokens or origins not compared, the forged requests would come through and show here."""
    with monkeypatch.context() as patch:
        patch.setattr(admitting.hmac, "compare_digest", lambda one, other: True)
        assert "no token" in forged(served)
    with monkeypatch.context() as patch:
        patch.setattr(admitting, "SAFE", frozenset(("GET", "HEAD", "POST")))
        assert len(forged(served)) == 5 + len(FOREIGN) + 1


def test_nobody_is_signed_in_by_a_foreign_page(served: Served) -> None:
    """Nobody can make somebody's browser work under another name."""
    for headers in FOREIGN:
        browser = served.browser()
        csrf = csrf_of(browser)
        form = {"csrf": csrf, "login": "rep_a", "password": PASSWORD}
        assert browser.post("/test/sign-in", form=form, headers=headers).status == 403
    mine, theirs = served.browser(), served.browser()
    form = {"csrf": csrf_of(mine), "login": "rep_a", "password": PASSWORD}
    assert theirs.post("/test/sign-in", form=form).status == 403


def test_a_cookie_beside_a_token_counts_for_nothing(served: Served) -> None:
    """A program is who its token says; a wrong token is not made good by a cookie."""
    browser = served.signed_in("rep_a")
    assert browser.get("/api/v1/me").data["login"] == "rep_a"
    for shown in ("Bearer pycrm_wrong", "Bearer", "Basic cmVwX2E6eA==", "", "Bearer " + "x" * 5000):
        assert browser.get("/api/v1/me", headers={"authorization": shown}).status == 401, shown
    # Pages know browsers only: a token is not looked at there.
    assert served.program("rep_a").get("/test/mine").status == 401


def test_nobody_is_led_elsewhere_by_signing_in(served: Served) -> None:
    """After signing in one is on a page of ours, whatever the address said."""
    for to in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aset-cookie:x",
    ):
        browser = served.browser()
        form = {"csrf": csrf_of(browser), "login": "rep_a", "password": PASSWORD}
        reply = browser.post(f"/test/sign-in?to={to}", form=form)
        assert (reply.status, reply.header("location")) == (303, "/"), to


def test_a_foreign_name_for_this_machine_is_not_answered(served: Served) -> None:
    """A page whose name is made to point here learns nothing."""
    for host in (
        "evil.example",
        "evil.example:8000",
        "",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1",
    ):
        assert served.browser(host=host).get("/test/form").status == 421, host
    for host in ("localhost", "127.0.0.1:8000", "[::1]:8000"):
        assert served.browser(host=host).get("/test/form").status == 200, host
    served.serve(origin="https://crm.example.com")
    assert served.browser(host="crm.example.com").get("/test/form").status == 200
    assert served.browser(host="localhost").get("/test/form").status == 421
    # Whoever asks whether we are well knows an address, and is told nothing else.
    said = [served.browser(host="10.0.0.7").get(path) for path in ("/healthz", "/readyz")]
    assert [(one.status, one.data) for one in said] == [(200, {"status": "ok"})] * 2


HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def test_every_answer_tells_browsers_what_not_to_do(served: Served) -> None:
    """Answers, refusals and paths that there are not have the same headers, and a cookie its marks."""
    served.serve(origin="https://crm.example.com")
    browser = served.browser(host="crm.example.com")
    for method, path, status in (
        ("GET", "/healthz", 200),
        ("GET", "/api/v1/me", 401),
        ("GET", "/no/such/path", 404),
        ("DELETE", "/healthz", 405),
        ("GET", "/test/fail", 500),
    ):
        reply = browser.ask(method, path)
        assert reply.status == status
        found = {name: reply.header(name) for name in HEADERS}
        assert found == HEADERS, path
        assert reply.header("strict-transport-security") == "max-age=63072000; includeSubDomains"
        assert len(reply.header("x-request-id")) == 16
        assert reply.header("server") == ""
    reply = sign_in(browser, "rep_a", PASSWORD, headers={"origin": "https://crm.example.com"})
    cookie = reply.header("set-cookie")
    assert cookie.startswith("__Host-pycrm=")
    assert cookie.partition("; ")[2] == "Path=/; SameSite=Lax; HttpOnly; Secure; Max-Age=43200"


def test_a_failure_tells_its_number_and_nothing_else(served: Served, lines: list[dict[str, Any]]) -> None:
    """Neither the answer nor the log holds what was typed or what stood in variables."""
    reply = served.browser().get("/test/fail?secret=440301199001011234")
    assert reply.status == 500
    told = reply.data
    assert told["request"] == reply.header("x-request-id")
    assert told["message"] == "Something is broken; the request id finds it in the log."
    assert "440301" not in reply.text
    assert "no way" not in reply.text
    (line,) = [one for one in lines if one.get("request") == told["request"]]
    assert line["level"] == "error"
    assert line["fault"] == "builtins.ValueError"
    assert line["places"][-1].endswith(" _fail")
    assert "440301" not in json.dumps(line)
    assert "no way" not in json.dumps(line)


def test_the_log_says_who_asked_for_what_and_no_value(served: Served, lines: list[dict[str, Any]]) -> None:
    """One line a request, with the person's id, and nothing that anybody typed."""
    browser = served.signed_in("rep_a")
    lines.clear()
    browser.get("/test/mine?mobile=13912345678")
    browser.get("/api/v1/13912345678")
    assert [(one["route"], one["status"]) for one in lines[:1]] == [("/test/mine", 200)]
    assert lines[0]["actor"] == str(served.cast.people["rep_a"].id)
    assert lines[0]["access"] == "browser"
    assert (lines[1].get("route"), lines[1]["status"], lines[1]["code"]) == (None, 404, "not_found")
    assert "13912345678" not in json.dumps(lines)
    assert all(len(one["request"]) == 16 for one in lines)


def test_too_much_is_not_read(served: Served) -> None:
    """A request beyond the limit is refused, whether it says its length or not."""
    served.serve(body=1000)
    browser = served.browser()
    csrf = csrf_of(browser)
    form = {"csrf": csrf, "login": "rep_a", "password": "x" * 1000}
    assert browser.post("/test/sign-in", form=form).status == 413
    assert browser.post("/test/sign-in", body=b"x" * 1001, headers={"content-length": "5"}).status == 413


def test_a_crowd_is_told_to_come_back(served: Served) -> None:
    """Where every thread is at work and the line is full, the next one is told so at once."""
    at_work, go_on = threading.Event(), threading.Event()

    def busy(call: Call) -> Answer:
        at_work.set()
        go_on.wait(20)
        return Answer.none()

    app = application(
        served.crm,
        Settings(threads=1, waiting=0),
        more=[*FORMS, Route("GET", "/test/wait", busy, PAGES, is_open=True)],
    )
    served.apps.append(app)
    first, second = served.browser(), served.browser()
    waiting = threading.Thread(target=lambda: first.get("/test/wait"))
    waiting.start()
    assert at_work.wait(20)
    reply = second.get("/test/form")
    assert (reply.status, reply.header("retry-after")) == (503, "2")
    assert second.get("/healthz").status == 200, "whoever asks whether we are well waits in no line"
    go_on.set()
    waiting.join(20)
    assert second.get("/test/form").status == 200


def test_readiness_follows_the_database(served: Served) -> None:
    """A server whose database is gone is alive and not ready, and is ready when it is back."""
    browser = served.browser()
    assert (browser.get("/healthz").status, browser.get("/readyz").status) == (200, 200)
    path = Path(str(served.crm.store.url.database))
    served.crm.store.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert (browser.get("/healthz").status, browser.get("/readyz").status) == (200, 503)
    path.rmdir()
    path.with_suffix(".away").rename(path)
    assert browser.get("/readyz").status == 200


def test_readiness_is_told_while_the_database_hangs(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that gives no answer makes the server unready within two seconds, and only as long as it hangs."""
    go_on, ping = threading.Event(), served.crm.store.ping
    browser = served.browser()
    assert browser.get("/readyz").status == 200

    def hang() -> None:
        go_on.wait(20)
        ping()

    monkeypatch.setattr(served.crm.store, "ping", hang)
    for _ in range(3):
        begun = time.monotonic()
        assert browser.get("/readyz").status == 503
        assert time.monotonic() - begun < 2
    assert browser.get("/healthz").status == 200
    go_on.set()
    until = time.monotonic() + 5
    while browser.get("/readyz").status != 200:
        assert time.monotonic() < until, "it stays unready though the database answers"
