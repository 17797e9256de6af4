"""Traces of requests: what a person sees in them, and what nobody ever sees in them."""

import asyncio
import base64
from functools import partial
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

CANARY = "eleanor.rigby@example.com"
UNKNOWN = "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"
PARENT = "b7ad6b7169203331"
PAGE = base64.b64encode(b"a page").decode()


def traceparent(trace: str, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{PARENT}-{flags}"}


@pytest.fixture
def trace():
    return uuid4().hex


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
async def traced(start, exporter):
    """An API whose spans are kept."""
    return await start(exporter=exporter)


@pytest.fixture
async def caller(traced, new_caller):
    return await new_caller(traced)


@pytest.fixture
def spans(exporter):
    """A function that waits until a trace's request has ended, and returns its spans by name."""

    async def find(trace):
        async with asyncio.timeout(10):
            while True:
                found = {s.name: s for s in exporter.get_finished_spans() if f"{s.context.trace_id:032x}" == trace}
                if any(span.kind is SpanKind.SERVER for span in found.values()):
                    return found
                await asyncio.sleep(0.01)

    return find


def names(links) -> set[int]:
    return {link.context.span_id for link in links}


async def test_two_requests_share_a_batch_and_each_trace_leads_to_it(traced, caller, spans):
    first, second = uuid4().hex, uuid4().hex
    platform = traced.app.state.api.platform
    busy = platform.predictor.lanes.take()
    sent = [
        asyncio.create_task(
            caller.http.post("/v1/checksum", json={"inputs": [{"page": PAGE}] * 2}, headers=traceparent(trace))
        )
        for trace in (first, second)
    ]
    waiting = partial(platform.metrics.registry.get_sample_value, "slipway_batch_queue_inputs")
    async with asyncio.timeout(10):
        while waiting({"workload": "checksum"}) != 4:
            await asyncio.sleep(0.01)
    platform.predictor.lanes.release(busy)
    assert [answer.status_code for answer in await asyncio.gather(*sent)] == [200, 200]

    both = [await spans(first), await spans(second)]
    for found in both:
        request, predict = found["POST /v1/checksum"], found["batcher.predict"]
        assert request.kind is SpanKind.SERVER
        assert f"{request.parent.span_id:016x}" == PARENT
        assert (request.attributes["http.route"], request.attributes["http.response.status_code"]) == (
            "/v1/checksum",
            200,
        )
        assert request.attributes["slipway.tenant"] == str(caller.tenant)
        assert {found[name].parent.span_id for name in ("rates.count", "batcher.predict")} == {request.context.span_id}
        assert predict.attributes["slipway.inputs"] == 2
        assert predict.attributes["slipway.batch_inputs"] == 4
        assert predict.attributes["slipway.padded_tokens"] == 4
        assert 0 < predict.attributes["slipway.queue_seconds"] < 10
    (batch,) = [found["batcher.batch"] for found in both if "batcher.batch" in found]
    predicts = [found["batcher.predict"] for found in both]
    assert names(batch.links) == {predict.context.span_id for predict in predicts}
    assert batch.parent.span_id in names(batch.links)
    assert [names(predict.links) for predict in predicts] == [{batch.context.span_id}] * 2
    assert (batch.attributes["slipway.requests"], batch.attributes["slipway.inputs"]) == (2, 4)


async def test_a_job_is_stored_in_transactions_and_a_message_is_sent(caller, spans, trace):
    accepted = await caller.http.post("/v1/jobs", json={"inputs": [{"page": PAGE}]}, headers=traceparent(trace))
    assert accepted.status_code == 202

    found = await spans(trace)
    request = found["POST /v1/jobs"]
    assert found["doorbell.send"].kind is SpanKind.PRODUCER
    assert found["doorbell.send"].parent.span_id == request.context.span_id
    assert {"INSERT jobs", "INSERT job_items", "INSERT job_chunks", "SELECT set_config"} <= found.keys()
    transactions = {span.context.span_id for span in found.values() if span.name == "database.transaction"}
    assert found["INSERT jobs"].parent.span_id in transactions
    assert found["INSERT jobs"].attributes["db.system.name"] == "postgresql"


@pytest.mark.parametrize(
    ("path", "inputs", "status", "name", "problem", "outcome"),
    [
        (f"/v1/jobs/{UNKNOWN}", None, 404, "GET /v1/jobs/{job_id}", "not-found", StatusCode.UNSET),
        (f"/{CANARY}", None, 404, "GET", "not-found", StatusCode.UNSET),
        ("/v1/checksum", [{"page": CANARY}], 422, "POST /v1/checksum", "invalid-input", StatusCode.UNSET),
        ("/v1/checksum", [{"page": "Y3Jhc2g="}], 500, "POST /v1/checksum", "internal-error", StatusCode.ERROR),
    ],
)
async def test_an_answer_that_is_a_problem_is_found_by_its_trace_id(
    caller, spans, trace, path, inputs, status, name, problem, outcome
):
    method, body = ("GET", None) if inputs is None else ("POST", {"inputs": inputs})
    answer = await caller.http.request(method, path, json=body, headers=traceparent(trace))

    assert (answer.status_code, answer.json()["trace_id"]) == (status, trace)
    request = (await spans(trace))[name]
    assert request.attributes["slipway.problem"] == problem
    assert request.attributes["http.response.status_code"] == status
    assert request.status.status_code is outcome
    assert request.attributes.get("error.type") == (problem if outcome is StatusCode.ERROR else None)


async def test_nothing_personal_leaves_the_process(caller, exporter, spans, trace):
    personal = {
        "tracestate": f"user={CANARY}",
        "baggage": f"user={CANARY}",
        "user-agent": CANARY,
        "idempotency-key": CANARY,
        "x-forwarded-for": CANARY,
    }
    body = {"inputs": [{"page": base64.b64encode(CANARY.encode()).decode(), "patient": CANARY}]}
    for path in ("/v1/checksum", "/v1/jobs", f"/v1/jobs?priority={CANARY}", f"/v1/jobs/{CANARY}"):
        await caller.http.post(path, json=body, headers={**traceparent(trace), **personal})
    await caller.http.get(f"/v1/jobs/{UNKNOWN}?{CANARY}", headers=personal)

    assert {"POST /v1/checksum", "POST /v1/jobs", "INSERT job_items", "doorbell.send"} <= (await spans(trace)).keys()
    for span in exporter.get_finished_spans():
        assert CANARY not in span.to_json()
        assert not span.context.trace_state


async def test_who_is_not_sampled_and_probes_are_not_recorded(caller, exporter, trace):
    answer = await caller.http.get(f"/v1/jobs/{UNKNOWN}", headers=traceparent(trace, flags="00"))
    assert answer.json()["trace_id"] == trace
    assert (await caller.http.get("/health/live")).status_code == 200
    # What the process does beside: flushes, looks at the backlog.
    await asyncio.sleep(1.5)
    assert exporter.get_finished_spans() == ()


async def test_what_the_protocol_refuses_names_the_trace_of_the_gateway(raw, server, trace):
    head = f"POST /v1/checksum HTTP/1.1\r\ntraceparent: 00-{trace}-{PARENT}-01\r\n"
    _, body = await raw(f"{head}x: {'a' * 70_000}\r\n".encode())
    assert trace.encode() in body
    _, body = await raw(b"GARBAGE\r\n\r\n")
    assert b'"trace_id": null' in body
