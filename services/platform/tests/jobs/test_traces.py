from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from slipway.composition import open_platform
from slipway.jobs.consumer import Consumer
from slipway.telemetry.tracing import configure_tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


async def test_the_trace_of_the_request_goes_on_in_the_worker_also_after_a_loss(engine, principal, small_settings):
    await engine.take_in(principal, [{"page": b"x"}], traceparent=f"00-{TRACE}-{PARENT}-01")
    await engine.claim()
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()
    exporter = InMemorySpanExporter()

    async with open_platform(small_settings, configure_tracing("worker", small_settings, exporter=exporter)) as worker:
        await Consumer(worker).turn()

    (span,) = exporter.get_finished_spans()
    assert span.name == "chunk checksum"
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
