"""What only a first request would do is done before anybody may send one."""

import asyncio
import socket

import pytest
from pydantic import SecretStr
from shown import PAGE, Shown

from slipway_api import app as application
from slipway_api import rehearsal


@pytest.fixture
def moments(monkeypatch):
    """A list of whether the process had started, before and after its rehearsal."""
    found = []

    async def rehearse(app, api):
        found.append(api.warm.is_set())
        await rehearsal.rehearse(app, api)
        found.append(api.warm.is_set())

    monkeypatch.setattr(application, "rehearse", rehearse)
    return found


@pytest.fixture
def nowhere():
    """An address where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


def count(server, name, **labels):
    return server.platform.metrics.registry.get_sample_value(name, labels) or 0


async def test_it_comes_before_the_process_says_that_it_has_started(start, moments):
    server = await start()
    assert moments == [False, False]
    assert server.app.state.api.warm.is_set()


async def test_the_model_runs_the_example_and_the_stores_are_asked(start):
    Shown.seen.clear()

    server = await start(workload="shown:Shown")

    assert len(Shown.seen) > 1
    assert set(Shown.seen) == {PAGE}
    assert count(server, "slipway_redis_duration_seconds_count", purpose="rates") > 0
    assert count(server, "slipway_database_wait_seconds_count", role="system") > 0


async def test_it_is_no_request_of_anybody(start, caller):
    server = await start(workload="shown:Shown")

    for family in server.platform.metrics.registry.collect():
        if family.name in {
            "slipway_http_requests",
            "slipway_inputs_predicted",
            "slipway_http_request_duration_seconds",
        }:
            assert [sample for sample in family.samples if "/v1/" in str(sample.labels) and sample.value] == []
    # Were it in the audit, it would be nobody's, and could not be written.
    await server.app.state.api.audit.flush()
    answer = await caller.http.post(f"{server.url}/v1/checksum", json={"inputs": [{"page": "YSBwYWdl"}]})
    assert answer.status_code == 200
    assert count(server, "slipway_http_requests_total", route="/v1/checksum", method="POST", status="2xx") == 1


async def test_a_workload_without_an_example_starts_as_well(server):
    assert server.app.state.api.warm.is_set()


async def test_stores_that_are_away_do_not_keep_it_from_starting(start, nowhere):
    url = SecretStr(f"postgresql://nobody:nothing@{nowhere}/nothing")
    async with asyncio.timeout(60):
        server = await start(
            workload="shown:Shown",
            database_app_url=url,
            database_system_url=url,
            redis_url=SecretStr(f"redis://{nowhere}/0"),
        )
    assert server.app.state.api.warm.is_set()


async def test_a_store_that_hangs_does_not_keep_it_from_starting(start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = SecretStr(f"postgresql://nobody:nothing@127.0.0.1:{silent.getsockname()[1]}/nothing")
        async with asyncio.timeout(60):
            server = await start(database_app_url=url, database_system_url=url, database_timeout=2.0)
        assert server.app.state.api.warm.is_set()


async def test_a_defect_of_the_workload_does_not_keep_it_from_starting(start, monkeypatch):
    monkeypatch.setattr(Shown, "predict", None)
    server = await start(workload="shown:Shown")
    assert server.app.state.api.warm.is_set()
