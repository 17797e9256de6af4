"""Fixtures of the job routes' tests."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

NDJSON = {"Content-Type": "application/x-ndjson"}


@dataclass(frozen=True)
class Event:
    """A server-sent event, as a client reads it; a comment alone is one without a name."""

    name: str | None
    id: str | None
    data: Any


class Events:
    """The events of a stream, each within 20 seconds."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """Return the next event; None at the end."""
        async with asyncio.timeout(20):
            fields: dict[str, str] = {}
            async for text in self._lines:
                name, _, value = text.partition(": ")
                if text and name != "retry":
                    fields[name] = value
                elif fields:
                    return Event(fields.get("event"), fields.get("id"), json.loads(fields.get("data", "null")))
        return None

    async def rest(self) -> list[Event]:
        """Return what comes up to the end."""
        found = []
        while event := await self.next():
            found.append(event)
        return found


@pytest.fixture
def watching(caller) -> Callable[..., Any]:
    """A function that opens the events of a job, to the end of its block."""

    @asynccontextmanager
    async def watch(job: dict[str, Any], *, by: Any = caller, **headers: str) -> AsyncIterator[Events]:
        async with by.http.stream("GET", f"/v1/jobs/{job['id']}/events", headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            yield Events(response)

    return watch


def line(content: bytes) -> bytes:
    """Return an input of the checksum workload as a line."""
    return json.dumps({"page": base64.b64encode(content).decode()}).encode()


@pytest.fixture
def lines() -> Callable[..., bytes]:
    """A function that makes an NDJSON body of pages."""
    return lambda *pages: b"".join(line(content) + b"\n" for content in pages)


@pytest.fixture
def submit(caller) -> Callable[..., Awaitable[dict[str, Any]]]:
    """A function that posts a job of pages and returns it."""

    async def post(*pages: bytes, by: Any = caller, **query: Any) -> dict[str, Any]:
        body = b"".join(line(content) + b"\n" for content in pages)
        response = await by.http.post("/v1/jobs", content=body, headers=NDJSON, params=query)
        assert response.status_code == 202, response.text
        job: dict[str, Any] = response.json()
        return job

    return post


@pytest.fixture
def stored(server) -> Callable[..., Awaitable[dict[str, int]]]:
    """A function that counts what a tenant has in each table of the jobs."""

    async def count(tenant: Any) -> dict[str, int]:
        found = {}
        async with server.platform.database.transaction(tenant) as connection:
            for table in ("jobs", "job_items", "job_chunks", "subjects", "subject_keys", "idempotency_keys"):
                found[table] = (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one()
        return found

    return count
