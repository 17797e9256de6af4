import asyncio
import subprocess
import sys

import pytest

from slipway.errors import ModelTimeout
from slipway.serving.predictor import PredictError
from slipway.telemetry import spans
from slipway.telemetry.tracing import current_trace_id
from slipway.workload import Failure

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

HANGING = """
import asyncio, threading
from slipway.serving.thread import CallThread

async def main():
    thread = CallThread("model")
    try:
        await asyncio.wait_for(thread.call(threading.Event().wait), 0.2)
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""


def doubles(results):
    return [result.value for result in results]


async def test_each_input_gets_its_answer_in_order(predictor, numbers):
    assert doubles(await predictor.predict(numbers(*range(11)))) == [2 * n for n in range(11)]
    assert await predictor.predict([]) == []


async def test_one_input_may_fail_without_the_others(predictor, numbers):
    results = await predictor.predict([*numbers(1), *numbers(2, act="fail"), *numbers(3)])

    assert (results[0].value, results[1], results[2].value) == (2, Failure("no", "No."), 6)


@pytest.mark.parametrize("act", ["raise", "cost"])
async def test_a_workload_that_raises_is_a_predict_error_that_quotes_no_input(predictor, numbers, act):
    with pytest.raises(PredictError) as found:
        await predictor.predict(numbers(1, act=act))

    assert "doubler." in str(found.value)
    assert "the text" not in str(found.value)
    assert doubles(await predictor.predict(numbers(4))) == [8]


@pytest.mark.parametrize("returned", [None, [], [1, 2], "ab", [None, None], [{"value": 1}, {"value": 2}], 7])
async def test_a_workload_that_breaks_its_contract_is_a_predict_error(
    predictor, workload, numbers, returned, monkeypatch
):
    async def answer_async(batch):
        return returned

    monkeypatch.setattr(workload, "predict", answer_async if predictor._is_async else lambda _: returned)

    with pytest.raises(PredictError, match="must return"):
        await predictor.predict(numbers(1, 2))


async def test_a_hanging_call_is_given_up_and_the_next_one_works(predictor, workload, numbers):
    for _ in range(2):
        with pytest.raises(ModelTimeout, match=r"longer than 0\.4 seconds"):
            await predictor.predict(numbers(1, act="hang"))

    assert doubles(await predictor.predict(numbers(2))) == [4]


async def test_a_call_that_waits_for_a_hanging_one_is_neither_cancelled_nor_blamed(predictor, workload, numbers):
    hanging = asyncio.create_task(predictor.predict(numbers(1, act="hang")))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(predictor.predict(numbers(2, act="slow")))

    with pytest.raises(ModelTimeout):
        await hanging
    assert doubles(await waiting) == [4]


async def test_the_time_limit_is_for_one_batch(predictor, workload, numbers):
    slow = [item for n in range(3) for item in numbers(n, act="slow", cost=40)]

    assert doubles(await predictor.predict(slow)) == [0, 2, 4]


async def test_plain_functions_run_off_the_event_loop_in_the_context_of_the_caller(
    platform, predictor, workload, numbers
):
    seen = []
    predict = workload.predict

    def note(batch):
        seen.append(current_trace_id())
        return predict(batch)

    workload.predict = note
    with platform.tracing.continue_trace(f"00-{TRACE}-00f067aa0ba902b7-01", spans.REQUEST):
        if not predictor._is_async:
            await predictor.predict(numbers(1))
            assert seen == [TRACE]
            assert len(workload.threads) == 1


async def test_a_model_that_cannot_be_loaded_says_so(predictor, workload, monkeypatch):
    def load():
        raise FileNotFoundError("no model")

    monkeypatch.setattr(workload, "load", load)
    with pytest.raises(FileNotFoundError, match="no model"):
        await predictor.load()


def test_a_hanging_call_does_not_keep_the_process_from_ending():
    ended = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, timeout=30, check=True, text=True)
    assert ended.stdout == "given up\n"
