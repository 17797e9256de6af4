import asyncio

import pytest
from prometheus_client import generate_latest

from slipway.errors import ModelTimeout, Overloaded
from slipway.serving.batcher import Batcher
from slipway.serving.predictor import PredictError
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def batcher(predictor, metrics):
    return Batcher(predictor, Settings(_env_file=None, batch_queue_inputs=8, batch_wait=0.01), metrics)


@pytest.fixture
async def running(batcher):
    task = asyncio.create_task(batcher.run())
    yield batcher
    assert not task.done(), "the batcher lives on"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_callers_share_batches_and_get_their_own_answers(running, workload, numbers):
    answers = await asyncio.gather(*(running.predict(numbers(n, n + 10)) for n in range(4)))

    assert [[a.value for a in answer] for answer in answers] == [[2 * n, 2 * n + 20] for n in range(4)]
    assert [len(batch) for batch in workload.batches] == [4, 4]


async def test_one_bad_input_fails_its_own_caller_alone(running, numbers):
    outcomes = await asyncio.gather(
        running.predict(numbers(1)),
        running.predict(numbers(2, act="raise")),
        running.predict(numbers(3)),
        running.predict(numbers(4, act="cost")),
        return_exceptions=True,
    )

    assert [outcomes[0][0].value, outcomes[2][0].value] == [2, 6]
    assert isinstance(outcomes[1], PredictError)
    assert isinstance(outcomes[3], PredictError)


async def test_a_hanging_model_is_reported_and_later_callers_are_served(running, numbers):
    with pytest.raises(ModelTimeout):
        await running.predict(numbers(1, act="hang"))

    assert [a.value for a in await running.predict(numbers(2))] == [4]


async def test_beyond_the_bound_the_answer_is_an_immediate_refusal(batcher, numbers, metrics):
    waiting = [asyncio.create_task(batcher.predict(numbers(1, 2, 3))) for _ in range(2)]
    await asyncio.sleep(0)
    assert not batcher.full

    with pytest.raises(Overloaded) as found:
        await asyncio.wait_for(batcher.predict(numbers(7, 8, 9)), 0.05)
    assert found.value.headers == {"Retry-After": "1"}
    exposed = generate_latest(metrics.registry).decode()
    assert 'slipway_requests_rejected_total{reason="overloaded"} 1.0' in exposed
    assert 'slipway_batch_queue_inputs{workload="doubler"} 6.0' in exposed

    waiting.append(asyncio.create_task(batcher.predict(numbers(7, 8))))
    await asyncio.sleep(0)
    assert batcher.full
    served = asyncio.create_task(batcher.run())
    assert [len(answers) for answers in await asyncio.gather(*waiting)] == [3, 3, 2]
    assert not batcher.full
    served.cancel()


async def test_a_caller_who_goes_away_frees_the_model_for_others(batcher, workload, numbers):
    gone = asyncio.create_task(batcher.predict(numbers(1, 2)))
    stays = asyncio.create_task(batcher.predict(numbers(3)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    served = asyncio.create_task(batcher.run())

    assert [a.value for a in await stays] == [6]
    assert workload.batches == [[3]]
    served.cancel()


async def test_a_caller_who_goes_away_in_the_middle_does_not_disturb_the_batch(running, numbers):
    gone = asyncio.create_task(running.predict(numbers(1, act="slow")))
    stays = asyncio.create_task(running.predict(numbers(2)))
    await asyncio.sleep(0.05)
    gone.cancel()

    assert [a.value for a in await stays] == [4]


async def test_who_waits_when_the_process_ends_is_told(batcher, numbers):
    served = asyncio.create_task(batcher.run())
    waiting = asyncio.create_task(batcher.predict(numbers(1, act="slow")))
    await asyncio.sleep(0.05)
    served.cancel()

    await asyncio.wait({served, waiting}, timeout=2)
    assert served.cancelled()
    assert waiting.cancelled()


async def test_whoever_waits_is_told_when_the_process_ends_while_it_looks_for_who_is_to_blame(
    batcher, workload, numbers
):
    acts = ("raise", "slow", "slow", "slow", "", "")
    waiting = [asyncio.create_task(batcher.predict(numbers(n, act=act))) for n, act in enumerate(acts)]
    served = asyncio.create_task(batcher.run())
    while workload.batches[1:] != [[0], [1]]:
        await asyncio.sleep(0.01)
    served.cancel()

    await asyncio.wait({served, *waiting}, timeout=2)
    assert served.cancelled()
    assert isinstance(waiting[0].exception(), PredictError)
    assert all(caller.cancelled() for caller in waiting[1:])
