"""Fixtures of the webhook routes' tests: a server that may send to this machine, and a receiver on it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from slipway.webhooks.dispatcher import Dispatcher

EVENTS = ["job.completed", "job.cancelled"]


@dataclass
class Receiver:
    """Answers each request with a status, and keeps what it was sent."""

    url: str = ""
    status: int = 200
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            self.headers.append({k.lower(): v for k, v in (line.split(": ", 1) for line in lines)})
            self.bodies.append(json.loads(await reader.readexactly(int(self.headers[-1]["content-length"]))))
            writer.write(f"HTTP/1.1 {self.status} Because\r\ncontent-length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A tenant's server."""
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?token=t0psecret"
    yield found
    server.close()


@pytest.fixture
async def server(start):
    """A server whose webhooks may go to this machine."""
    return await start(webhook_allowed_networks="127.0.0.0/8", webhook_timeout=5.0, max_webhooks=4)


@pytest.fixture
def register(caller, receiver) -> Callable[..., Awaitable[dict[str, Any]]]:
    """A function that registers a webhook and returns it."""

    async def post(by: Any = caller, **changes: Any) -> dict[str, Any]:
        response = await by.http.post("/v1/webhooks", json={"url": receiver.url, "events": EVENTS} | changes)
        assert response.status_code == 201, response.text
        webhook: dict[str, Any] = response.json()
        return webhook

    return post


@pytest.fixture
def dispatch(server) -> Callable[[], Awaitable[None]]:
    """A function that does what a worker does: sends what is due."""

    async def send() -> None:
        async with asyncio.timeout(20), Dispatcher(server.platform) as dispatcher:
            await dispatcher.dispatch()

    return send


@pytest.fixture
def execute(server, caller) -> Callable[[str], Awaitable[list[Any]]]:
    """A function that runs a statement as the tenant."""

    async def run(statement: str) -> list[Any]:
        async with server.platform.database.transaction(caller.tenant) as connection:
            found = await connection.execute(text(statement))
            return list(found.all()) if found.returns_rows else []

    return run
