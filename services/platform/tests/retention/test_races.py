"""Holds, workers and deletions at the same moment: what one of them does not see yet, it must not destroy."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from slipway.clock import use_clock
from slipway.errors import Conflict, InvalidInput
from slipway.jobs import leasing
from slipway.jobs.intake import Intake, Order
from slipway.jobs.service import delete_job
from slipway.jobs.sweeper import Sweeper

HOLD = "UPDATE subjects SET hold_until = now() + interval '90 days' WHERE id = %s"
LONG_AGO = "UPDATE jobs SET created_at = now() - interval '60 days', touched_at = now() - interval '60 days'"


@pytest.mark.parametrize("ordinal", [0, 1], ids=["named", "unnamed"])
async def test_a_hold_that_comes_during_a_run_keeps_everything(archive, superuser, rows, ordinal):
    job_id = await archive.take_in("ada", None)
    await archive.work()
    person = await archive.subject_of(job_id, ordinal)

    async with superuser.transaction():
        await rows(HOLD, person)
        await archive.run(31)

    assert await rows("SELECT ordinal FROM job_items WHERE subject_id = %s", person) == [(ordinal,)]
    assert (await archive.run(31))["jobs"].held == 2
    assert await rows("SELECT ordinal FROM job_items") == [(ordinal,)]


async def test_a_hold_on_nobody_in_particular_that_comes_during_a_run_keeps_the_job(archive, superuser, rows):
    await archive.take_in("ada")
    await archive.work()
    async with superuser.transaction():
        await rows(HOLD, (await rows("SELECT subject_id FROM jobs"))[0][0])
        assert (await archive.run(31))["jobs"].failed == 0
    await archive.run(31)
    assert await archive.count("jobs", "job_items", "subjects") == {"jobs": 1, "job_items": 0, "subjects": 1}


@pytest.mark.parametrize("ordinal", [0, 1], ids=["named", "unnamed"])
async def test_a_hold_that_comes_while_a_job_is_being_deleted_keeps_it(archive, platform, superuser, rows, ordinal):
    job_id = await archive.take_in("ada", None)

    async def delete() -> None:
        async with platform.database.transaction(archive.principal.tenant_id) as connection:
            await delete_job(connection, archive.principal, job_id)

    async with superuser.transaction():
        await rows(HOLD, await archive.subject_of(job_id, ordinal))
        deletion = asyncio.create_task(delete())
        await archive.waits()

    with pytest.raises(Conflict, match="legal hold"):
        await deletion
    assert await archive.count("jobs", "job_items") == {"jobs": 1, "job_items": 2}


async def test_an_upload_that_goes_silent_is_kept_if_somebody_in_it_is_held(archive, platform, rows):
    ada = await archive.subject_of(await archive.take_in("ada"), 0)
    await archive.hold(ada, days=90)
    uploads = []
    for person in ("ada", "bob"):
        order = Order(platform.workload.name, 5, 4, 10**6, None, None)
        uploads.append(Intake(platform.database, platform.keyring, archive.principal, order))
        await uploads[-1].add(platform.workload.Input(page=b"x", patient=person), 2**21)
    await rows("UPDATE jobs SET touched_at = now() - interval '1 h' WHERE state = 'receiving'")

    sweeper = Sweeper(platform.database, platform.settings, platform.metrics)
    assert (await sweeper.sweep()).uploads == 2
    assert (await sweeper.sweep()).uploads == 0

    kept = "SELECT state, total FROM jobs WHERE id = %s"
    assert [await rows(kept, upload.job_id) for upload in uploads] == [[("cancelled", 1)], []]
    assert len(await rows("SELECT 1 FROM job_items WHERE subject_id = %s", ada)) == 2
    # It does not come back to life when its caller sends more.
    await uploads[0].add(platform.workload.Input(page=b"y"))
    with pytest.raises(InvalidInput, match="Send it again"):
        await uploads[0].close(b"")
    await archive.run(91)
    assert await archive.count("jobs", "job_items") == {"jobs": 0, "job_items": 0}


async def test_a_job_that_is_worked_on_stays(archive, platform, rows):
    await archive.take_in(*["ada"] * 8)
    await rows(LONG_AGO)
    claimed = await leasing.claim(platform.database, platform.workload.name, 60)
    assert (await archive.look(0))["jobs"].due == 0
    await archive.run(0)
    assert await leasing.finish(platform.database, claimed, [], [], 0.0)

    await archive.run(0)
    assert await archive.count("jobs", "job_items", "job_chunks") == {"jobs": 1, "job_items": 8, "job_chunks": 1}

    await rows(LONG_AGO)
    await leasing.claim(platform.database, platform.workload.name, 60)
    await rows("UPDATE job_chunks SET lease_until = now() - interval '1 s'")
    await archive.run(0)
    assert await archive.count("jobs", "job_items", "job_chunks") == {"jobs": 0, "job_items": 0, "job_chunks": 0}


async def test_a_job_stays_of_which_a_worker_takes_a_part_during_the_run(archive, superuser, rows):
    await archive.take_in("ada")
    await rows(LONG_AGO)
    async with superuser.transaction():
        await rows("UPDATE job_chunks SET state = 'running', token = 1, lease_until = now() + interval '60 s'")
        run = asyncio.create_task(archive.run(0))
        await archive.waits()
    await run
    assert await archive.count("jobs", "job_items", "job_chunks") == {"jobs": 1, "job_items": 1, "job_chunks": 1}


async def test_workers_and_runs_at_the_same_time_agree(archive, platform, rows):
    """Jobs that were left for long are worked off while runs are about to delete them: each is whole, or gone."""
    for _ in range(12):
        await archive.take_in("ada", "bob", "carl", "dora", "eve", None)
    await rows(LONG_AGO)

    async def expire() -> None:
        for _ in range(3):
            await archive.run(0)

    await asyncio.gather(archive.work(), expire())

    left = "SELECT j.state, j.succeeded, count(i) FROM jobs j LEFT JOIN job_items i ON i.job_id = j.id GROUP BY j.id"
    assert set(await rows(left)) <= {("completed", 6, 6)}
    with use_clock(lambda: datetime.now(UTC) + timedelta(days=31)):
        await archive.retention().run()
    assert await archive.count("jobs", "job_items", "subjects") == {"jobs": 0, "job_items": 0, "subjects": 0}
