"""Server-sent events when the process is stopped."""

import asyncio
import time
from contextlib import nullcontext

from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app
from slipway_api.server import DrainingServer


async def open_stream(port, caller, job) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"GET /v1/jobs/{job['id']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: {caller.http.headers['authorization']}"
    )
    writer.write(f"{head}\r\n\r\n".encode())
    await reader.readuntil(b"data: ")
    reader.writer = writer
    return reader


async def test_streams_end_in_good_order_and_do_not_hold_up_the_stop(caller, submit, shared_settings, monkeypatch):
    job = await submit(b"x")
    settings = shared_settings.model_copy(update={"drain_seconds": 60.0, "linger_seconds": 30.0})
    stopping = DrainingServer(create_app(settings, configure_tracing("api", settings)), settings)
    monkeypatch.setattr(stopping, "capture_signals", nullcontext)
    serving = asyncio.create_task(stopping.serve())
    while not stopping.started:
        await asyncio.sleep(0.01)
    port = stopping.servers[0].sockets[0].getsockname()[1]
    streams = [await open_stream(port, caller, job) for _ in range(20)]

    began = time.monotonic()
    stopping.should_exit = True
    rests = await asyncio.gather(*(stream.read() for stream in streams))
    await serving

    assert all(rest.endswith(b"0\r\n\r\n") for rest in rests)
    assert time.monotonic() - began < 20
    for stream in streams:
        stream.writer.close()
