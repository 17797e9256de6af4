import asyncio
import gc
import weakref
from collections import Counter

import pytest

from slipway.keys.cache import TenantKeyCache
from slipway.keys.envelope import DataKey, new_data_key


class Provider:
    """A key provider that takes its time, and counts."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.error: Exception | None = None

    async def load(self, tenant: str) -> DataKey:
        self.asked[tenant] += 1
        await asyncio.sleep(0.01)
        if self.error:
            raise self.error
        return new_data_key()


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(provider: Provider, clock: Clock) -> TenantKeyCache[str, DataKey]:
    return TenantKeyCache(provider.load, ttl=300, size=2, clock=clock)


async def test_a_hundred_who_ask_at_once_cost_one_load(cache: TenantKeyCache, provider: Provider) -> None:
    keys = await asyncio.gather(*[cache.get("a") for _ in range(100)])
    assert all(key is keys[0] for key in keys)
    assert provider.asked == {"a": 1}


async def test_a_key_stays_for_its_time_and_no_longer(cache: TenantKeyCache, provider: Provider, clock: Clock) -> None:
    first = await cache.get("a")
    clock.seconds = 299.9
    assert await cache.get("a") is first
    clock.seconds = 300.0
    assert await cache.get("a") is not first
    assert provider.asked["a"] == 2


async def test_a_key_that_nobody_asks_for_again_leaves_the_memory_by_itself(provider: Provider) -> None:
    cache = TenantKeyCache(provider.load, ttl=0.05)
    key = weakref.ref(await cache.get("idle"))
    gc.collect()
    assert key() is not None
    async with asyncio.timeout(10):
        while key() is not None:
            await asyncio.sleep(0.01)
            gc.collect()


async def test_a_key_that_was_loaded_again_stays_for_its_own_time(provider: Provider) -> None:
    """The timer of the one before does not end it."""
    cache = TenantKeyCache(provider.load, ttl=60)
    first = await cache.get("a")
    (timer,) = [entry.timer for entry in cache._entries.values()]
    cache.replace("a", first)
    again = await cache.get("a")
    assert timer.cancelled()
    assert await cache.get("a") is again


async def test_the_key_that_was_unused_for_longest_goes_first(cache: TenantKeyCache, provider: Provider) -> None:
    for tenant in ("a", "b", "a", "c", "a", "b"):
        await cache.get(tenant)
    assert provider.asked == {"a": 1, "b": 2, "c": 1}


async def test_a_failed_load_reaches_all_who_wait_and_is_not_remembered(
    cache: TenantKeyCache, provider: Provider
) -> None:
    provider.error = ConnectionError("the provider is away")
    results = await asyncio.gather(*[cache.get("a") for _ in range(5)], return_exceptions=True)
    assert results == [provider.error] * 5
    assert provider.asked["a"] == 1
    provider.error = None
    assert isinstance(await cache.get("a"), DataKey)


async def test_one_who_gives_up_does_not_take_the_key_from_the_others(
    cache: TenantKeyCache, provider: Provider
) -> None:
    impatient = asyncio.ensure_future(cache.get("a"))
    patient = asyncio.ensure_future(cache.get("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert isinstance(await patient, DataKey)
    assert impatient.cancelled()
    assert provider.asked["a"] == 1


async def test_a_forgotten_key_is_loaded_again(cache: TenantKeyCache, provider: Provider) -> None:
    first = await cache.get("a")
    cache.forget("a")
    assert await cache.get("a") is not first


async def test_a_key_forgotten_while_it_loads_is_not_kept(cache: TenantKeyCache, provider: Provider) -> None:
    waiting = asyncio.ensure_future(cache.get("a"))
    await asyncio.sleep(0)
    cache.forget("a")
    await waiting
    await cache.get("a")
    assert provider.asked["a"] == 2


async def test_a_key_is_replaced_only_if_it_is_still_the_one_that_was_seen(
    cache: TenantKeyCache, provider: Provider
) -> None:
    """Of many who find the same key outdated, the first has it loaded again, and the others take that one."""
    outdated = await cache.get("a")
    cache.replace("a", outdated)
    fresh = await cache.get("a")
    cache.replace("a", outdated)
    assert await cache.get("a") is fresh
    assert provider.asked["a"] == 2
