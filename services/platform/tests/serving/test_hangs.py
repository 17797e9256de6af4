"""A process whose model hangs asks to be ended; one that only meets slow inputs does not."""

import asyncio
import time

import pytest

from slipway.errors import ModelTimeout
from slipway.serving import hangs
from slipway.serving.predictor import Predictor
from slipway.telemetry.metrics import Metrics


@pytest.fixture
def asked(monkeypatch) -> list[float]:
    """When the process was asked to end."""
    times: list[float] = []
    monkeypatch.setattr(hangs, "ask_to_stop", lambda: times.append(time.monotonic()))
    return times


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def predictor(workload, metrics):
    predictor = Predictor(workload, metrics)
    yield predictor
    workload.go_on.set()
    predictor.close()


async def hang(predictor, numbers):
    with pytest.raises(ModelTimeout):
        await predictor.predict(numbers(1, act="hang"))


def hanging(metrics) -> float | None:
    return metrics.registry.get_sample_value("slipway_model_hanging_calls", {"workload": "doubler"})


async def test_calls_that_hang_one_after_the_other_end_the_process_once(predictor, workload, numbers, asked, metrics):
    for _ in range(hangs.IN_A_ROW - 1):
        await hang(predictor, numbers)
    assert not asked
    await hang(predictor, numbers)
    await hang(predictor, numbers)

    # A coroutine is cancelled: nothing of it is left that only the end of the process could end.
    assert len(asked) == (0 if predictor._is_async else 1)
    assert hanging(metrics) == (0 if predictor._is_async else hangs.IN_A_ROW + 1)


async def test_an_input_that_hangs_among_others_does_not_end_the_process(predictor, numbers, asked):
    for number in range(hangs.AT_ONCE - 1):
        await hang(predictor, numbers)
        await predictor.predict(numbers(number))
    assert not asked


async def test_too_many_that_hang_at_the_same_time_do(predictor, numbers, asked):
    for number in range(hangs.AT_ONCE):
        await hang(predictor, numbers)
        await predictor.predict(numbers(number))
    assert len(asked) == (0 if predictor._is_async else 1)


async def test_calls_that_end_late_leave_nothing_behind(predictor, workload, numbers, asked, metrics):
    for _ in range(hangs.IN_A_ROW + 1):
        workload.go_on.clear()
        await hang(predictor, numbers)
        workload.go_on.set()
        end = time.monotonic() + 5
        while hanging(metrics):
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
    assert not asked


async def test_a_model_that_does_not_load_in_time_says_so(predictor, workload, monkeypatch):
    monkeypatch.setattr(workload, "load_limit", 0.2, raising=False)
    monkeypatch.setattr(workload, "load", lambda: workload.go_on.wait(30))

    with pytest.raises(TimeoutError, match=r"doubler\.load took longer than 0\.2 seconds \(load_limit\)"):
        await predictor.load()
