"""Counters that many add to with one call of Redis."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from slipway.telemetry.metrics import Metrics
from slipway_api.tally import Tally


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def tally(shared_settings, metrics):
    tally = Tally(shared_settings, metrics, 60)
    yield tally
    await tally.close()


@pytest.fixture
async def redis(shared_settings):
    async with Redis.from_url(shared_settings.redis_url.get_secret_value()) as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"rate/{uuid4().hex}/1"


def calls(metrics: Metrics) -> float:
    return metrics.registry.get_sample_value("slipway_redis_duration_seconds_count", {"purpose": "rates"})


async def test_who_asks_together_is_counted_one_by_one_in_few_calls(tally, metrics, name):
    first = await asyncio.gather(*(tally.add(name) for _ in range(50)))
    second = await asyncio.gather(*(tally.add(name) for _ in range(50)))

    assert first + second == list(range(1, 101))
    assert calls(metrics) == 2


async def test_each_counter_has_its_own_sum(tally, name):
    sums = await asyncio.gather(*(tally.add(each) for each in (name, f"{name}/other", name, name, f"{name}/other")))

    assert sums == [1, 1, 2, 3, 2]


async def test_processes_count_together(tally, metrics, shared_settings, name):
    other = Tally(shared_settings, metrics, 60)
    sums = await asyncio.gather(*(each.add(name) for _ in range(20) for each in (tally, other)))
    await other.close()

    assert sorted(sums) == list(range(1, 41))


async def test_a_counter_ends(tally, redis, name):
    await asyncio.gather(tally.add(name), tally.add(name))
    await tally.add(name)

    assert 0 < await redis.ttl(f"LIMITS:{name}") <= 60


async def test_who_leaves_takes_nobody_with_him(tally, name):
    gone, stays = tally.add(name), tally.add(name)
    gone.cancel()

    assert await stays == 2


async def test_a_connection_that_redis_closed_is_opened_again(tally, metrics, redis, name):
    await tally.add(name)
    counting = [client["addr"] for client in await redis.client_list() if client["cmd"] in {"incrby", "expire"}]
    for address in counting:
        await redis.client_kill(address)

    assert counting
    assert await tally.add(name) == 2
    assert metrics.registry.get_sample_value("slipway_redis_failures_total", {"purpose": "rates"}) == 0


async def test_all_are_told_at_once_that_redis_does_not_answer(shared_settings, metrics, name):
    async with await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0) as silent:
        url = f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}/0"
        changes = {"redis_url": type(shared_settings.redis_url)(url), "redis_timeout": 0.2}
        tally = Tally(shared_settings.model_copy(update=changes), metrics, 60)
        first = tally.add(name)
        await asyncio.sleep(0.1)
        later = [tally.add(name) for _ in range(10)]
        ended = await asyncio.gather(first, *later, return_exceptions=True)
        await tally.close()

    assert {type(error) for error in ended} == {TimeoutError}
    assert calls(metrics) == 1
