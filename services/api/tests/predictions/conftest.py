"""Fixtures of the predictions' tests: an API whose queue is full, and connections that say exactly what they send."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
from checksum import Checksum

BOUND = 4


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(content)

    async def answer(self) -> Answer:
        """Read the next answer."""
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(first.split()[1]), headers, body)

    async def ended(self) -> bool:
        """Return whether nothing more comes, once the server has closed its side."""
        async with asyncio.timeout(20):
            return await self.reader.read() == b""


Dial = Callable[..., Awaitable[Wire]]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """A function that opens a connection to a server."""
    async with AsyncExitStack() as stack:

        async def connect(server) -> Wire:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            stack.callback(writer.close)
            return Wire(reader, writer)

        yield connect


@dataclass
class Crowd:
    """A server with a full queue, and those who wait in it."""

    server: object
    caller: object
    waiting: list[asyncio.Task]

    async def disperse(self) -> None:
        """Let all of them go away."""
        for task in self.waiting:
            task.cancel()
        await asyncio.wait(self.waiting, timeout=10)
        await until(lambda: not self.server.app.state.api.batcher.overloaded)


@pytest.fixture
async def crowd(start, new_caller) -> AsyncIterator[Crowd]:
    """A server whose model hangs for a minute, and whose queue is full."""
    server = await start(batch_queue_inputs=BOUND, workload="checksum:Patient")
    caller = await new_caller(server)
    hanging = f"hang {uuid4()}".encode()
    crowd = Crowd(server, caller, [asyncio.create_task(post(caller, hanging))])
    await until(lambda: hanging in Checksum.seen)
    crowd.waiting += [asyncio.create_task(post(caller, b"waits")) for _ in range(BOUND)]
    await until(lambda: server.app.state.api.batcher.overloaded)
    yield crowd
    await crowd.disperse()


async def post(caller, *pages: bytes):
    """Predict."""
    inputs = [{"page": base64.b64encode(content).decode()} for content in pages]
    return await caller.http.post("/v1/checksum", json={"inputs": inputs}, timeout=60)


async def until(condition) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)
