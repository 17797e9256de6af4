"""A worker hears the flag server before it takes its first chunk."""

import asyncio

from slipway.flags import Flag
from slipway.jobs.schemas import JobState
from slipway.jobs.service import get_job


async def test_what_is_switched_off_does_not_begin_again_with_a_restart(platform, principal, start, submit, unleash):
    async def state(job_id) -> JobState:
        async with platform.database.transaction(principal.tenant_id) as connection:
            return (await get_job(connection, job_id)).state

    unleash.switch_off(Flag.JOB_PROCESSING)
    job_id = await submit([b"one", b"two"])
    worker = await start(settings=platform.settings.model_copy(update={"unleash_url": unleash.url}))
    await worker.reaches("slipway_flags_age_seconds", 0)
    await asyncio.sleep(5 * platform.settings.poll_seconds)
    assert await state(job_id) is JobState.QUEUED

    unleash.say()
    async with asyncio.timeout(30):
        while await state(job_id) is not JobState.COMPLETED:
            await asyncio.sleep(0.1)
    assert await worker.stop() == 0
    assert "Traceback" not in worker.log()
