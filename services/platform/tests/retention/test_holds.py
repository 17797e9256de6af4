"""A legal hold keeps what is about somebody, and nothing else, until it ends."""

from datetime import UTC, datetime, timedelta

import pytest

from slipway.clock import use_clock
from slipway.errors import Conflict, InvalidInput, NotFound
from slipway.jobs.service import delete_job
from slipway.subjects.holds import Hold, hold, list_holds, release

NOTHING = {"jobs": 0, "job_items": 0, "job_chunks": 0, "subjects": 0, "subject_keys": 0}


async def test_a_hold_keeps_what_is_about_one_person_until_it_ends(archive, rows):
    job_id = await archive.take_in("ada", "bob", None)
    await archive.take_in("bob")
    await archive.work()
    ada = await archive.subject_of(job_id, 0)
    await archive.hold(ada, days=90)

    held = (await archive.run(60))["jobs"]

    assert await rows("SELECT job_id, ordinal, subject_id FROM job_items") == [(job_id, 0, ada)]
    assert await rows("SELECT id FROM jobs") == [(job_id,)]
    assert ada in {subject for (subject,) in await rows("SELECT subject_id FROM subject_keys")}
    assert (held.held, held.due, held.oldest) == (2, 0, None)
    await archive.run(91)
    assert await archive.count() == NOTHING


async def test_a_hold_on_nobody_in_particular_keeps_the_job(archive, rows):
    job_id = await archive.take_in("ada", None)
    await archive.work()
    await archive.hold(await archive.subject_of(job_id, 1), days=90)
    await archive.run(31)
    assert await rows("SELECT ordinal FROM job_items") == [(1,)]
    assert await archive.count("jobs", "subjects") == {"jobs": 1, "subjects": 1}


async def test_a_hold_keeps_its_owner_from_deleting_the_job(archive, platform):
    held, unnamed, free = [await archive.take_in(*people) for people in (["ada", "bob"], ["bob", None], ["bob"])]
    await archive.hold(await archive.subject_of(held, 0), days=90)
    await archive.hold(await archive.subject_of(unnamed, 1), days=90)

    async def delete(job_id, days=0):
        with use_clock(lambda: datetime.now(UTC) + timedelta(days=days)):
            async with platform.database.transaction(archive.principal.tenant_id) as connection:
                await delete_job(connection, archive.principal, job_id)

    for job_id in (held, unnamed):
        with pytest.raises(Conflict, match="legal hold"):
            await delete(job_id)
    await delete(free)
    await delete(held, days=91)
    assert await archive.count("jobs") == {"jobs": 1}


async def test_held_people_stay_when_their_last_data_were_deleted(archive):
    job_id = await archive.take_in("ada")
    await archive.work()
    await archive.hold(await archive.subject_of(job_id, 0), days=90)
    await archive.forget_jobs()
    assert (await archive.run(31))["subjects"].held == 1
    assert await archive.count("subjects", "subject_keys") == {"subjects": 1, "subject_keys": 1}


async def test_many_held_jobs_do_not_hide_what_is_due(archive, rows, monkeypatch):
    monkeypatch.setattr("slipway.retention.stores._JOBS_AT_ONCE", 2)
    for _ in range(5):
        await archive.take_in("held")
    free = await archive.take_in("free")
    await archive.work()
    await archive.hold((await rows("SELECT subject_id FROM job_items WHERE job_id <> %s", free))[0][0], days=90)
    done = await archive.run(31, at_once=3)
    assert len(await rows("SELECT 1 FROM jobs")) == 5
    assert done["jobs"].held == 10
    assert await rows("SELECT 1 FROM jobs WHERE id = %s", free) == []


async def test_holds_are_listed_until_they_end(archive, platform):
    tenant = archive.principal.tenant_id
    job_id = await archive.take_in("ada", "bob")
    ada, bob = [await archive.subject_of(job_id, ordinal) for ordinal in (0, 1)]
    await archive.hold(bob, days=2)
    await archive.hold(ada, days=1)

    async with platform.database.transaction(tenant) as connection:
        assert [(held.subject, held.reason) for held in await list_holds(connection, tenant)] == [
            (ada, "case 7"),
            (bob, "case 7"),
        ]
        with use_clock(lambda: datetime.now(UTC) + timedelta(days=1.5)):
            assert [held.subject for held in await list_holds(connection, tenant)] == [bob]
        await release(connection, tenant, bob, "test")
        assert [held.subject for held in await list_holds(connection, tenant)] == [ada]


async def test_nobody_can_hold_or_release_another_tenants_subject(archive, platform, stranger, rows):
    ada = await archive.subject_of(await archive.take_in("ada"), 0)
    await archive.hold(ada, days=9)
    later = datetime.now(UTC) + timedelta(days=99)
    async with platform.database.transaction(stranger.tenant_id) as connection:
        for change in (
            hold(connection, stranger.tenant_id, Hold(ada, later, "x"), "test"),
            release(connection, stranger.tenant_id, ada, "test"),
        ):
            with pytest.raises(NotFound):
                await change
    assert await rows("SELECT hold_reason FROM subjects WHERE hold_until IS NOT NULL") == [("case 7",)]


async def test_a_hold_that_would_be_over_is_refused(archive):
    ada = await archive.subject_of(await archive.take_in("ada"), 0)
    with pytest.raises(InvalidInput, match="later date"):
        await archive.hold(ada, days=-1)
