import hashlib
from uuid import UUID

import pytest

from slipway.composition import Platform
from slipway.jobs import queue
from slipway.jobs.consumer import Consumer
from slipway.jobs.schemas import ItemState, JobState, JobView
from slipway.jobs.sealing import ItemSealer
from slipway.jobs.service import cancel_job, delete_job, get_job, read_results, retry_dead
from slipway.jobs.sweeper import Sweeper
from slipway.tenants.schemas import Principal


@pytest.fixture
def consumer(platform: Platform) -> Consumer:
    return Consumer(platform)


async def job(platform: Platform, principal: Principal, job_id: UUID) -> JobView:
    async with platform.database.transaction(principal.tenant_id) as connection:
        return await get_job(connection, job_id)


async def results(platform: Platform, principal: Principal, job_id: UUID) -> list:
    sealer = ItemSealer(await platform.keyring.keyset(principal.tenant_id), job_id)
    async with platform.database.transaction(principal.tenant_id) as connection:
        return sealer.open_results(await read_results(connection, principal, job_id, 0, 1000))


async def test_every_input_gets_its_own_answer_in_order(submit, platform, principal, consumer):
    pages = [f"page {n}".encode() for n in range(25)]
    job_id = await submit(pages)

    await consumer.turn()

    done = await job(platform, principal, job_id)
    assert (done.state, done.total, done.succeeded, done.dead, done.progress) == (JobState.COMPLETED, 25, 25, 0, 1.0)
    answers = await results(platform, principal, job_id)
    assert [a.output["sha256"] for a in answers] == [hashlib.sha256(p).hexdigest() for p in pages]
