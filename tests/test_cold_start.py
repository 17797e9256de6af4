"""Everything is started at once, as `helm install` does: whatever comes first waits for what comes last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from pydantic import SecretStr
from tests.faults.processes import Process, process

from slipway.database.bootstrap import bootstrap
from slipway.database.migrations import upgrade
from slipway.keys.local import create_keys
from slipway.settings import Settings
from slipway_cli.keys import new_token
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres
from slipway_cli.servers.redis import Redis

SERVICES = ("slipway_api", "slipway_worker", "slipway_worker.scheduler")
SECONDS = 60
PAGES = [{"page": "YSBwYWdl"}] * 9


@pytest.fixture
def servers(servers_folder) -> tuple[Postgres, Redis]:
    """A PostgreSQL and a Redis that nobody has started."""
    folder = servers_folder / f"cold-{free_port()}"
    return Postgres(folder / "postgres", free_port(), durable=False), Redis(folder / "redis", free_port(), "cold")


@pytest.fixture
def settings(servers, tmp_path) -> Settings:
    """The settings of a release that has not one server yet; only its keys are there."""
    postgres, redis = servers
    urls = {
        f"database_{role}_url": SecretStr(f"postgresql://slipway_{role}:{role}@127.0.0.1:{postgres.port}/cold")
        for role in ("owner", "app", "system")
    }
    made = Settings(
        _env_file=None,
        **urls,
        redis_url=SecretStr(redis.url),
        workload="checksum:Checksum",
        master_key_file=tmp_path / "keys" / "master.key",
        audit_key_file=tmp_path / "keys" / "audit.pem",
        evidence_dir=tmp_path / "evidence",
        api_port=free_port(),
        database_timeout=1.0,
        poll_seconds=0.2,
        drain_seconds=5.0,
        linger_seconds=0.1,
    )
    create_keys(made)
    return made


@pytest.fixture
async def services(settings, tmp_path) -> AsyncIterator[list[Process]]:
    """The processes, of which each has loaded what it needs: their startup is over."""
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(process(module, settings, tmp_path)) for module in SERVICES]
        for service in started:
            await says(service, "startup", 200)
        yield started


async def says(service: Process, probe: str, status: int, words: str = "") -> None:
    """Wait until a probe answers so."""
    try:
        async with asyncio.timeout(SECONDS):
            while (found := await service.answers(probe))[0] != status or words not in found[1]:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{probe}: {await service.answers(probe)}\n{service.log()}")


async def test_they_live_and_wait_until_all_is_there_and_then_work(services, servers, settings):
    api, worker, scheduler = services
    postgres, redis = servers
    for service in (api, worker):
        await says(service, "ready", 503, "The database does not answer")
        assert (await service.answers("live"))[0] == 200
    try:
        with postgres, redis:
            await bootstrap(postgres.admin_url, settings)
            for service in (api, worker):
                await says(service, "ready", 503, "The database schema is older than this release")
            await asyncio.to_thread(upgrade, settings)
            for service in services:
                await says(service, "ready", 200)

            headers = {"Authorization": f"Bearer {await new_token(settings, 'acme')}"}
            url = f"http://127.0.0.1:{settings.api_port}"
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http, asyncio.timeout(SECONDS):
                accepted = await http.post("/v1/jobs", json={"inputs": PAGES})
                while (job := (await http.get(accepted.headers["Location"])).json())["state"] != "completed":
                    await asyncio.sleep(0.05)
            assert job["succeeded"] == len(PAGES)
            assert [await service.stops() for service in services] == [True] * 3, scheduler.log()
    finally:
        postgres.remove()
    assert [service.log().count("Traceback") for service in services] == [0] * 3


async def test_they_end_while_they_wait(services):
    for service in services[:2]:
        await says(service, "ready", 503, "The database does not answer")
    assert [await service.stops() for service in services] == [True] * 3


async def test_an_outage_later_on_takes_nobody_out_of_service(services, servers, settings):
    """A gateway without a pod has no answer that tells when to come again."""
    api, worker, _ = services
    postgres, _ = servers
    try:
        with postgres:
            await bootstrap(postgres.admin_url, settings)
            await asyncio.to_thread(upgrade, settings)
            for service in (api, worker):
                await says(service, "ready", 200)
            headers = {"Authorization": f"Bearer {await new_token(settings, 'acme')}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=30) as http:
            refused = await http.get("/v1/jobs", headers=headers)
        assert (refused.status_code, int(refused.headers["Retry-After"]) >= 1) == (503, True)
        for probe in ("ready", "live"):
            assert [(await service.answers(probe))[0] for service in (api, worker)] == [200, 200]
    finally:
        postgres.remove()
