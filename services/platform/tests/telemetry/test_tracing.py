import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from slipway.errors import NotFound, Unavailable
from slipway.settings import Settings
from slipway.telemetry.spans import BATCHER_BATCH, BATCHER_PREDICT, CHUNK, CHUNK_CLAIM, DOORBELL_ANSWER, REQUEST
from slipway.telemetry.tracing import (
    NO_TRACING,
    Tracing,
    configure_tracing,
    current_trace_id,
    current_traceparent,
    trace_id_of,
    untraced,
)

Lines = Callable[[], list[dict[str, Any]]]

TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Iterator[Tracing]:
    tracing = configure_tracing("worker", Settings(), exporter=exporter)
    yield tracing
    assert tracing.shutdown()


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_kept_traceparent_is_continued(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.continue_trace(SAMPLED, CHUNK, attempt=2):
        assert current_trace_id() == TRACE_ID
    span = only(exporter)
    assert (span.name, f"{span.parent.span_id:016x}") == ("chunk", SPAN_ID)
    assert span.attributes == {"slipway.attempt": 2}
    assert span.resource.attributes["service.name"] == "slipway-worker"


def test_a_trace_crosses_from_one_process_to_another(tracing: Tracing) -> None:
    with tracing.continue_trace(None, REQUEST):
        kept, trace_id = current_traceparent(), current_trace_id()
    other = configure_tracing("worker", Settings())
    with other.continue_trace(kept, CHUNK):
        assert current_trace_id() == trace_id
    assert other.shutdown()


def test_outside_a_span_there_is_nothing_to_keep() -> None:
    assert current_traceparent() is None
    assert current_trace_id() is None


@settings(deadline=None)
@given(st.one_of(st.none(), st.text(), st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{16}-[0-9a-f]{2}")))
def test_garbage_starts_a_new_trace(traceparent: str | None) -> None:
    tracing = configure_tracing("worker", Settings())
    with tracing.continue_trace(traceparent, CHUNK) as span:
        assert span.get_span_context().is_valid
        assert span.get_span_context().span_id != int(SPAN_ID, 16)


@pytest.mark.parametrize("traceparent", [None, "garbage"])
def test_work_without_a_traceparent_is_no_part_of_the_current_trace(tracing: Tracing, traceparent: str | None) -> None:
    with tracing.continue_trace(SAMPLED, DOORBELL_ANSWER), tracing.continue_trace(traceparent, CHUNK):
        assert current_trace_id() != TRACE_ID


def test_a_failed_span_names_the_type_and_nothing_else(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Jane"), tracing.continue_trace(SAMPLED, CHUNK):
        raise ValueError("Jane")
    span = only(exporter)
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes["error.type"] == "ValueError"
    assert "Jane" not in span.to_json()


@pytest.mark.parametrize(
    ("problem", "status", "kind"),
    [(NotFound("Jane"), trace.StatusCode.UNSET, None), (Unavailable("Jane"), trace.StatusCode.ERROR, "unavailable")],
)
def test_a_problem_is_noted_and_only_ours_is_a_failure(
    tracing: Tracing,
    exporter: InMemorySpanExporter,
    problem: NotFound | Unavailable,
    status: trace.StatusCode,
    kind: str | None,
) -> None:
    with pytest.raises(type(problem)), tracing.continue_trace(SAMPLED, CHUNK):
        raise problem
    span = only(exporter)
    assert (span.status.status_code, span.attributes.get("error.type")) == (status, kind)
    assert span.attributes["slipway.problem"] == problem.type
    assert "Jane" not in span.to_json()


def test_to_be_cancelled_is_no_failure(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(asyncio.CancelledError), tracing.continue_trace(SAMPLED, CHUNK):
        raise asyncio.CancelledError
    assert only(exporter).status.status_code is trace.StatusCode.UNSET


def test_a_span_below_another_is_part_of_its_trace(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.continue_trace(SAMPLED, CHUNK):
        tracing.add(CHUNK_CLAIM, 1_000, 3_000)
        with tracing.span(BATCHER_PREDICT, inputs=3):
            pass
    claim, predict, chunk = exporter.get_finished_spans()
    assert (claim.name, claim.start_time, claim.end_time) == ("chunk.claim", 1_000, 3_000)
    assert claim.attributes == {"db.system.name": "postgresql"}
    assert predict.attributes == {"slipway.inputs": 3}
    assert {span.parent.span_id for span in (claim, predict)} == {chunk.context.span_id}


@pytest.mark.parametrize("flags", ["00", None])
def test_where_nothing_is_recorded_no_trace_begins(
    tracing: Tracing, exporter: InMemorySpanExporter, flags: str | None
) -> None:
    outside = tracing.continue_trace(f"00-{TRACE_ID}-{SPAN_ID}-{flags}", CHUNK) if flags else nullcontext()
    with outside:
        before = current_trace_id()
        tracing.add(CHUNK_CLAIM, 1, 2)
        with tracing.span(BATCHER_PREDICT, inputs=1) as span, tracing.joined(BATCHER_BATCH, [span]):
            assert current_trace_id() == before
    with untraced(), tracing.span(BATCHER_PREDICT):
        assert current_trace_id() is None
    assert exporter.get_finished_spans() == ()


def test_what_is_done_for_several_is_part_of_the_first_trace_and_links_to_all(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with (
        tracing.continue_trace(f"00-{TRACE_ID}-{SPAN_ID}-00", REQUEST) as unsampled,
        tracing.continue_trace(None, REQUEST) as first,
        tracing.continue_trace(None, REQUEST) as second,
        tracing.joined(BATCHER_BATCH, [unsampled, first, second], requests=3),
    ):
        pass
    batch = exporter.get_finished_spans()[0]
    assert batch.parent.span_id == first.get_span_context().span_id
    assert [link.context for link in batch.links] == [first.get_span_context(), second.get_span_context()]


def test_work_in_another_trace_links_to_where_it_is_done(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.continue_trace(None, DOORBELL_ANSWER) as turn, tracing.continue_trace(SAMPLED, CHUNK):
        pass
    chunk = exporter.get_finished_spans()[0]
    assert f"{chunk.context.trace_id:032x}" == TRACE_ID
    assert [link.context for link in chunk.links] == [turn.get_span_context()]


def test_without_a_collector_new_traces_have_ids_and_are_not_recorded() -> None:
    for tracing in (configure_tracing("worker", Settings()), NO_TRACING):
        with tracing.continue_trace(None, CHUNK) as span:
            assert current_trace_id() is not None
            assert not span.is_recording()


@given(st.text())
def test_a_trace_id_is_taken_from_nothing_but_a_traceparent(text: str) -> None:
    assert trace_id_of(SAMPLED) == TRACE_ID
    assert trace_id_of(text) is None
    assert trace_id_of(f"00-{'0' * 32}-{SPAN_ID}-01") is None
    assert trace_id_of(f"{SAMPLED}\n") is None


@pytest.mark.parametrize(
    ("ratio", "flags", "exported"), [(0.0, "01", 1), (1.0, "00", 0), (0.0, None, 0), (1.0, None, 1)]
)
def test_the_caller_decides_on_sampling_and_the_ratio_on_new_traces(
    exporter: InMemorySpanExporter, ratio: float, flags: str | None, exported: int
) -> None:
    tracing = configure_tracing("worker", Settings(trace_ratio=ratio), exporter=exporter)
    with tracing.continue_trace(f"00-{TRACE_ID}-{SPAN_ID}-{flags}" if flags else None, CHUNK):
        assert current_trace_id() is not None
    assert len(exporter.get_finished_spans()) == exported
    assert tracing.shutdown()


class _Collector(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_spans_reach_the_collector_of_the_settings(path: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as server:
        server.received = []
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}{path}"
        tracing = configure_tracing("api", Settings(otlp_endpoint=endpoint))
        with tracing.continue_trace(SAMPLED, CHUNK):
            pass
        assert tracing.shutdown()
        server.shutdown()
    ((sent_to, request),) = server.received
    assert sent_to == "/v1/traces"
    assert request.resource_spans[0].scope_spans[0].spans[0].trace_id.hex() == TRACE_ID


def wait_for_threads(before: set[Thread]) -> None:
    deadline = time.monotonic() + 5
    while set(enumerate_threads()) - before:
        assert time.monotonic() < deadline, "threads of the exporter are left"
        time.sleep(0.01)


def test_a_collector_that_is_away_hurts_nobody(lines: Lines) -> None:
    before = set(enumerate_threads())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tracing = configure_tracing("api", Settings(otlp_endpoint=f"http://127.0.0.1:{port}", traces_per_second=100_000))
    for _ in range(5_000):
        with tracing.continue_trace(None, CHUNK):
            pass
    start = time.monotonic()
    assert not tracing.shutdown(timeout=0.5)
    assert time.monotonic() - start < 1.5
    wait_for_threads(before)
    assert 0 < len(lines()) < 10


def test_a_collector_that_never_answers_does_not_hold_up_the_end() -> None:
    before = set(enumerate_threads())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing = configure_tracing("api", Settings(otlp_endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with tracing.continue_trace(SAMPLED, CHUNK):
            pass
        start = time.monotonic()
        assert not tracing.shutdown(timeout=0.3)
        assert time.monotonic() - start < 1
    wait_for_threads(before)
