import asyncio
from itertools import pairwise

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
    return Batcher(predictor, Settings(_env_file=None, batch_queue_inputs=8), metrics)


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
    assert workload.batches[0] == [0, 10], "whoever comes first need not wait for others"
    assert [len(batch) for batch in workload.batches[1:]] == [4, 2]


async def test_the_wait_of_each_input_is_measured_once(running, metrics, numbers):
    value = metrics.registry.get_sample_value
    slow = asyncio.create_task(running.predict(numbers(1, act="slow")))
    while value("slipway_batch_wait_seconds_count", {"workload": "doubler"}) is None:
        await asyncio.sleep(0.001)

    # One of the three makes the model run them again, one by one.
    await asyncio.gather(
        running.predict(numbers(2, act="raise")), running.predict(numbers(3, 4)), return_exceptions=True
    )
    await slow

    assert value("slipway_batch_wait_seconds_count", {"workload": "doubler"}) == 4
    assert value("slipway_batch_wait_seconds_sum", {"workload": "doubler"}) > 0


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


async def test_at_the_bound_requests_are_refused_and_those_who_were_admitted_are_served(batcher, numbers, metrics):
    early = batcher.admit()
    waiting = [asyncio.create_task(batcher.predict(numbers(1, 2, 3, 4))) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded) as found:
        batcher.admit()
    assert found.value.headers == {"Retry-After": "1"}
    exposed = generate_latest(metrics.registry).decode()
    assert 'slipway_requests_rejected_total{reason="overloaded"} 1.0' in exposed
    assert 'slipway_batch_queue_inputs{workload="doubler"} 8.0' in exposed

    early.release()
    waiting.append(asyncio.create_task(batcher.predict(numbers(7, 8))))
    served = asyncio.create_task(batcher.run())
    assert [len(answers) for answers in await asyncio.gather(*waiting)] == [4, 4, 2]
    batcher.admit().release()
    served.cancel()


async def test_places_count_as_many_inputs_as_requests_bring_of_late(running, numbers):
    for _ in range(100):
        await running.predict(numbers(1, 2, 3))

    places = [running.admit() for _ in range(3)]  # of eight inputs that may wait
    with pytest.raises(Overloaded):
        running.admit()
    places[0].release()
    running.admit()


@pytest.fixture
def patient(predictor, metrics):
    """A batcher with room for many inputs, that may wait for 0.2 s."""
    settings = Settings(_env_file=None, batch_queue_inputs=1_000, batch_queue_seconds=0.2)
    return Batcher(predictor, settings, metrics)


async def test_the_queue_is_bounded_in_time_once_the_throughput_is_known(patient, numbers, metrics):
    served = asyncio.create_task(patient.run())
    await patient.predict(numbers(1, 2, 3, 4, act="slow"))  # about 27 inputs a second: 0.2 s are 5
    served.cancel()
    await asyncio.wait({served})
    callers = [asyncio.create_task(patient.predict(numbers(1, act="slow"))) for _ in range(3)]
    await asyncio.sleep(0)
    assert not patient.overloaded, "less than a full batch may always wait"
    callers += [asyncio.create_task(patient.predict(numbers(1, act="slow"))) for _ in range(40)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded) as found:
        patient.admit()
    assert 2 <= int(found.value.headers["Retry-After"]) <= 5
    waited = metrics.registry.get_sample_value("slipway_batch_queue_wait_seconds", {"workload": "doubler"})
    assert 1 < waited < 5

    for caller in callers[3:]:
        caller.cancel()
    await asyncio.wait(callers[3:])
    assert not patient.overloaded, "who went away no longer counts"
    served = asyncio.create_task(patient.run())
    assert len(await asyncio.gather(*callers[:3])) == 3
    served.cancel()


async def test_before_anything_was_measured_only_the_time_already_waited_counts(patient, numbers):
    waiting = [asyncio.create_task(patient.predict(numbers(1))) for _ in range(100)]
    await asyncio.sleep(0)
    assert not patient.overloaded

    await asyncio.sleep(0.25)

    assert patient.overloaded
    served = asyncio.create_task(patient.run())
    assert len(await asyncio.gather(*waiting)) == 100
    assert not patient.overloaded
    served.cancel()


async def test_requests_that_do_not_get_to_the_queue_in_time_close_it(patient):
    places = [patient.admit() for _ in range(10)]
    assert not patient.overloaded

    await asyncio.sleep(0.25)

    assert patient.overloaded, "the process has no time for them"
    for place in places:
        place.release()
    assert not patient.overloaded


async def test_an_idle_model_is_open_however_slow_it_was(patient, numbers):
    served = asyncio.create_task(patient.run())
    await patient.predict(numbers(1, act="slow"))

    assert not patient.overloaded
    assert len(await patient.predict(numbers(*range(30)))) == 30
    served.cancel()


async def test_the_rest_of_a_failed_request_is_not_predicted(batcher, workload, numbers):
    failing = asyncio.create_task(batcher.predict([*numbers(1, act="raise"), *numbers(*range(2, 10))]))
    await asyncio.sleep(0)
    served = asyncio.create_task(batcher.run())

    with pytest.raises(PredictError):
        await failing
    assert [answer.value for answer in await batcher.predict(numbers(20))] == [40]
    assert 9 not in [value for batch in workload.batches for value in batch]
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
    while [1] not in workload.batches:
        await asyncio.sleep(0.01)
    served.cancel()

    await asyncio.wait({served, *waiting}, timeout=2)
    assert served.cancelled()
    assert isinstance(waiting[0].exception(), PredictError)
    assert all(caller.cancelled() for caller in waiting[1:4])
    assert [caller.result()[0].value for caller in waiting[4:]] == [8, 10], "they were not in the batch that failed"


async def test_the_loop_breathes_while_many_callers_go_on_with_their_answers(predictor, workload, metrics, numbers):
    workload.max_batch, workload.max_batch_cost = 64, 64
    batcher = Batcher(predictor, Settings(_env_file=None), metrics)
    went_on = 0

    async def call(number: int) -> None:
        nonlocal went_on
        await batcher.predict(numbers(number))
        went_on += 1

    callers = [asyncio.create_task(call(number)) for number in range(64)]
    served = asyncio.create_task(batcher.run())
    turns = [0]
    while went_on < 64:
        await asyncio.sleep(0)
        turns.append(went_on)

    assert len(workload.batches) == 1
    assert max(after - before for before, after in pairwise(turns)) <= 8
    await asyncio.gather(*callers)
    served.cancel()
