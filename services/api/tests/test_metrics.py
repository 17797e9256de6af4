"""What the API tells Prometheus: each route, Redis, the backlog that workers cannot tell of when they are gone."""

import asyncio
import re
import socket

import pytest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from pydantic import SecretStr

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PAGE = {"inputs": [{"page": "YSBwYWdl"}]}
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def value(server):
    """A function that returns the value of a series of the API."""
    return lambda name, **labels: server.platform.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def nowhere():
    """The URL of a Redis that is not there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return SecretStr(f"redis://127.0.0.1:{unused.getsockname()[1]}/0")


async def eventually(check, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


async def test_every_route_is_counted_and_timed_by_its_template(server, caller, value):
    schema = server.app.openapi()
    routes = [(path, method.upper()) for path, methods in schema["paths"].items() for method in methods]
    assert len(routes) > 10

    for path, method in routes:
        await caller.http.request(method, re.sub(r"\{\w+\}", NOBODY, path))

    for path, method in routes:
        assert (value("slipway_http_request_duration_seconds_count", route=path, method=method) or 0) > 0, path
        counted = [
            value("slipway_http_requests_total", route=path, method=method, status=status)
            for status in ("2xx", "4xx", "5xx")
        ]
        assert sum(count or 0 for count in counted) > 0, path


async def test_a_path_that_a_client_made_up_is_no_label(caller, server):
    await caller.http.get("/v1/jobs/maria@example.com/secrets")
    for family in server.platform.metrics.registry.collect():
        assert not [sample for sample in family.samples if "maria" in str(sample.labels)]


@pytest.mark.parametrize(("flags", "named"), [("01", True), ("00", False)])
async def test_a_bucket_leads_to_the_trace_of_a_request_that_is_sampled(start, new_caller, flags, named):
    server = await start()
    caller = await new_caller(server)
    traceparent = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-{flags}"}

    answered = await caller.http.post("/v1/checksum", json=PAGE, headers=traceparent)

    assert answered.status_code == 200
    lines = generate_openmetrics(server.platform.metrics.registry).decode().splitlines()
    for metric in ("slipway_http_request_duration_seconds", "slipway_model_duration_seconds"):
        leading = [line for line in lines if line.startswith(f"{metric}_bucket") and TRACE in line]
        assert bool(leading) is named, metric


async def test_calls_of_redis_are_timed(caller, value):
    before = value("slipway_redis_duration_seconds_count", purpose="rates")
    await caller.http.get("/v1/models")
    assert value("slipway_redis_duration_seconds_count", purpose="rates") == before + 1
    assert value("slipway_redis_failures_total", purpose="rates") == 0


async def test_a_redis_that_is_away_is_counted_once_until_the_next_trial(start, new_caller, nowhere):
    server = await start(redis_url=nowhere)
    caller = await new_caller(server)
    for _ in range(3):
        assert (await caller.http.get("/v1/models")).status_code == 200
    value = server.platform.metrics.registry.get_sample_value
    assert value("slipway_redis_failures_total", {"purpose": "rates"}) == 1
    assert value("slipway_redis_duration_seconds_count", {"purpose": "rates"}) == 1


async def test_the_doorbell_is_timed_and_its_failures_counted(start, new_caller, nowhere):
    server = await start(redis_url=nowhere)
    caller = await new_caller(server)
    await caller.http.post("/v1/jobs", json=PAGE)
    value = server.platform.metrics.registry.get_sample_value
    await eventually(lambda: value("slipway_redis_failures_total", {"purpose": "doorbell"}) == 1)
    assert value("slipway_redis_duration_seconds_count", {"purpose": "doorbell"}) == 1


async def test_the_api_tells_the_backlog_when_no_worker_does(start, new_caller):
    server = await start(poll_seconds=0.05)
    caller = await new_caller(server)
    accepted = await caller.http.post("/v1/jobs", json=PAGE)
    assert accepted.status_code == 202
    value = server.platform.metrics.registry.get_sample_value
    await eventually(lambda: value("slipway_job_chunks", {"state": "waiting"}) == 1)
    await eventually(lambda: (value("slipway_job_oldest_waiting_seconds") or 0) > 0)
    assert value("slipway_audit_unsealed_seconds") is None, "that only a worker knows"
