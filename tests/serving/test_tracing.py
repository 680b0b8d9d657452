"""Spans tell by which route something was asked and how it ended, and never a value."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pycrm.http import Answer
from pycrm.http.tracing import Tracing, provider_for

from .conftest import Served, sign_in

SECRETS = ("Hongda", "orchard", "rep_a", "91440300")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans that were ended."""
    provider, made = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(made))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield made
    provider.shutdown()


def test_each_request_leaves_a_span_without_values(served: Served, spans: InMemorySpanExporter) -> None:
    """Its name is the route; neither what was asked for nor who asked nor why it broke stands in it."""
    served.serve(traces=True)
    program, browser = served.program("rep_a"), served.browser()
    reply = program.get("/api/v1/customers?where=name%3DHongda")
    sign_in(browser, "rep_a", "a horse in the orchard!")
    browser.get("/test/fail?secret=91440300")
    browser.get("/nowhere/Hongda")
    told = spans.get_finished_spans()
    assert [one.name for one in told] == [
        *("GET /api/v1/customers", "GET /test/form", "POST /test/sign-in", "GET /test/fail", "GET"),
    ]
    first, _, refused, failed, unknown = [dict(one.attributes or {}) for one in told]
    assert first.pop("pycrm.waited_ms") >= 0
    assert first == {
        "http.request.method": "GET",
        "http.route": "/api/v1/customers",
        "http.response.status_code": 200,
        "pycrm.request": reply.header("x-request-id"),
        "pycrm.access": "token",
    }
    assert (refused["http.response.status_code"], refused["pycrm.code"]) == (401, "sign_in")
    assert (failed["error.type"], unknown["http.response.status_code"]) == ("builtins.ValueError", 404)
    assert [one.status.is_ok for one in told] == [True, True, True, False, True]
    assert found(told) == []


def found(told: Any) -> list[str]:
    """The secrets that stand anywhere in these spans."""
    whole = "".join(one.to_json() for one in told)
    return [one for one in SECRETS if one in whole]


def test_a_value_in_a_span_is_seen(
    served: Served, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the address or the message of an error to stand in a span, the test above would find it."""
    begin = Tracing.begin

    def telling(self: Tracing, scope: Any) -> Any:
        span = begin(self, scope)
        span.set_attribute("url.query", scope["query_string"].decode())
        return span

    monkeypatch.setattr(Tracing, "begin", telling)
    served.serve(traces=True)
    served.browser().get("/test/fail?secret=91440300")
    assert found(spans.get_finished_spans()) == ["91440300"]


def test_a_span_lies_below_that_of_who_asks_and_above_what_is_done(
    served: Served, spans: InMemorySpanExporter
) -> None:
    """Another service finds our span in its trace, and what a plugin does in the request's thread in ours."""
    app = served.serve(traces=True)

    def act(call: Any) -> Answer:
        with trace.get_tracer("a plugin").start_as_current_span("work"):
            return Answer.none()

    place = app.desk.table.find("/test/mine")
    assert place is not None
    place[0].routes["GET"] = attrs.evolve(place[0].routes["GET"], act=act, is_open=True)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    served.browser().get("/test/mine", headers={"traceparent": parent})
    work, request = spans.get_finished_spans()
    assert (work.name, work.parent and work.parent.span_id) == ("work", request.context.span_id)
    assert request.parent is not None
    assert f"{request.parent.trace_id:032x}-{request.parent.span_id:016x}" == parent[3:52]


def test_nothing_is_loaded_where_nothing_is_traced(served: Served, spans: InMemorySpanExporter) -> None:
    """Without the setting there is no span, and OpenTelemetry is not even imported."""
    assert served.browser().get("/healthz").status == 200
    assert spans.get_finished_spans() == ()
    program = "import sys, pycrm.serve, pycrm.settings; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_spans_are_sent_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go by OTLP to where the environment says, in the name of our service."""
    came: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    made = provider_for()
    try:
        made.get_tracer("test").start_span("GET /healthz").end()
        assert made.force_flush(10_000)
    finally:
        made.shutdown()
        server.shutdown()
        server.server_close()
        thread.join()
    ((path, body),) = came
    assert (path, b"GET /healthz" in body, b"pycrm" in body) == ("/v1/traces", True, True)
