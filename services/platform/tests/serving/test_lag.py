"""How late the event loop is."""

import asyncio
import time

import pytest

from slipway.errors import Overloaded
from slipway.serving.batcher import Batcher
from slipway.serving.lag import Lag
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics

DEAF_SECONDS = 0.4


async def starve(rounds):
    """Let the loop have a turn every 0.4 s: as under a quota that is used up."""
    for _ in range(rounds):
        time.sleep(DEAF_SECONDS)  # noqa: ASYNC251  # that is what is tested
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def lag():
    lag = Lag()
    task = asyncio.create_task(lag.follow())
    await asyncio.sleep(0.06)
    yield lag
    task.cancel()
    await asyncio.wait({task})


async def test_a_loop_that_is_deaf_at_times_is_late_by_as_much_and_forgets_it(lag):
    await starve(10)
    assert lag.seconds > 0.1

    async with asyncio.timeout(20):
        while lag.seconds > 0.05:
            await asyncio.sleep(0.05)


async def test_what_a_request_waits_for_the_loop_counts_before_it_is_let_in(predictor, workload, numbers):
    settings = Settings(_env_file=None, batch_queue_inputs=1_000, batch_queue_seconds=0.3)
    batcher = Batcher(predictor, settings, Metrics())
    served = asyncio.create_task(batcher.run())
    await batcher.predict(numbers(*range(8)))
    await starve(10)

    places = []
    with pytest.raises(Overloaded):
        places.extend(batcher.admit() for _ in range(20))
    for place in places:
        place.release()
    assert not batcher.overloaded, "an idle model refuses nobody"
    served.cancel()
    await asyncio.wait({served})
