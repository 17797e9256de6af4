"""Fixtures of the services' tests: the platform around a small workload, and tenants that call it."""

import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest

from slipway.composition import Platform, open_platform
from slipway.flags import Flag
from slipway.jobs.intake import Intake, Order
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway.tenants.schemas import Principal, Scope
from slipway.tenants.service import create_tenant

Submit = Callable[..., Awaitable[UUID]]


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Log as the services do, and refuse undeclared fields."""
    configure_logs("test", "INFO", strict=True)


@pytest.fixture
def small_settings(settings: Settings) -> Settings:
    """Settings around the checksum workload, with chunks and times that suit a test."""
    quick = {"chunk_inputs": 4, "lease_seconds": 1.0, "poll_seconds": 0.1, "turn_seconds": 2.0}
    return settings.model_copy(update={"workload": "checksum:Checksum", **quick})


@pytest.fixture
async def platform(small_settings: Settings) -> AsyncIterator[Platform]:
    """The parts of a serving process."""
    async with open_platform(small_settings, configure_tracing("test", small_settings)) as parts:
        await parts.load()
        yield parts


class Unleash(ThreadingHTTPServer):
    """Speaks Unleash's client API as version 8 does: who has seen the answer gets 304, without any headers."""

    daemon_threads = True

    def __init__(self, port: int = 0, handler: type[BaseHTTPRequestHandler] | None = None) -> None:
        super().__init__(("127.0.0.1", port), handler or UnleashHandler)
        self.body = ""
        self.say()
        self.tokens: set[str] = set()
        self.looks: list[int] = []
        """Status of the answer to each look."""

    @property
    def url(self) -> str:
        """What `SLIPWAY_UNLEASH_URL` is to be."""
        return f"http://127.0.0.1:{self.server_port}/api"

    def say(self, *rows: dict[str, Any]) -> str:
        """Answer with these flags, one a row, from now on; return the answer."""
        self.body = json.dumps({"version": 2, "features": [{"strategies": [], **row} for row in rows]})
        return self.body

    def switch_off(self, *flags: Flag) -> str:
        """Answer that these flags are off, and know no other."""
        return self.say(*({"name": flag.flag, "enabled": False} for flag in flags))

    def split(self, *variants: tuple[str, str | None], enabled: bool = True, rollout: int = 100) -> str:
        """Answer that tenants are split evenly over variants of the model: (name, payload)."""
        rows = [
            {"name": name, "weight": 1000 // len(variants), "stickiness": "userId"}
            | ({} if payload is None else {"payload": {"type": "string", "value": payload}})
            for name, payload in variants
        ]
        parameters = {"rollout": str(rollout), "stickiness": "userId", "groupId": "model-variant"}
        strategy = {"name": "flexibleRollout", "parameters": parameters, "variants": rows}
        return self.say({"name": Flag.MODEL_VARIANT.flag, "enabled": enabled, "strategies": [strategy]})


class UnleashHandler(BaseHTTPRequestHandler):
    """One answer."""

    server: Unleash

    def do_GET(self) -> None:
        """Tell the flags."""
        self.server.tokens.add(self.headers["Authorization"])
        body = self.server.body
        tag = f'"{hash(body)}"'
        if self.headers["If-None-Match"] == tag:
            self._answer(304, b"")
        else:
            self._answer(200, body.encode(), ETag=tag)

    def do_POST(self) -> None:
        """Take what the client tells."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if self.command == "GET":
            self.server.looks.append(status)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def unleash() -> Iterator[Unleash]:
    """A flag server that knows no flag, until it is told."""
    with Unleash() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def quick_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the flag server all the time."""
    monkeypatch.setattr("slipway.flags.service._REFRESH_SECONDS", 0.05)


async def new_tenant(platform: Platform) -> Principal:
    """Create a tenant; return a principal of it that may do everything."""
    tenant = uuid4()
    first_key = await wrap_first_key(LocalKeyProvider.load(platform.settings), tenant)
    async with platform.database.transaction(tenant) as connection:
        await create_tenant(connection, tenant, f"tenant-{tenant}", first_key, "test")
    return Principal(tenant, "test", frozenset(Scope))


@pytest.fixture
async def principal(platform: Platform) -> Principal:
    """A tenant's caller."""
    return await new_tenant(platform)


@pytest.fixture
async def stranger(platform: Platform) -> Principal:
    """Another tenant's caller."""
    return await new_tenant(platform)


@pytest.fixture
def submit(platform: Platform, principal: Principal) -> Submit:
    """A function that accepts a job of pages for a tenant and returns its id."""

    async def accept(pages: list[bytes], *, caller: Principal = principal, priority: int = 5) -> UUID:
        order = Order(platform.workload.name, priority, platform.settings.chunk_inputs, 10**6, None, None)
        intake = Intake(platform.database, platform.keyring, caller, order)
        for page in pages:
            await intake.add(platform.workload.Input(page=page))
        await intake.close(b"")
        return intake.job_id

    return accept
