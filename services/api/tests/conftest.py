"""Fixtures of the API's tests: the real application on a real port, and callers with keys."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn

from slipway.database import Database
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.settings import Settings
from slipway.telemetry.tracing import configure_tracing
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import create_tenant, issue_key
from slipway_api.app import create_app


@dataclass
class Caller:
    """A tenant's client, with a key for each set of scopes."""

    tenant: UUID
    http: httpx.AsyncClient


@dataclass
class Server:
    """The running API."""

    url: str
    settings: Settings
    app: object


@pytest.fixture
async def server(small_settings: Settings) -> AsyncIterator[Server]:
    """The application on a port of its own, in this process."""
    settings = small_settings.model_copy(update={"metrics_port": 0})
    app = create_app(settings, configure_tracing("api", settings))
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=2)
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
        if serving.done():
            serving.result()
    port = running.servers[0].sockets[0].getsockname()[1]
    yield Server(f"http://127.0.0.1:{port}", settings, app)
    running.should_exit = True
    await serving


@pytest.fixture
async def new_caller(server: Server) -> AsyncIterator[Callable]:
    """A function that makes a tenant with a key of the given scopes, and a client that uses it."""
    database, clients = Database(server.settings), []

    async def make(*scopes: Scope, tenant: UUID | None = None) -> Caller:
        owner = tenant or uuid4()
        first_key = await wrap_first_key(LocalKeyProvider.load(server.settings), owner)
        async with database.transaction(owner) as connection:
            if tenant is None:
                await create_tenant(connection, owner, f"tenant-{owner}", first_key, "test")
            order = KeyOrder("test", frozenset(scopes or Scope))
            token = (await issue_key(connection, owner, order, "test")).token.get_secret_value()
        client = httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        clients.append(client)
        return Caller(owner, client)

    yield make
    for client in clients:
        await client.aclose()
    await database.close()


@pytest.fixture
async def caller(new_caller) -> Caller:
    """A tenant's client that may do everything."""
    return await new_caller()
