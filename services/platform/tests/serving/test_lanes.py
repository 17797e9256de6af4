"""Several calls of the model at the same time."""

import asyncio

import pytest

from slipway.errors import ModelTimeout
from slipway.serving.batcher import Batcher
from slipway.serving.lanes import ModelLanes
from slipway.serving.predictor import PredictError, Predictor
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
async def batcher(wide, metrics):
    """A batcher that runs, on two lanes."""
    batcher = Batcher(wide, Settings(_env_file=None), metrics)
    task = asyncio.create_task(batcher.run())
    await asyncio.sleep(0)
    yield batcher
    assert not task.done(), "the batcher lives on"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def doubles(results):
    return [result.value for result in results]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_request_alone_is_divided_among_all_lanes(batcher, workload, numbers):
    assert doubles(await batcher.predict(numbers(1, 2, 3, 4, act="slow"))) == [2, 4, 6, 8]

    assert sorted(map(sorted, workload.batches)) == [[1, 2], [3, 4]]
    assert workload.tally.most == 2


async def test_the_lanes_get_equal_cost_rather_than_equal_count_and_like_inputs_share_a_batch(
    batcher, workload, numbers
):
    await batcher.predict([*numbers(1, cost=10), *numbers(2, 3, 4), *numbers(5, cost=7)])

    assert sorted(map(sorted, workload.batches)) == [[1], [2, 3, 4, 5]]


async def test_an_idle_model_begins_without_another_round_of_the_loop(batcher, workload, predictor, numbers):
    caller = asyncio.create_task(batcher.predict(numbers(1)))
    await asyncio.sleep(0)
    if predictor._is_async:
        await asyncio.sleep(0)
        assert workload.began.is_set()
    else:
        assert workload.began.wait(10), "the loop stands still meanwhile: nobody else could begin the call"
    assert doubles(await caller) == [2]


async def test_the_next_batches_form_while_the_lanes_are_busy_and_are_shared(batcher, workload, numbers):
    busy = [asyncio.create_task(batcher.predict(numbers(n, act="slow"))) for n in (1, 2)]
    await until(lambda: workload.tally.running == 2)
    waiting = [asyncio.create_task(batcher.predict(numbers(n, act="slow"))) for n in range(3, 7)]

    await asyncio.gather(*busy, *waiting)

    assert sorted(workload.batches[:2]) == [[1], [2]]
    assert [3, 4] in workload.batches[2:4], "half of what waits; the rest is for the other lane, which may be first"
    assert sorted(value for batch in workload.batches[2:] for value in batch) == [3, 4, 5, 6]
    assert workload.tally.most == 2


async def test_a_free_lane_waits_for_requests_that_are_on_their_way_while_another_works(
    batcher, workload, numbers, monkeypatch
):
    monkeypatch.setattr("slipway.serving.batcher._GATHERING_SECONDS", 30)
    busy = asyncio.create_task(batcher.predict(numbers(1, act="slow")))
    await until(lambda: workload.tally.running == 1)
    place = batcher.admit()

    first = asyncio.create_task(batcher.predict(numbers(2)))
    await asyncio.sleep(0.02)
    assert workload.batches == [[1]], "the second is on its way"
    place.release()
    second = asyncio.create_task(batcher.predict(numbers(3)))

    assert doubles(await first) + doubles(await second) == [4, 6]
    assert workload.tally.most == 2, "the two did not wait for the one that is slow"
    assert doubles(await busy) == [2]


async def test_a_lane_does_not_wait_for_ever_for_what_is_on_its_way(batcher, workload, numbers):
    hanging = asyncio.create_task(batcher.predict(numbers(1, act="hang")))
    await until(lambda: workload.tally.running == 1)
    place = batcher.admit()

    assert doubles(await batcher.predict(numbers(2))) == [4]
    assert not hanging.done()
    place.release()
    with pytest.raises(ModelTimeout):
        await hanging


async def test_an_idle_model_does_not_wait_for_what_is_on_its_way(batcher, numbers, monkeypatch):
    monkeypatch.setattr("slipway.serving.batcher._GATHERING_SECONDS", 30)
    place = batcher.admit()

    async with asyncio.timeout(10):
        assert doubles(await batcher.predict(numbers(2))) == [4]
    place.release()


