"""Each key has a rate, with or without Redis."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr


@pytest.fixture
def away() -> str:
    """Return the URL of a Redis that is not there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{unused.getsockname()[1]}/0"


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the URL of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


async def spend_two(server, new_caller, problem) -> None:
    caller, other = await new_caller(server), await new_caller(server)
    while time.time() % 60 > 55:  # the window would end in the middle
        await asyncio.sleep(0.5)

    first, second, third = [await caller.http.get("/v1/models") for _ in range(3)]

    assert [first.status_code, second.status_code] == [200, 200]
    assert first.headers["ratelimit-policy"] == '"key";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"key";r=1;t=')
    assert second.headers["ratelimit"].startswith('"key";r=0;t=')
    document = problem(third, 429, "rate-limited")
    assert "2 requests a minute" in document["detail"]
    assert third.headers["ratelimit"].startswith('"key";r=0;t=')
    assert 0 < int(third.headers["retry-after"]) <= 60
    assert (await other.http.get("/v1/models")).status_code == 200
    registry = server.platform.metrics.registry
    assert registry.get_sample_value("slipway_requests_rejected_total", {"reason": "rate_limited"}) == 1


async def test_over_its_rate_a_key_gets_a_429(start, new_caller, problem):
    await spend_two(await start(rate_limit_per_minute=2), new_caller, problem)


async def test_processes_share_the_count(start, new_caller):
    one, two = await start(rate_limit_per_minute=10), await start(rate_limit_per_minute=10)
    caller = await new_caller(one)

    await caller.http.get("/v1/models")
    response = await caller.http.get(f"{two.url}/v1/models")

    assert response.headers["ratelimit"].startswith('"key";r=8;')


async def test_without_redis_each_process_counts_by_itself(start, new_caller, problem, away):
    server = await start(rate_limit_per_minute=2, redis_url=SecretStr(away))
    await spend_two(server, new_caller, problem)


async def test_a_redis_that_hangs_costs_one_time_limit_and_not_one_a_request(start, new_caller, silent):
    server = await start(redis_url=SecretStr(silent), redis_timeout=0.3)
    caller = await new_caller(server)

    began = time.monotonic()
    statuses = [(await caller.http.get("/v1/models")).status_code for _ in range(20)]

    assert statuses == [200] * 20
    assert time.monotonic() - began < 2
