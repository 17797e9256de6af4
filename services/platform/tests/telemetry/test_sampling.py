"""Few traces are all recorded; of many, no more than the settings allow, whoever asks for it."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from slipway.settings import Settings
from slipway.telemetry.sampling import BURST_SECONDS, CALLERS_FACTOR, Allowance
from slipway.telemetry.spans import BATCHER_PREDICT, REQUEST
from slipway.telemetry.tracing import Tracing, configure_tracing, current_trace_id

PER_SECOND = 2
BURST = int(PER_SECOND * BURST_SECONDS)
DECIDED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Iterator[Tracing]:
    tracing = configure_tracing("api", Settings(traces_per_second=PER_SECOND), exporter=exporter)
    yield tracing
    assert tracing.shutdown()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time of the allowances; a test moves it on."""
    now = [1_000.0]
    with monkeypatch.context() as patch:
        patch.setattr("slipway.telemetry.sampling.time.monotonic", lambda: now[0])
        yield now


def recorded(tracing: Tracing, times: int, traceparent: str | None = None) -> int:
    """Return how many of so many requests were recorded; each of them had a trace id."""
    found = 0
    for _ in range(times):
        with tracing.continue_trace(traceparent, REQUEST) as span:
            found += span.is_recording()
            assert current_trace_id() is not None
    return found


def test_few_requests_are_all_recorded(tracing: Tracing, clock: list[float]) -> None:
    for _ in range(50):
        assert recorded(tracing, 1) == 1
        clock[0] += 1 / PER_SECOND


def test_of_many_requests_so_many_a_second_are_recorded(tracing: Tracing, clock: list[float]) -> None:
    recorded(tracing, 10 * BURST)
    found = []
    for _ in range(30):
        clock[0] += 1
        found.append(recorded(tracing, 100))
    assert found == [PER_SECOND] * 30


def test_after_a_pause_many_are_recorded_at_once_and_no_more(tracing: Tracing, clock: list[float]) -> None:
    assert BURST <= recorded(tracing, 10 * BURST) <= BURST + 1
    clock[0] += 3_600
    assert BURST <= recorded(tracing, 10 * BURST) <= BURST + 1


def test_callers_cannot_have_all_of_their_requests_recorded(tracing: Tracing, clock: list[float]) -> None:
    bound = CALLERS_FACTOR * BURST
    assert bound <= recorded(tracing, 3 * bound, DECIDED) <= bound + 1
    assert recorded(tracing, 10, DECIDED) == 0
    assert recorded(tracing, 1) == 1, "what they ask for takes nothing from others"


@pytest.mark.usefixtures("clock")
def test_a_trace_that_began_is_recorded_to_its_end(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.continue_trace(None, REQUEST):
        recorded(tracing, 10 * BURST)
        exporter.clear()
        for _ in range(100):
            with tracing.span(BATCHER_PREDICT, inputs=1):
                pass
    assert [span.name for span in exporter.get_finished_spans()] == ["batcher.predict"] * 100 + [REQUEST.name]


@pytest.mark.usefixtures("clock")
def test_below_a_request_that_is_not_recorded_nothing_is(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    recorded(tracing, 10 * BURST)
    exporter.clear()
    with tracing.continue_trace(None, REQUEST), tracing.span(BATCHER_PREDICT, inputs=1):
        assert current_trace_id() is not None
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize("traceparent", [None, DECIDED])
def test_with_none_a_second_nothing_is_recorded(exporter: InMemorySpanExporter, traceparent: str | None) -> None:
    tracing = configure_tracing("api", Settings(traces_per_second=0), exporter=exporter)
    assert recorded(tracing, 20, traceparent) == 0
    assert tracing.shutdown()


@settings(deadline=None)
@given(per_second=st.floats(0.05, 1_000), pauses=st.lists(st.floats(0, 30), max_size=60))
def test_an_allowance_is_never_exceeded(per_second: float, pauses: list[float]) -> None:
    now = 5.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("slipway.telemetry.sampling.time.monotonic", lambda: now)
        allowance = Allowance(per_second)
        taken = 0
        for pause in pauses:
            now += pause
            had_time = pause >= 1 / per_second * 1.000001
            took = allowance.take()
            assert took or not had_time
            taken += took
        assert taken <= per_second * (BURST_SECONDS + now - 5.0) + 1.001


def test_threads_share_an_allowance() -> None:
    allowance, start, taken = Allowance(50.0), threading.Barrier(4), list[int]()

    def take() -> None:
        start.wait(5)
        taken.append(sum(allowance.take() for _ in range(3_000)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    seconds = time.monotonic() - began
    assert len(taken) == 4
    assert 50 * BURST_SECONDS <= sum(taken) <= 50 * (BURST_SECONDS + seconds) + 1
