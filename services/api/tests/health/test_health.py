"""The probes: what an orchestrator asks."""

import httpx
import psycopg
import pytest
from pydantic import SecretStr

NOWHERE = "127.0.0.1:9"


@pytest.fixture
def ask():
    """A function that asks a probe, without a key."""

    async def get(server, probe: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.url, timeout=10, verify=False) as client:
            return await client.get(f"/health/{probe}")

    return get


@pytest.mark.parametrize("probe", ["live", "ready", "startup"])
async def test_probes_need_no_key(probe, server, ask):
    response = await ask(server, probe)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_without_postgresql_it_lives_but_is_not_ready(start, ask, problem, caller):
    away = SecretStr(f"postgresql://slipway_app:app@{NOWHERE}/slipway")
    server = await start(database_app_url=away, database_system_url=away)

    document = problem(await ask(server, "ready"), 503, "unavailable")
    assert document["detail"] == "The database does not answer. Try again in a moment."
    assert (await ask(server, "live")).status_code == 200
    unchecked = await caller.http.get(f"{server.url}/v1/jobs")
    problem(unchecked, 503, "unavailable")
    assert int(unchecked.headers["retry-after"]) >= 1


async def test_without_redis_it_is_ready(start, ask):
    server = await start(redis_url=SecretStr(f"redis://{NOWHERE}/0"))
    assert (await ask(server, "ready")).status_code == 200


@pytest.mark.parametrize(("revision", "status"), [("0000", 200), (None, 503)])
async def test_an_unknown_schema_is_a_newer_one_and_none_an_older_one(revision, status, settings, start, ask, problem):
    server = await start(
        settings.model_copy(update={"workload": "checksum:Checksum", "api_port": 0, "metrics_port": 0})
    )
    with psycopg.connect(settings.database_owner_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("DELETE FROM alembic_version")
        if revision:
            connection.execute("INSERT INTO alembic_version VALUES (%s)", [revision])

    response = await ask(server, "ready")

    assert response.status_code == status
    if status == 503:
        assert "slipway migrate" in problem(response, 503, "unavailable")["detail"]


async def test_the_probes_port_has_metrics_too(start, new_caller):
    server = await start()
    caller = await new_caller(server)
    await caller.http.get("/v1/models")
    await caller.http.get("/nowhere")

    value = server.platform.metrics.registry.get_sample_value
    asked = {"route": "/v1/models", "method": "GET", "status": "2xx"}
    assert value("slipway_http_requests_total", asked) == 1
    assert value("slipway_http_requests_total", {"route": "unmatched", "method": "GET", "status": "4xx"}) == 1
    assert value("slipway_http_request_duration_seconds_count", {"route": "/v1/models", "method": "GET"}) == 1
