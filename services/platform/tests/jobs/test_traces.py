import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from slipway.composition import open_platform
from slipway.jobs.consumer import Consumer
from slipway.telemetry.tracing import configure_tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
async def exporter():
    return InMemorySpanExporter()


@pytest.fixture
async def worker(small_settings, exporter):
    """A worker whose spans are kept."""
    async with open_platform(small_settings, configure_tracing("worker", small_settings, exporter=exporter)) as opened:
        await opened.load()
        yield Consumer(opened)


def parents(spans):
    """Return the name of each span with its parent's, in the order of their beginning."""
    names = {span.context.span_id: span.name for span in spans}
    ordered = sorted(spans, key=lambda span: (span.start_time, -span.end_time))
    return [(names.get(span.parent.span_id, "outside"), span.name) for span in ordered]


async def test_the_steps_of_a_chunk_are_in_the_trace_of_its_job(engine, principal, exporter, worker):
    await engine.take_in(principal, [{"page": b"x"}, {"page": b"y"}], traceparent=f"00-{TRACE}-{PARENT}-01")

    await worker.turn()

    spans = exporter.get_finished_spans()
    of_the_chunk = [(parent, name) for parent, name in parents(spans) if "chunk" in parent or parent == "outside"]
    assert of_the_chunk == [
        ("outside", "chunk"),
        ("chunk", "chunk.claim"),
        ("chunk", "database.transaction"),  # the tenant's keys
        ("chunk", "chunk.read"),
        ("chunk.read", "SELECT job_items"),
        ("chunk", "chunk.predict"),
        ("chunk", "chunk.finish"),
        ("chunk.finish", "UPDATE jobs"),
    ]
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    by_name = {span.name: span for span in spans}
    assert f"{by_name['chunk'].parent.span_id:016x}" == PARENT
    assert by_name["chunk"].attributes["slipway.attempt"] == 1
    assert by_name["chunk"].attributes["slipway.tenant"] == str(principal.tenant_id)
    assert by_name["chunk.predict"].attributes["slipway.inputs"] == 2
    assert by_name["chunk.finish"].attributes["slipway.inputs"] == 2


async def test_a_job_stays_in_its_trace_after_a_loss(engine, principal, exporter, worker):
    await engine.take_in(principal, [{"page": b"x"}], traceparent=f"00-{TRACE}-{PARENT}-01")
    await engine.claim()
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()

    await worker.turn()

    (chunk,) = [span for span in exporter.get_finished_spans() if span.name == "chunk"]
    assert f"{chunk.context.trace_id:032x}" == TRACE
    assert f"{chunk.parent.span_id:016x}" == PARENT
    assert chunk.attributes["slipway.attempt"] == 2


async def test_a_model_that_fails_is_an_error_in_the_trace_of_the_job(engine, principal, exporter, worker):
    await engine.take_in(principal, [{"page": b"crash"}], traceparent=f"00-{TRACE}-{PARENT}-01")

    await worker.turn()

    failed = [span for span in exporter.get_finished_spans() if span.status.status_code is StatusCode.ERROR]
    assert [span.name for span in failed] == ["chunk.predict"]
    assert failed[0].attributes["error.type"] == "slipway.serving.predictor.PredictError"


async def test_turns_that_find_nothing_begin_no_trace(exporter, worker):
    for _ in range(3):
        assert not await worker.turn()
    assert exporter.get_finished_spans() == ()
