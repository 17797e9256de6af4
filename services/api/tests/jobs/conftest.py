"""Fixtures of the job routes' tests."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

NDJSON = {"Content-Type": "application/x-ndjson"}


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
