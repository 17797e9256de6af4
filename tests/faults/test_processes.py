"""The processes start, work and end while everything fails that they can do without; and end while PostgreSQL hangs."""

from contextlib import AsyncExitStack, ExitStack

import httpx
import pytest
from tests.faults.matrix import Dependency
from tests.faults.processes import process
from tests.faults.product import Product
from tests.faults.proxy import Fault

from slipway_cli.servers.ports import free_port

OPTIONAL = (Dependency.REDIS, Dependency.FLAGS, Dependency.TRACES)
SERVICES = ("slipway_api", "slipway_worker", "slipway_worker.scheduler")


@pytest.fixture
def settings(fragile_settings):
    return fragile_settings.model_copy(update={"api_port": free_port()})


@pytest.fixture
async def client(settings, token, http_peer):
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.api_port}", headers=headers) as http:
        yield Product(settings, http, http_peer)


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.FROZEN, Fault.GARBAGE])
async def test_nothing_that_is_optional_is_waited_for(fault, settings, client, break_, tmp_path):
    async with AsyncExitStack() as stack:
        for dependency in OPTIONAL:
            stack.enter_context(break_(dependency, fault))
        services = [await stack.enter_async_context(process(module, settings, tmp_path)) for module in SERVICES]
        for service in services[:2]:
            await service.ready()

        job = await client.ends(await client.submit(9))

        assert job["succeeded"] == 9
        assert [await service.stops() for service in services] == [True] * 3


async def test_a_frozen_database_does_not_keep_the_services_from_ending(settings, client, break_, tmp_path):
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(process(module, settings, tmp_path)) for module in SERVICES[:2]]
        for service in services:
            await service.ready()
        await client.submit(400)
        with ExitStack() as fault:
            fault.enter_context(break_(Dependency.POSTGRES, Fault.FROZEN))
            assert [await service.stops() for service in services] == [True] * 2


async def test_a_worker_whose_model_hangs_for_good_ends_to_be_started_anew(settings, client, tmp_path):
    hanging = settings.model_copy(update={"workload": "tests.faults.workload:Hanging"})
    async with AsyncExitStack() as stack:
        api, worker = [
            await stack.enter_async_context(process(*which, tmp_path))
            for which in (("slipway_api", settings), ("slipway_worker", hanging))
        ]
        await api.ready()
        await worker.ready()

        job = await client.submit(40)

        assert await worker.ends()
        assert '"model.hangs"' in worker.log()
        again = await stack.enter_async_context(process("slipway_worker", settings, tmp_path))
        await again.ready()
        assert (await client.ends(job))["succeeded"] == 40
