"""What PostgreSQL announces of jobs, and who hears it."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from slipway.database.listener import listening
from slipway.errors import NotFound
from slipway.jobs import service
from slipway.jobs.announcements import CHANNEL, Announcements
from slipway.jobs.intake import Intake
from slipway.jobs.schemas import JobState

LISTENERS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN \"slipway_jobs\"'"


@pytest.fixture
async def announced(platform):
    """A function that returns what has been announced since the test began; it hears this database only."""
    heard = []
    async with listening(platform.settings, CHANNEL) as listener:

        async def read() -> list[dict]:
            await listener.hear(0.3, lambda payload: heard.append(json.loads(payload)))
            return heard

        yield read


@asynccontextmanager
async def following(announcements):
    """Listen in the background."""
    task = asyncio.create_task(announcements.follow())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def end_of(watch) -> list:
    """Return what is seen of a job up to its completion."""
    seen = []
    async with asyncio.timeout(20):
        while not (seen and seen[-1].state is JobState.COMPLETED):
            assert await watch.changed(20)
            seen += [job for job in [watch.see()] if job]
    return seen


async def test_a_job_is_announced_at_most_once_a_chunk_and_at_its_beginnings(engine, principal, announced):
    chunks = 12
    size = engine.platform.settings.chunk_inputs
    job_id = await engine.take_in(principal, [{"page": b"x"}] * (chunks * size))
    await engine.run()

    heard = [notice for notice in await announced() if notice["id"] == str(job_id)]
    assert chunks <= len(heard) <= chunks + 3
    assert [notice["revision"] for notice in heard] == sorted({notice["revision"] for notice in heard})
    assert heard[-1]["state"] == "completed"
    assert heard[-1]["succeeded"] == chunks * size


async def test_an_upload_is_announced_when_it_is_whole(engine, principal, announced):
    intake: Intake = await engine.intake(principal)
    for _ in range(1_500):
        await intake.add(engine.platform.workload.Input(page=b"x"))
    assert await announced() == []
    await intake.close(b"")
    assert [notice["state"] for notice in await announced()] == ["queued"]


async def test_announcements_carry_ids_states_and_counters_alone(engine, principal, announced):
    await engine.take_in(principal, [{"page": b"Eleanor Rigby", "patient": "Eleanor Rigby"}])
    await engine.run()
    fields = {"id", "state", "revision", "total", "succeeded", "dead", "started_at", "finished_at"}
    assert {frozenset(notice) for notice in await announced()} == {frozenset(fields)}


async def test_what_is_announced_is_what_the_owner_reads(engine, principal, platform):
    job_id = await engine.take_in(principal, [{"page": b"x"}] * 9)
    announcements = Announcements(platform.database, platform.settings)
    async with following(announcements), announcements.watch(principal.tenant_id, job_id) as watch:
        await engine.run()
        seen = await end_of(watch)
    assert seen[-1] == await engine.job(principal, job_id)


async def test_what_changes_while_it_is_read_is_not_missed(engine, principal, platform, rows, monkeypatch):
    """The job ends between the read of a watch and its return; nothing is announced after it."""
    job_id = await engine.take_in(principal, [{"page": b"x"}])
    announcements = Announcements(platform.database, platform.settings)
    read = service.get_job

    async def read_and_then_work(connection, wanted):
        found = await read(connection, wanted)
        await engine.run()
        await asyncio.sleep(0.2)
        return found

    async with following(announcements), announcements.watch(principal.tenant_id, job_id) as first:
        assert first.see()
        while not await rows(LISTENERS):
            await asyncio.sleep(0.01)
        monkeypatch.setattr(service, "get_job", read_and_then_work)
        async with announcements.watch(principal.tenant_id, job_id) as watch, asyncio.timeout(5):
            assert (await end_of(watch))[-1].state is JobState.COMPLETED


async def test_a_strangers_watch_sees_nothing(engine, principal, stranger, platform):
    job_id = await engine.take_in(principal, [{"page": b"x"}])
    announcements = Announcements(platform.database, platform.settings)
    for wanted in (job_id, uuid4()):
        with pytest.raises(NotFound):
            async with announcements.watch(stranger.tenant_id, wanted):
                pass
    assert announcements.count() == 0
    assert not announcements._watches


async def test_a_stranger_who_asks_for_a_job_does_not_disturb_its_owner(engine, principal, stranger, platform):
    """While it is still to be read whether they may."""
    job_id = await engine.take_in(principal, [{"page": b"x"}])
    announcements = Announcements(platform.database, platform.settings)
    async with announcements.watch(principal.tenant_id, job_id) as watch:
        assert watch.see()
        with announcements._registered(stranger.tenant_id, job_id) as strangers:
            await announcements._read_again()
            assert (strangers.deleted, strangers.see()) == (True, None)
        assert not watch.deleted
        await engine.run()
        await announcements._read_again()
        assert watch.see().state is JobState.COMPLETED


async def test_what_was_deleted_unheard_is_found_out(engine, principal, platform):
    job_id = await engine.take_in(principal, [{"page": b"x"}])
    announcements = Announcements(platform.database, platform.settings)
    async with announcements.watch(principal.tenant_id, job_id) as watch:
        async with platform.database.transaction(principal.tenant_id) as connection:
            await service.delete_job(connection, principal, job_id)
        assert not watch.deleted
        await announcements._read_again()
        assert watch.deleted


@pytest.mark.parametrize("payload", ["", "no JSON", "[]", '{"id": 7}', '{"id": "x", "state": "deleted"}', "null"])
async def test_garbage_on_the_channel_is_passed_over(payload, engine, principal, platform, rows):
    job_id = await engine.take_in(principal, [{"page": b"x"}])
    announcements = Announcements(platform.database, platform.settings)
    async with following(announcements), announcements.watch(principal.tenant_id, job_id) as watch:
        await rows(f"SELECT pg_notify('{CHANNEL}', %s)", payload)
        await engine.run()
        await rows(f"SELECT pg_notify('{CHANNEL}', %s)", payload)
        assert (await end_of(watch))[-1].state is JobState.COMPLETED
