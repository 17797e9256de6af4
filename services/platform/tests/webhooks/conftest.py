"""Fixtures of the webhooks' tests: receivers on real sockets, and a worker's dispatcher driven by hand."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from slipway.composition import Platform
from slipway.jobs.consumer import Consumer
from slipway.jobs.service import cancel_job
from slipway.settings import Settings
from slipway.tenants.schemas import Principal
from slipway.webhooks import deliveries
from slipway.webhooks.dispatcher import Dispatcher
from slipway.webhooks.housekeeper import Housekeeper
from slipway.webhooks.schemas import DeliveryView, EventType, WebhookSecretView, WebhookView
from slipway.webhooks.service import Change, Webhooks

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Verify as the specification tells receivers to, with nothing of ours."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


def status(code: int, *headers: str) -> Answer:
    """Answer with a status."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {code} Because", "content-length: 0", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode())

    return answer


fine = status(200)


@dataclass
class Receiver:
    """A tenant's server. `answer` says what it does after it has read a request."""

    port: int = 0
    scheme: str = "http"
    answer: Answer = fine
    requests: list[Request] = field(default_factory=list)
    server_names: list[str] = field(default_factory=list)
    open: int = 0
    most_open: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?token=t0psecret"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                self.requests.append(await self._read(reader))
                await self.answer(reader, writer)
                await writer.drain()
        finally:
            self.open -= 1
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        assert first.startswith("POST ")
        return Request(first.split(" ")[1], headers, body)


NewReceiver = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def new_receiver() -> AsyncIterator[NewReceiver]:
    """A function that starts a receiver on a port of its own."""
    async with AsyncExitStack() as stack:

        async def start(answer: Answer = fine, tls: ssl.SSLContext | None = None) -> Receiver:
            receiver = Receiver(answer=answer, scheme="https" if tls else "http")
            if tls is not None:
                tls.sni_callback = lambda _, name, __: receiver.server_names.append(name)
            server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
            # Its end does not wait for those who answer without end.
            stack.callback(server.close)
            receiver.port = server.sockets[0].getsockname()[1]
            return receiver

        yield start


@pytest.fixture
async def receiver(new_receiver: NewReceiver) -> Receiver:
    """A receiver that says 200."""
    return await new_receiver()


@pytest.fixture
def small_settings(small_settings: Settings) -> Settings:
    """Settings that let webhooks go to this machine, and look for them often."""
    ours = {
        "webhook_allowed_networks": "127.0.0.0/8",
        "webhook_timeout": 20.0,
        "webhook_poll_seconds": 0.05,
        "webhook_breaker_failures": 3,
        "drain_seconds": 5.0,
    }
    return small_settings.model_copy(update=ours)


@dataclass
class Desk:
    """The webhooks of a platform, driven by hand."""

    platform: Platform
    principal: Principal
    submit: Any
    rows: Any

    @asynccontextmanager
    async def opened(self, principal: Principal | None = None) -> AsyncIterator[Webhooks]:
        caller = principal or self.principal
        async with self.platform.keyring.transaction(caller.tenant_id) as (connection, keyset):
            yield Webhooks(connection, caller, keyset)

    async def register(
        self, url: str, *events: EventType, principal: Principal | None = None, most: int = 100
    ) -> WebhookSecretView:
        async with self.opened(principal) as webhooks:
            return await webhooks.create(url, events or tuple(EventType), most)

    async def webhook(self, webhook_id: UUID) -> WebhookView:
        async with self.opened() as webhooks:
            return await webhooks.get(webhook_id)

    async def change(self, webhook_id: UUID, **changes: Any) -> WebhookView:
        async with self.opened() as webhooks:
            return await webhooks.change(webhook_id, Change(**changes))

    async def complete(self, *pages: bytes, principal: Principal | None = None) -> UUID:
        """Have a job run to its end."""
        job_id: UUID = await self.submit(list(pages) or [b"page"], caller=principal or self.principal)
        while await Consumer(self.platform).turn():
            pass
        return job_id

    async def cancel(self, principal: Principal | None = None) -> UUID:
        """Have a job cancelled."""
        caller = principal or self.principal
        job_id: UUID = await self.submit([b"page"], caller=caller)
        async with self.platform.database.transaction(caller.tenant_id) as connection:
            await cancel_job(connection, caller, job_id)
        return job_id

    async def test(self, webhook_id: UUID, count: int = 1, principal: Principal | None = None) -> list[UUID]:
        """Queue test events; return the ids of the deliveries."""
        caller = principal or self.principal
        async with self.platform.database.transaction(caller.tenant_id) as connection:
            return [(await deliveries.send_test(connection, caller, webhook_id)).id for _ in range(count)]

    def dispatcher(self, **changes: Any) -> Dispatcher:
        """Return a worker's dispatcher, with some settings changed."""
        settings = self.platform.settings.model_copy(update=changes)
        return Dispatcher(replace(self.platform, settings=settings))

    async def dispatch(self, **changes: Any) -> None:
        """Send what is due, as a worker does."""
        async with asyncio.timeout(60), self.dispatcher(**changes) as dispatcher:
            await dispatcher.dispatch()

    async def delays_end(self) -> None:
        """Let every delay before a further attempt be over."""
        await self.rows("UPDATE webhook_deliveries SET available_at = now() WHERE state = 'pending'")

    async def pauses_end(self) -> None:
        """Let the pause of every open breaker be over."""
        await self.rows("UPDATE webhook_endpoints SET broken_until = now() WHERE broken_until IS NOT NULL")

    async def leases_end(self) -> None:
        """Let every lease run out, as if all workers had died."""
        await self.rows("UPDATE webhook_deliveries SET lease_until = now() - interval '1 s' WHERE state = 'sending'")

    async def sweep(self) -> None:
        await Housekeeper(self.platform).sweep()

    async def log(self, webhook_id: UUID, principal: Principal | None = None) -> list[DeliveryView]:
        """Return the deliveries of an endpoint, the newest first."""
        caller = principal or self.principal
        async with self.platform.database.transaction(caller.tenant_id) as connection:
            found = await deliveries.list_deliveries(connection, webhook_id, state=None, before=None, limit=1000)
            return list(found)

    async def attempts(self) -> list[int]:
        """Return how many attempts count, of each delivery."""
        return [n for (n,) in await self.rows("SELECT attempts FROM webhook_deliveries ORDER BY created_at, id")]


@pytest.fixture
def desk(platform: Platform, principal: Principal, submit: Any, rows: Any) -> Desk:
    """The webhooks of the test's platform."""
    return Desk(platform, principal, submit, rows)


@pytest.fixture
def metric(platform: Platform) -> Callable[..., float]:
    """A function that reads a metric."""

    def read(name: str, **labels: str) -> float:
        value = platform.metrics.registry.get_sample_value(name, labels)
        assert value is not None
        return value

    return read


@pytest.fixture
def says() -> Callable[..., Answer]:
    """A function that makes an answer of a status and further headers."""
    return status
