"""Server-sent events: many clients, slow clients."""

import asyncio
import json
from collections import Counter

import pytest

WATCHERS = 500


class Watcher:
    """A client on a socket of its own, which a test can leave unread."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, caller, job) -> "Watcher":
        reader, writer = await asyncio.open_connection("127.0.0.1", caller.http.base_url.port)
        head = f"GET /v1/jobs/{job['id']}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        writer.write(f"{head}Authorization: {caller.http.headers['authorization']}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"data: ")
        return cls(reader, writer)

    async def last(self) -> dict:
        """Read to the end; return the data of the last event."""
        text = (await self.reader.read()).decode()
        self.writer.close()
        return json.loads([line for line in text.split("\n") if line.startswith("data: ")][-1][6:])


async def sessions(server, tenant) -> Counter:
    """Count the database's client sessions by application."""
    query = (
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend'"
    )
    async with server.platform.database.transaction(tenant) as connection:
        return Counter(name for (name,) in await connection.exec_driver_sql(query))


async def test_five_hundred_watchers_cost_no_connection_and_all_see_the_end(start, new_caller, submit):
    server = await start(redis_timeout=10.0)
    caller = await new_caller(server)
    jobs = [await submit(*[b"x"] * 60, by=caller) for _ in range(5)]
    before = await sessions(server, caller.tenant)
    watchers = []
    for _ in range(WATCHERS // 50):
        watchers += await asyncio.gather(*(Watcher.connect(caller, jobs[n % 5]) for n in range(50)))

    # A listener that a busy machine made connect twice leaves a session that is about to end.
    async with asyncio.timeout(10):
        while (waiting := await sessions(server, caller.tenant))["slipway-listener"] > before["slipway-listener"] + 1:
            await asyncio.sleep(0.05)
    database = server.platform.database
    assert server.app.state.api.announcements.count() == WATCHERS
    assert database.checked_out("app") == database.checked_out("system") == 0
    assert waiting["slipway-listener"] == before["slipway-listener"] + 1
    assert waiting.total() - before.total() <= 1 + server.settings.database_pool_size

    await server.work()
    seen = await asyncio.gather(*(watcher.last() for watcher in watchers))
    assert Counter((job["id"], job["state"]) for job in seen) == {(job["id"], "completed"): 100 for job in jobs}


async def test_who_does_not_read_holds_up_nobody(caller, submit, server, watching):
    job = await submit(*[b"x"] * 120)
    lazy = await Watcher.connect(caller, job)
    async with watching(job) as events:
        await server.work()
        assert (await events.rest())[-1].data["state"] == "completed"
    assert (await lazy.last())["state"] == "completed"


@pytest.mark.parametrize("cut", ["head", "events"])
async def test_a_connection_that_breaks_is_cleaned_up(cut, caller, submit, server):
    job = await submit(b"x")
    if cut == "head":
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        authorization = caller.http.headers["authorization"]
        writer.write(
            f"GET /v1/jobs/{job['id']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
        )
    else:
        writer = (await Watcher.connect(caller, job)).writer
    failed = {"route": "/v1/jobs/{job_id}/events", "method": "GET", "status": "5xx"}
    before = server.platform.metrics.registry.get_sample_value("slipway_http_requests_total", failed)
    writer.transport.abort()
    async with asyncio.timeout(20):
        await asyncio.sleep(0.2)
        while server.app.state.api.announcements.count():
            await asyncio.sleep(0.01)
    assert server.platform.metrics.registry.get_sample_value("slipway_http_requests_total", failed) == before
