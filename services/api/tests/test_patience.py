"""A client that does nothing with its connection loses it; one that is only slow does not."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import StreamingResponse

from slipway_api.patience import PatientProtocol
from slipway_api.server import options

GET = b"GET /health/live HTTP/1.1\r\nhost: slipway\r\n\r\n"


@pytest.fixture
async def hurried(start, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "head_seconds", 0.5)
    monkeypatch.setattr(PatientProtocol, "unread_seconds", 0.5)
    return await start()


@pytest.fixture
async def connection(hurried):
    reader, writer = await asyncio.open_connection("127.0.0.1", hurried.port)
    yield reader, writer
    writer.transport.abort()


async def is_cut(reader, seconds=5.0) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


async def answer(reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
    return head


@pytest.mark.parametrize("sent", [b"", b"GET /health/live HTTP/1.1\r\n"])
async def test_a_request_that_never_comes_is_not_waited_for(connection, sent):
    reader, writer = connection
    writer.write(sent)
    assert await is_cut(reader)


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(connection):
    reader, writer = connection
    writer.write(GET[:-2] + b"x-long: ")
    cut = asyncio.create_task(is_cut(reader))
    while not cut.done():
        writer.write(b"a")
        await asyncio.sleep(0.05)
    assert cut.result()


async def test_between_two_requests_a_client_may_be_silent(connection):
    reader, writer = connection
    for _ in range(2):
        writer.write(GET)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.8)
    writer.write(GET[:20])
    assert await is_cut(reader)


async def test_a_body_may_take_longer_than_a_head(hurried, new_caller, connection):
    caller = await new_caller(hurried)
    reader, writer = connection
    body = json.dumps({"inputs": [{"page": "b25l"}]}).encode()
    head = f"host: slipway\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    head += f"authorization: {caller.http.headers['authorization']}\r\n"
    writer.write(f"POST /v1/checksum HTTP/1.1\r\n{head}\r\n".encode())
    await asyncio.sleep(0.8)
    writer.write(body)
    assert (await answer(reader)).startswith(b"HTTP/1.1 200")


class Endless:
    """An application whose answer has no end, unless its client leaves."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        assert scope["type"] == "http"
        await StreamingResponse(self._pieces())(scope, receive, send)

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(65_536)
                await asyncio.sleep(0)  # uvicorn does not wait for a client that has gone: a page of results does
        finally:
            self.ended.set()


@pytest.fixture
async def endless(shared_settings):
    app = Endless()
    server = uvicorn.Server(uvicorn.Config(app, **{**options(shared_settings), "lifespan": "off"}))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    yield app, server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


async def asking(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_who_does_not_read_the_answer_loses_it(endless, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "unread_seconds", 0.5)
    app, port = endless
    _, writer = await asking(port)
    async with asyncio.timeout(10):
        await app.ended.wait()
    writer.transport.abort()


async def test_who_reads_slowly_keeps_it(endless, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "unread_seconds", 0.5)
    app, port = endless
    reader, writer = await asking(port)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        await reader.readexactly(1_000_000)
        await asyncio.sleep(0.1)
    assert not app.ended.is_set()
    writer.transport.abort()
    async with asyncio.timeout(10):
        await app.ended.wait()
