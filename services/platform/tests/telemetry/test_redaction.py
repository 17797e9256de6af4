from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, TraceFlags, TraceState
from opentelemetry.trace.propagation import set_span_in_context

from slipway.telemetry.redaction import RedactingExporter

CANARY = "jane"
TELLING = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("user", CANARY)]))


class Library:
    """An instrumentation that keeps whatever it sees."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(RedactingExporter(self._exporter)))
        self.tracer = self.provider.get_tracer("instrumentation")

    def exported(self) -> ReadableSpan:
        (span,) = self._exporter.get_finished_spans()
        assert CANARY not in span.to_json()
        assert not any(CANARY in str(link.attributes) for link in span.links)
        return span


@pytest.fixture
def library() -> Iterator[Library]:
    library = Library()
    yield library
    library.provider.shutdown()


def test_attributes_that_are_not_declared_stay_here(library: Library) -> None:
    told = {"http.route": "/v1/jobs/{id}", "url.query": f"name={CANARY}", "slipway.name": CANARY}
    library.tracer.start_span("chunk", attributes=told).end()
    assert library.exported().attributes == {"http.route": "/v1/jobs/{id}"}


def test_what_an_exception_says_stays_here(library: Library) -> None:
    with pytest.raises(ValueError, match=CANARY), library.tracer.start_as_current_span("chunk"):
        raise ValueError(CANARY)
    span = library.exported()
    assert (span.events, span.status.status_code) == ((), trace.StatusCode.ERROR)


def test_what_a_caller_adds_to_its_trace_stays_here(library: Library) -> None:
    parent = set_span_in_context(NonRecordingSpan(TELLING))
    library.tracer.start_span("chunk", parent, links=[Link(TELLING, {"user": CANARY})]).end()
    span = library.exported()
    assert (span.context.trace_id, span.parent.span_id) == (1, 2)
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [(1, 2)]
    assert not any(context.trace_state for context in (span.context, span.parent, span.links[0].context))


@pytest.mark.parametrize(
    ("name", "attributes", "exported"),
    [
        ("chunk", {}, "chunk"),
        ("GET", {"http.request.method": "GET"}, "GET"),
        ("GET /jobs/{id}", {"http.request.method": "GET", "http.route": "/jobs/{id}"}, "GET /jobs/{id}"),
        (f"GET /jobs/{CANARY}", {"http.request.method": "GET"}, "undeclared"),
        ("SELECT jobs", {"db.operation.name": "SELECT", "db.collection.name": "jobs"}, "SELECT jobs"),
        (f"SELECT '{CANARY}'", {"db.operation.name": "SELECT"}, "undeclared"),
        (CANARY, {}, "undeclared"),
    ],
)
def test_a_name_is_declared_or_made_of_declared_attributes(
    library: Library, name: str, attributes: dict[str, str], exported: str
) -> None:
    library.tracer.start_span(name, attributes=attributes).end()
    assert library.exported().name == exported
