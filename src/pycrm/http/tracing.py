"""Traces for those who gather them (OpenTelemetry, the extra ``traces``): a span for each request, without values.

A span tells by which route something was asked, how it ended, how long it waited in line, and the request id that the
log has too; never an address with its parameters, a name, or the message of an error. It is the current one
in the thread that works on the request, so that what drivers and plugins tell of themselves lies below it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pycrm.errors import DeclarationError

if TYPE_CHECKING:
    from pycrm.http.log import Note

__all__ = ["Tracing", "export", "provider_for", "within"]

# What other services tell of the trace that a request belongs to; baggage is none of ours.
_CARRIED = (b"traceparent", b"tracestate")
_NEEDS = "traces need {name}: pip install 'pycrm[traces]'"


class Tracing:
    """Begins and ends the span of a request.

    Raises:
        DeclarationError: OpenTelemetry is not installed.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ModuleNotFoundError as error:
            raise DeclarationError(_NEEDS.format(name=error.name)) from error
        from pycrm import __version__

        self._trace = trace
        self._tracer = trace.get_tracer("pycrm", __version__)
        self._carried = TraceContextTextMapPropagator()

    def begin(self, scope: Any) -> Any:
        """The span of a request, below that of the service which asks, if it says so."""
        said = {
            name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIED
        }
        return self._tracer.start_span(
            scope["method"],
            context=self._carried.extract(said),
            kind=self._trace.SpanKind.SERVER,
            attributes={"http.request.method": scope["method"]},
        )

    def end(self, span: Any, note: Note) -> None:
        """Say how the request ended."""
        if note.route is not None:
            span.update_name(f"{note.method} {note.route}")
        told = {
            "http.route": note.route,
            "http.response.status_code": note.status or None,
            "pycrm.request": note.request,
            "pycrm.access": note.access,
            "pycrm.code": note.code,
            "pycrm.waited_ms": note.waited,
            "error.type": note.fault,
        }
        span.set_attributes({name: value for name, value in told.items() if value is not None})
        if note.status >= 500 or note.fault is not None:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()


@contextmanager
def within(span: Any) -> Iterator[None]:
    """Within the block the span is the current one of this thread; None changes nothing."""
    if span is None:
        yield
        return
    from opentelemetry import trace

    # What is raised is told by its class when the span ends; its message may hold what people typed.
    with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        yield


def provider_for() -> Any:
    """What sends spans on, in batches, to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says, else to this machine.

    Raises:
        DeclarationError: what sends them is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise DeclarationError(_NEEDS.format(name=error.name)) from error
    name = os.environ.get("OTEL_SERVICE_NAME", "pycrm")
    made = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


def export() -> None:
    """Send the spans of this process on, unless the product has set up where they go."""
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider_for())
