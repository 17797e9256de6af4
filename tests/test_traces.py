"""A job's trace from the request to the last result, through real processes and a real collector's protocol."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

PARENT = "b7ad6b7169203331"
CANARY = "eleanor.rigby@example.com"
CHUNKS = 2
INPUTS = [{"page": "QQ==", "patient": CANARY}] * (CHUNKS * 64)


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.bodies: list[bytes] = []

    def spans(self) -> list[tuple[str, Span]]:
        """Return each span with the name of its service."""
        return [
            (_service(resource.resource), span)
            for body in list(self.bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def trace(self, trace_id: str, **expected: int) -> list[Span]:
        """Wait until a trace has so many spans of these names, and return all of its spans."""
        end = time.monotonic() + 30
        while True:
            found = [span for _, span in self.spans() if span.trace_id.hex() == trace_id]
            if Counter(expected) <= Counter(span.name for span in found):
                return found
            assert time.monotonic() < end, sorted(span.name for span in found)
            time.sleep(0.1)


def _service(resource: Resource) -> str:
    return next(found.value.string_value for found in resource.attributes if found.key == "service.name")


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, collector) -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_WORKLOAD", "checksum:Checksum")
        patch.setenv("SLIPWAY_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        patch.setenv("SLIPWAY_POLL_SECONDS", "600")  # the doorbell finds the work
        patch.setenv("SLIPWAY_SWEEP_SECONDS", "1")
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        with LocalStack(tmp_path_factory.mktemp("var"), any_ports=True) as running:
            yield running


@pytest.fixture
def api(stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {asyncio.run(new_token(stack.settings, f'tenant-{uuid4()}'))}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def send(api) -> Callable[..., str]:
    """A function that sends a job in a trace of its own and waits for its end; it returns the id of the trace."""

    def run() -> str:
        trace = uuid4().hex
        headers = {"traceparent": f"00-{trace}-{PARENT}-01", "tracestate": f"user={CANARY}", "user-agent": CANARY}
        accepted = api.post(f"/v1/jobs?{CANARY}", json={"inputs": INPUTS}, headers=headers)
        assert accepted.status_code == 422, "an unknown parameter is refused"
        accepted = api.post("/v1/jobs", json={"inputs": INPUTS}, headers=headers)
        assert accepted.status_code == 202, accepted.text
        while api.get(accepted.headers["Location"]).json()["state"] != "completed":
            time.sleep(0.05)
        return trace

    return run


def test_a_job_is_one_trace_from_the_request_to_its_last_result(send, collector):
    found = collector.trace(send(), **{"doorbell.answer": 1, "chunk": CHUNKS})
    by_id = {span.span_id: span for span in found}
    named = {span.name: span for span in found}

    def parents(name: str) -> set[str]:
        return {by_id[span.parent_span_id].name for span in found if span.name == name}

    requests = [span for span in found if span.name == "POST /v1/jobs"]
    assert {span.parent_span_id.hex() for span in requests} == {PARENT}
    assert parents("doorbell.send") == {"POST /v1/jobs"}
    assert parents("doorbell.answer") == {"doorbell.send"}
    assert parents("chunk") == {"POST /v1/jobs"}
    steps = ("chunk.claim", "chunk.read", "chunk.predict", "chunk.finish")
    for step in steps:
        assert parents(step) == {"chunk"}
        assert sum(span.name == step for span in found) == CHUNKS
    answer = named["doorbell.answer"]
    for chunk in (span for span in found if span.name == "chunk"):
        assert [link.span_id for link in chunk.links] == [answer.span_id]
        assert answer.start_time_unix_nano < chunk.start_time_unix_nano
    services = {span.name: service for service, span in collector.spans()}
    assert [services[name] for name in ("POST /v1/jobs", "doorbell.send")] == ["slipway-api"] * 2
    assert [services[name] for name in ("doorbell.answer", "chunk")] == ["slipway-worker"] * 2


def test_nothing_but_requests_begins_a_trace_and_nothing_personal_is_in_one(send, collector):
    send()
    # Flushes, polls, seals, and the scheduler's sweeps: each several times.
    time.sleep(3)
    assert len(collector.spans()) > 10
    known = {span.span_id for _, span in collector.spans()}
    begun = {span.name for _, span in collector.spans() if span.parent_span_id not in known}
    assert begun <= {"POST /v1/jobs", "GET /v1/jobs/{job_id}"}
    assert not any(CANARY.encode() in body for body in collector.bodies)