async def test_one_lane_takes_its_share_and_leaves_the_other_its_own(batcher, workload, numbers):
    slow = asyncio.create_task(batcher.predict(numbers(1, act="slow")))
    hanging = asyncio.create_task(batcher.predict(numbers(2, act="hang")))
    await until(lambda: workload.tally.running == 2)

    waiting = [asyncio.create_task(batcher.predict(numbers(n))) for n in range(3, 7)]
    await asyncio.gather(slow, *waiting)
    assert workload.batches[2:] == [[3, 4], [5], [6]], "half of it, then half of the rest"
    with pytest.raises(ModelTimeout):
        await hanging


async def test_a_call_that_hangs_leaves_the_other_lane_working_and_then_has_a_successor(batcher, workload, numbers):
    hanging = asyncio.create_task(batcher.predict(numbers(1, act="hang")))
    await until(lambda: workload.tally.running == 1)

    assert doubles(await batcher.predict(numbers(2, 3, 4, 5, 6, 7))) == [4, 6, 8, 10, 12, 14]
    assert not hanging.done()
    with pytest.raises(ModelTimeout):
        await hanging
    workload.tally.running = workload.tally.most = 0
    assert doubles(await batcher.predict(numbers(8, 9, act="slow"))) == [16, 18]
    assert workload.tally.most == 2


async def test_the_time_limit_does_not_count_the_wait_for_a_lane(batcher, workload, numbers):
    # 1.2 s of calls on two lanes; the limit of a call is 0.4 s.
    callers = [asyncio.create_task(batcher.predict(numbers(n, act="slow", cost=40))) for n in range(8)]

    assert [doubles(await caller) for caller in callers] == [[2 * n] for n in range(8)]
    assert len(workload.batches) == 8


async def test_a_failing_input_is_blamed_alone(batcher, numbers):
    outcomes = await asyncio.gather(
        batcher.predict(numbers(1, 2, 3)),
        batcher.predict(numbers(4, 5, act="raise")),
        batcher.predict(numbers(6, 7, 8)),
        return_exceptions=True,
    )

    assert [doubles(outcomes[0]), doubles(outcomes[2])] == [[2, 4, 6], [12, 14, 16]]
    assert isinstance(outcomes[1], PredictError)


async def test_inputs_of_a_caller_who_went_away_are_not_predicted(batcher, workload, numbers):
    busy = [asyncio.create_task(batcher.predict(numbers(n, act="slow"))) for n in (1, 2)]
    await until(lambda: workload.tally.running == 2)
    gone, stays = (asyncio.create_task(batcher.predict(numbers(*values))) for values in ((3, 4), (5, 6)))
    await asyncio.sleep(0)
    gone.cancel()

    await asyncio.gather(*busy, stays)

    assert sorted(value for batch in workload.batches for value in batch) == [1, 2, 5, 6]


async def test_models_share_the_lanes_of_the_process(workload, context, numbers):
    workload.width, other = 2, type(workload)(context)
    other.tally = workload.tally
    lanes, metrics = ModelLanes(), Metrics()
    predictors = [Predictor(each, metrics, lanes=lanes) for each in (workload, other)]
    await predictors[0].load()

    found = await asyncio.gather(*(each.predict(numbers(*range(16), act="slow")) for each in predictors))

    assert [doubles(results) for results in found] == [[2 * n for n in range(16)]] * 2
    assert sum(len(each.batches) for each in (workload, other)) == 8
    assert lanes.count == 2
    assert workload.tally.most == 2, "of both together"
    for each in predictors:
        each.close()


async def test_a_chunk_is_divided_among_the_lanes(wide, workload, numbers):
    assert doubles(await wide.predict(numbers(1, 2, 3, 4, act="slow"))) == [2, 4, 6, 8]
    assert workload.tally.most == 2


async def test_what_nobody_waits_for_any_more_is_not_begun(wide, workload, numbers):
    gone = asyncio.create_task(wide.predict(numbers(*range(40), act="slow")))
    await until(lambda: workload.tally.running == 2)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    assert doubles(await wide.predict(numbers(99))) == [198]
    assert len(workload.batches) <= 3, "the two that ran, and the last one"


async def test_a_workload_without_lanes_says_so(predictor, workload):
    workload.width = 0
    with pytest.raises(ValueError, match=r"doubler\.lanes must be at least 1, not 0"):
        await predictor.load()
