"""Fixtures of the API's tests: the real application on a real port, and callers with keys.

One server is shared by all tests of a process, as tenants do not see each other: each test gets tenants of its own.
Tests that need other settings `start` another server on the same database.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from opentelemetry.sdk.trace.export import SpanExporter

from slipway.composition import Platform
from slipway.jobs.consumer import Consumer
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import create_tenant, issue_key
from slipway_api.app import create_app
from slipway_api.server import options

Start = Callable[..., Awaitable["Server"]]
NewCaller = Callable[..., Awaitable["Caller"]]


@dataclass(frozen=True)
class Caller:
    """A tenant's client, with a key."""

    tenant: UUID
    key_id: str
    http: httpx.AsyncClient


@dataclass(frozen=True)
class Server:
    """The running API."""

    port: int
    settings: Settings
    app: FastAPI

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def platform(self) -> Platform:
        """Its parts."""
        platform: Platform = self.app.state.api.platform
        return platform

    async def work(self) -> None:
        """Do what a worker does, until nothing waits."""
        consumer = Consumer(self.platform)
        while await consumer.turn():
            pass


@dataclass
class Callers:
    """Makes tenants and clients, and removes what they left."""

    clients: list[httpx.AsyncClient] = field(default_factory=list)
    tenants: list[tuple[Server, UUID]] = field(default_factory=list)

    async def new(
        self, server: Server, *scopes: Scope, tenant: UUID | None = None, expires_at: datetime | None = None
    ) -> Caller:
        """Make a tenant (or use one) with a key of the given scopes, and a client that uses it."""
        owner = tenant or await self._new_tenant(server)
        async with server.platform.database.transaction(owner) as connection:
            order = KeyOrder("test", frozenset(scopes or Scope), expires_at)
            key = await issue_key(connection, owner, order, "test")
        headers = {"Authorization": f"Bearer {key.token.get_secret_value()}"}
        client = httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30, verify=False)
        self.clients.append(client)
        return Caller(owner, key.id, client)

    async def _new_tenant(self, server: Server) -> UUID:
        tenant = uuid4()
        first_key = await wrap_first_key(LocalKeyProvider.load(server.settings), tenant)
        async with server.platform.database.transaction(tenant) as connection:
            await create_tenant(connection, tenant, f"tenant-{tenant}", first_key, "test")
        self.tenants.append((server, tenant))
        return tenant

    async def close(self) -> None:
        """Close the clients, and delete the jobs: the next test's worker would find them."""
        for client in self.clients:
            await client.aclose()
        for server, tenant in self.tenants:
            async with server.platform.database.transaction(tenant) as connection:
                await connection.exec_driver_sql("DELETE FROM jobs")


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


@asynccontextmanager
async def running(settings: Settings, exporter: SpanExporter | None = None) -> AsyncIterator[Server]:
    """Run the application on a port of its own, in this process; its spans go to the exporter."""
    app = create_app(settings, configure_tracing("api", settings, exporter=exporter))
    uvicorn_server = _Uvicorn(uvicorn.Config(app, **options(settings)))
    serving = asyncio.create_task(uvicorn_server.serve())
    while not uvicorn_server.started:
        await asyncio.sleep(0.005)
        if serving.done():
            serving.result()
    port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
    yield Server(port, settings, app)
    uvicorn_server.should_exit = True
    await serving


@pytest.fixture(scope="session")
def shared_settings(new_settings, tmp_path_factory) -> Iterator[Settings]:
    """Settings around the checksum workload, on a database for all tests of this process."""
    ours = {"workload": "checksum:Checksum", "chunk_inputs": 50, "api_port": 0, "metrics_port": 0, "drain_seconds": 2.0}
    ours["batch_queue_seconds"] = 60.0  # a slow machine is not what these tests are about
    with new_settings(tmp_path_factory.mktemp("settings")) as settings:
        yield settings.model_copy(update=ours)


@pytest.fixture(scope="session")
async def server(shared_settings) -> AsyncIterator[Server]:
    """The API that all tests share."""
    async with running(shared_settings) as found:
        yield found


@pytest.fixture
async def start(shared_settings) -> AsyncIterator[Start]:
    """A function that starts another API on the same database, with some settings changed."""
    async with AsyncExitStack() as stack:

        async def run(
            settings: Settings = shared_settings, exporter: SpanExporter | None = None, **changes: Any
        ) -> Server:
            return await stack.enter_async_context(running(settings.model_copy(update=changes), exporter))

        yield run


@pytest.fixture
async def new_caller(start) -> AsyncIterator[NewCaller]:
    """A function that makes a tenant's client for a server; see `Callers.new`."""
    callers = Callers()
    yield callers.new
    await callers.close()


@pytest.fixture
async def caller(server, new_caller) -> Caller:
    """A tenant's client that may do everything."""
    return await new_caller(server)


@pytest.fixture
async def stranger(server, new_caller) -> Caller:
    """Another tenant's client."""
    return await new_caller(server)


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """A function that checks that an answer is a problem of a kind, and returns its document."""

    def check(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = response.json()
        assert {"type", "title", "status", "detail", "trace_id"} <= document.keys()
        assert document["type"] == f"https://slipway.dev/problems/{kind}"
        assert document["status"] == status
        assert document["title"]
        assert document["detail"]
        return document

    return check


@pytest.fixture
def raw(server) -> Callable[..., Awaitable[tuple[str, bytes]]]:
    """A function that sends bytes over a connection of its own, and returns head and body of the answer."""

    async def send(content: bytes, to: Server = server) -> tuple[str, bytes]:
        answer = await asyncio.to_thread(_talk, to.port, content)
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.decode(), body

    return send


def _talk(port: int, content: bytes) -> bytes:
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        # Who is refused before all was sent sees the connection closed, behind the answer.
        with suppress(ConnectionError):
            connection.sendall(content)
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
    return answer


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """A function that returns what this process has logged since the test began."""
    with redirect_stdout(StringIO()) as written:
        configure_logs("api", "INFO", strict=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    configure_logs("test", "INFO", strict=True)
