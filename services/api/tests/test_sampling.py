"""Whether a request is recorded is asked once, before anything is put together for it."""

import asyncio
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PARENT = "b7ad6b7169203331"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


async def recorded(exporter, count):
    async with asyncio.timeout(10):
        while len(found := [span for span in exporter.get_finished_spans() if span.name == "GET /v1/models"]) < count:
            await asyncio.sleep(0.01)
    return found


async def test_each_request_costs_the_allowance_one_trace(start, new_caller, exporter):
    server = await start(exporter=exporter, traces_per_second=5)
    caller = await new_caller(server)

    for _ in range(70):
        assert (await caller.http.get("/v1/models")).status_code == 200

    # An allowance of five a second begins with fifty, of which the start of the process took a few.
    spans = await recorded(exporter, 45)
    assert {span.parent for span in spans} == {None}


async def test_the_span_has_what_the_instrumentation_knows_and_the_parent_of_the_caller(start, new_caller, exporter):
    server, trace = await start(exporter=exporter), uuid4().hex
    caller = await new_caller(server)

    await caller.http.get("/v1/models", headers={"traceparent": f"00-{trace}-{PARENT}-01"})

    (span,) = await recorded(exporter, 1)
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (trace, PARENT)
    assert span.attributes["http.route"] == "/v1/models"
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("sent", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
async def test_without_a_valid_parent_a_trace_begins_here(start, new_caller, exporter, sent):
    server = await start(exporter=exporter, trace_ratio=0.0)
    caller = await new_caller(server)

    answer = await caller.http.get("/v1/nothing", headers={"traceparent": sent})

    assert len(answer.json()["trace_id"]) == 32
    assert answer.json()["trace_id"] != "0" * 32
    assert exporter.get_finished_spans() == ()
