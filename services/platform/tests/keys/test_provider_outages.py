"""What every key provider behind a network promises when it is slow, gone, talks nonsense, or denies."""

import asyncio
import time

import pytest
from tests.faults.proxy import Fault

from slipway.keys.envelope import new_data_key
from slipway.keys.provider import KeyProviderDenied, KeyProviderGone

LIMIT = 0.5
PATIENCE = 20
"""Seconds: far above what three attempts of LIMIT take, far below for ever."""


@pytest.fixture
def provider(remote, proxy, closing):
    return closing(remote.open(port=proxy.port, timeout=LIMIT))


@pytest.fixture
async def wrapped(remote, closing, tenant):
    key = new_data_key()
    return key, await closing(remote.open()).wrap(key, tenant=tenant)


def every_call(provider, wrapped, tenant):
    return [
        lambda: provider.wrap(new_data_key(2), tenant=tenant),
        lambda: provider.unwrap(wrapped, tenant=tenant),
        lambda: provider.destroy(tenant=tenant, version=1, wrapped=wrapped),
        provider.check,
    ]


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.FROZEN, Fault.GARBAGE])
async def test_a_provider_that_fails_is_gone_and_works_once_it_is_back(provider, proxy, wrapped, tenant, fault):
    key, content = wrapped
    assert await provider.unwrap(content, tenant=tenant) == key
    with proxy.failing(fault):
        for call in every_call(provider, content, tenant):
            began = time.monotonic()
            with pytest.raises(KeyProviderGone):
                await call()
            assert time.monotonic() - began < PATIENCE
    assert await _until_it_answers(provider, content, tenant) == key


async def test_a_provider_that_is_slow_is_waited_for(provider, proxy, wrapped, tenant):
    key, content = wrapped
    await provider.check()
    with proxy.failing(Fault.SLOW):
        assert await provider.unwrap(content, tenant=tenant) == key


async def test_nothing_else_waits_for_a_provider_that_hangs(provider, proxy, wrapped, tenant):
    """Also not where a library waits in threads: many calls hang, the event loop goes on, and so do calls behind."""
    key, content = wrapped
    with proxy.failing(Fault.FROZEN):
        hanging = asyncio.gather(*(provider.unwrap(content, tenant=tenant) for _ in range(30)), return_exceptions=True)
        steps = 0
        while not hanging.done():
            await asyncio.sleep(0.01)
            steps += 1
        assert steps > 10
        assert {type(error) for error in await hanging} == {KeyProviderGone}
    assert await _until_it_answers(provider, content, tenant) == key


async def test_a_provider_that_goes_away_in_the_middle_of_a_wrap_leaves_a_key_that_can_be_wrapped(
    provider, proxy, tenant
):
    """Whatever part of it was done: it is done again, and both processes get the same key at the provider."""
    key = new_data_key()
    with proxy.failing(Fault.FROZEN), pytest.raises(KeyProviderGone):
        await provider.wrap(key, tenant=tenant)
    content = await _until(lambda: provider.wrap(key, tenant=tenant))
    assert await _until_it_answers(provider, content, tenant) == key


async def test_a_provider_that_denies_says_so_and_does_nothing(remote, closing, wrapped, tenant):
    key, content = wrapped
    with remote.denying() as denied:
        provider = closing(denied)
        for call in every_call(provider, content, tenant):
            with pytest.raises(KeyProviderDenied, match=r"docs/keys\.md"):
                await call()
    assert await closing(remote.open()).unwrap(content, tenant=tenant) == key


async def _until_it_answers(provider, content, tenant):
    return await _until(lambda: provider.unwrap(content, tenant=tenant))


async def _until(call):
    """A connection of before may have to fail first."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return await call()
        except KeyProviderGone:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.05)
