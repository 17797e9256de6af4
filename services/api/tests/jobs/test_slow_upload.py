"""An upload may be slow: while its process lives, its key is its own and the sweeper leaves its parts alone."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from slipway.jobs.sweeper import Sweeper
from slipway_api.jobs import submission

NDJSON = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "slow"}
PART = 500
SILENT = (
    "UPDATE jobs SET touched_at = now() - interval '10 min' WHERE state = 'receiving'",
    "UPDATE idempotency_keys SET locked_until = now() - interval '1 s'",
)
ALIVE = """
    SELECT count(*) FROM jobs, idempotency_keys
    WHERE jobs.state = 'receiving' AND touched_at > now() - interval '1 min' AND locked_until > now()
"""


@pytest.fixture
def ask(server, caller):
    """A function that runs a statement on what the tenant has."""

    async def run(statement):
        async with server.platform.database.transaction(caller.tenant) as connection:
            found = await connection.execute(text(statement))
            return found.scalar_one() if found.returns_rows else None

    return run


async def until(ask, statement):
    while not await ask(statement):
        await asyncio.sleep(0.02)


async def test_a_slow_upload_shows_that_it_lives(server, caller, lines, ask, monkeypatch):
    monkeypatch.setattr(submission, "_SIGN_OF_LIFE_SECONDS", 0.05)
    rest = asyncio.Event()

    async def body():
        yield lines(b"x") * (PART + 1)
        await rest.wait()
        yield lines(b"y")

    upload = asyncio.create_task(caller.http.post("/v1/jobs", content=body(), headers=NDJSON))
    await until(ask, "SELECT count(*) FROM job_items")
    for statement in SILENT:
        await ask(statement)
    await until(ask, ALIVE)
    await Sweeper(server.platform.database, server.settings, server.platform.metrics).sweep()
    rest.set()

    accepted = await upload
    assert (accepted.status_code, accepted.json()["total"]) == (202, PART + 2)


async def test_an_upload_that_went_away_gives_its_key_back(caller, lines, ask):
    async def body():
        yield lines(b"x") * (PART + 1)
        await asyncio.Event().wait()

    upload = asyncio.create_task(caller.http.post("/v1/jobs", content=body(), headers=NDJSON))
    await until(ask, "SELECT count(*) FROM job_items")
    upload.cancel()
    with suppress(asyncio.CancelledError):
        await upload
    await until(ask, "SELECT count(*) = 0 FROM idempotency_keys")

    again = await caller.http.post("/v1/jobs", content=lines(b"x"), headers=NDJSON)
    assert (again.status_code, await ask("SELECT count(*) FROM job_items")) == (202, 1)
