import asyncio

import pytest

from slipway.keys.envelope import SealBroken, new_data_key
from slipway.keys.provider import (
    KeyDestroyed,
    KeyIndestructible,
    KeyProviderDenied,
    KeyProviderGone,
    KeyProviderMisconfigured,
)
from slipway.keys.watched import WatchedProvider
from slipway.telemetry.metrics import Metrics

COUNT = "slipway_key_provider_duration_seconds_count"
OUTCOMES = {
    KeyProviderGone: "gone",
    KeyProviderDenied: "denied",
    KeyProviderMisconfigured: "misconfigured",
    KeyDestroyed: "destroyed",
    SealBroken: "broken",
    KeyIndestructible: "succeeded",
    RuntimeError: "failed",
}


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def counted(metrics):
    """A function: how many calls ended in each way, those that never happened left out."""

    def read():
        names = {*OUTCOMES.values(), "cancelled"}
        found = {name: metrics.registry.get_sample_value(COUNT, {"outcome": name}) for name in names}
        assert None not in found.values()  # they exist from the start, so that a rate sees the first
        return {name: count for name, count in found.items() if count}

    return read


@pytest.fixture
def watched(local_place, metrics):
    return WatchedProvider(local_place.open(), metrics)


class Failing:
    """A provider whose calls raise."""

    id = "failing"

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    async def check(self) -> None:
        raise self._error("as told")


class Hanging:
    """A provider that never answers."""

    id = "hanging"

    async def check(self) -> None:
        await asyncio.Event().wait()


async def test_calls_do_what_they_did_and_are_counted(watched, counted, local_place, tenant):
    key = new_data_key()
    wrapped = await watched.wrap(key, tenant=tenant)
    assert await watched.unwrap(wrapped, tenant=tenant) == key
    await watched.check()
    await watched.destroy(tenant=tenant, version=1, wrapped=wrapped)
    assert counted() == {"succeeded": 4}
    with pytest.raises(KeyDestroyed):
        await watched.unwrap(wrapped, tenant=tenant)
    assert counted() == {"succeeded": 4, "destroyed": 1}
    assert watched.id == local_place.open().id
    await watched.close()


@pytest.mark.parametrize("error", OUTCOMES)
async def test_a_failure_is_counted_by_its_kind_and_passed_on(metrics, counted, error):
    with pytest.raises(error, match="as told"):
        await WatchedProvider(Failing(error), metrics).check()
    assert counted() == {OUTCOMES[error]: 1}


async def test_a_call_that_nobody_waits_for_any_more_is_counted(metrics, counted):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await WatchedProvider(Hanging(), metrics).check()
    assert counted() == {"cancelled": 1}
