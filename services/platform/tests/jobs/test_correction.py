"""Rectification: the right input in the place of the wrong one, and nothing left of what was answered to that."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from checksum import Checksum

from slipway.errors import Conflict, InvalidInput, NotFound, QueueFull
from slipway.jobs import leasing, repository, service
from slipway.jobs.correction import Correction, correct
from slipway.jobs.schemas import Answer, Claim, ItemState, JobState
from slipway.subjects.holds import Hold, hold

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def put_right(engine, principal):
    """A function that replaces an input by another page."""

    async def run(job_id, ordinal, page, patient, *, about=None, caller=principal, most=10**6):
        corrected = engine.platform.workload.Input(page=page, patient=patient)
        correction = Correction(about or patient, job_id, ordinal, corrected)
        async with engine.platform.keyring.transaction(caller.tenant_id) as (connection, keyset):
            return await correct(connection, keyset, caller, correction, most)

    return run


async def test_what_was_answered_is_deleted_and_redone_and_nothing_else_is(
    engine, clinic, principal, consumer, digest, put_right, rows
):
    job_id = await clinic.admit((ANNA, b"wrong"), (BEN, b"ben, once"), (ANNA, b"bad"))
    await engine.run(consumer)
    before = await rows("SELECT input, output FROM job_items ORDER BY ordinal")
    first = await engine.job(principal, job_id)

    job = await put_right(job_id, 0, b"right", ANNA)

    assert (job.state, job.total, job.succeeded, job.dead, job.finished_at) == (JobState.QUEUED, 3, 1, 1, None)
    assert await clinic.shown(job_id) == ["pending", "succeeded", "unreadable"]
    assert await rows("SELECT input = %s, output FROM job_items WHERE ordinal = 0", before[0][0]) == [(False, None)]
    assert await rows("SELECT first, last FROM job_chunks") == [(0, 0)]

    await engine.run(consumer)
    done = await engine.job(principal, job_id)
    assert (done.state, done.succeeded, done.dead) == (JobState.COMPLETED, 2, 1)
    assert done.finished_at > first.finished_at
    assert (await engine.results(principal, job_id))[0].output == digest(b"right")
    assert await rows("SELECT input, output FROM job_items WHERE ordinal > 0 ORDER BY ordinal") == before[1:]
    assert Checksum.seen.count(b"ben, once") == 1
    entries = await rows("SELECT resource, detail FROM audit_log WHERE action = 'subject.rectified'")
    ((subject,),) = await rows("SELECT subject_id FROM job_items WHERE ordinal = 0")
    assert entries == [(f"subject/{subject}", {"job": str(job_id), "ordinal": 0})]


async def test_a_dead_input_that_is_put_right_is_answered(engine, clinic, principal, consumer, put_right):
    job_id = await clinic.admit((ANNA, b"bad"))
    await engine.run(consumer)
    assert (await put_right(job_id, 0, b"good", ANNA)).dead == 0
    await engine.run(consumer)
    assert (await engine.job(principal, job_id)).succeeded == 1


async def test_an_input_that_waits_is_replaced_where_it_is(engine, clinic, consumer, digest, put_right, rows):
    job_id = await clinic.admit((ANNA, b"wrong and waiting"), (BEN, b"ben"))
    job = await put_right(job_id, 0, b"right", ANNA)
    assert job.state is JobState.QUEUED
    assert await rows("SELECT first, last FROM job_chunks") == [(0, 1)]
    await engine.run(consumer)
    assert (await engine.results(clinic.principal, job_id))[0].output == digest(b"right")
    assert b"wrong and waiting" not in Checksum.seen


async def test_a_worker_that_has_the_wrong_input_in_hand_writes_nothing(
    engine, clinic, principal, consumer, digest, put_right, rows
):
    job_id = await clinic.admit((ANNA, b"wrong"), (BEN, b"ben"))
    claimed = await engine.claim()
    items = await leasing.read_inputs(engine.platform.database, claimed)

    job = await put_right(job_id, 0, b"right", ANNA)

    assert (job.state, job.succeeded) == (JobState.RUNNING, 0)
    answers = [Answer(item.ordinal, ItemState.SUCCEEDED, b"to the wrong one") for item in items]
    assert not await leasing.finish(engine.platform.database, claimed, answers, again=[], delay=0.0)
    assert not await leasing.renew(engine.platform.database, claimed, 30.0)
    assert await rows("SELECT first, last, state, attempts FROM job_chunks") == [(0, 1, "waiting", 0)]
    await engine.run(consumer)
    assert [result.output for result in await engine.results(principal, job_id)] == [digest(b"right"), digest(b"ben")]


async def test_a_worker_that_is_just_claiming_the_wrong_input_writes_nothing(engine, clinic, principal, rows):
    job_id = await clinic.admit((ANNA, b"wrong"))
    platform, place = engine.platform, {"job_id": job_id, "ordinal": 0}
    async with AsyncExitStack() as claiming, platform.database.transaction(principal.tenant_id) as connection:
        await repository.lock_job(connection, job_id)
        worker = await claiming.enter_async_context(platform.database.system_transaction())
        lease = {"workload": platform.workload.name, "lease": 30.0, "busy": False}
        claimed = Claim(*(await worker.exec_driver_sql(leasing._CLAIM, lease)).one())
        queued = asyncio.create_task(repository.queue_item(connection, **place))
        await asyncio.wait([queued], timeout=1)
        await claiming.aclose()
        await queued
        items = await leasing.read_inputs(platform.database, claimed)
        await repository.replace_input(connection, **place, sealed=b"right")

    answers = [Answer(item.ordinal, ItemState.SUCCEEDED, b"to the wrong one") for item in items]
    assert len(answers) == 1
    assert not await leasing.finish(platform.database, claimed, answers, again=[], delay=0.0)
    assert await rows("SELECT state, output FROM job_items") == [("pending", None)]
    assert await rows("SELECT state, attempts FROM job_chunks") == [("waiting", 0)]


async def test_an_answered_input_among_others_that_are_worked_on_is_redone(
    engine, clinic, principal, consumer, digest, put_right, rows
):
    job_id = await clinic.admit((BEN, b"bad"), (ANNA, b"wrong"), (BEN, b"bad"))
    await engine.run(consumer)
    await clinic.retry(job_id)
    assert (await engine.claim()) is not None

    await put_right(job_id, 1, b"right", ANNA)

    assert await rows("SELECT first, last, state FROM job_chunks") == [(0, 2, "waiting")]
    await engine.run(consumer)
    job = await engine.job(principal, job_id)
    assert (job.state, job.succeeded, job.dead) == (JobState.COMPLETED, 1, 2)
    assert (await engine.results(principal, job_id))[1].output == digest(b"right")


async def test_in_a_cancelled_job_the_answer_goes_and_nothing_is_queued(
    engine, clinic, principal, consumer, put_right, rows
):
    job_id = await clinic.admit(*[(ANNA, b"wrong")] * 5)
    await engine.finish(await engine.claim())
    await rows("UPDATE job_items SET output = NULL")
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        await service.cancel_job(connection, principal, job_id)

    job = await put_right(job_id, 0, b"right", ANNA)

    assert (job.state, job.succeeded) == (JobState.CANCELLED, 3)
    assert await rows("SELECT count(*) FROM job_chunks") == [(0,)]
    assert (await clinic.shown(job_id)) == ["cancelled", *["succeeded"] * 3, "cancelled"]


async def test_data_of_a_restricted_person_are_put_right_and_not_processed(engine, clinic, consumer, digest, put_right):
    job_id = await clinic.admit((ANNA, b"wrong"))
    await engine.run(consumer)
    await clinic.change(ANNA, restricted=True)

    await put_right(job_id, 0, b"right, restricted", ANNA)
    await engine.run(consumer)

    assert await clinic.shown(job_id) == ["processing_restricted"]
    assert b"right, restricted" not in Checksum.seen
    await clinic.change(ANNA, restricted=False)
    await clinic.retry(job_id)
    await engine.run(consumer)
    assert (await engine.results(clinic.principal, job_id))[0].output == digest(b"right, restricted")


async def test_a_correction_is_about_the_same_person(engine, clinic, put_right, rows):
    job_id = await clinic.admit((ANNA, b"a"), (BEN, b"b"), (None, b"c"))
    sealed = await rows("SELECT input FROM job_items ORDER BY ordinal")
    ((unnamed,),) = await rows("SELECT subject_id FROM jobs")
    for ordinal, patient, about in ((0, BEN, ANNA), (0, "new@example.com", ANNA), (0, None, ANNA), (2, BEN, unnamed)):
        with pytest.raises(InvalidInput, match="about the same person"):
            await put_right(job_id, ordinal, b"x", patient, about=str(about))
    for ordinal, about in ((1, ANNA), (2, ANNA), (3, ANNA), (0, BEN)):
        with pytest.raises(NotFound, match="no such input about this subject"):
            await put_right(job_id, ordinal, b"x", about)
    assert await rows("SELECT input FROM job_items ORDER BY ordinal") == sealed

    await put_right(job_id, 2, b"right", None, about=str(unnamed))
    assert await rows("SELECT count(*) FROM job_items WHERE input = %s", sealed[2][0]) == [(0,)]


async def test_nothing_is_put_right_under_a_legal_hold_nor_in_an_upload_nor_beyond_the_queue(
    engine, clinic, principal, put_right
):
    job_id = await clinic.admit((ANNA, b"a"))
    with pytest.raises(QueueFull):
        await put_right(job_id, 0, b"x", ANNA, most=0)
    upload = await engine.intake(principal)
    await upload.add(engine.platform.workload.Input(page=b"a", patient=ANNA), 2**21)
    with pytest.raises(Conflict, match="is receiving"):
        await put_right(upload.job_id, 0, b"x", ANNA)
    subject = (await clinic.change(ANNA)).id
    order = Hold(subject, datetime.now(UTC) + timedelta(days=1), "case 7")
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        await hold(connection, principal.tenant_id, order, "test")
    with pytest.raises(Conflict, match="legal hold"):
        await put_right(job_id, 0, b"x", ANNA)


async def test_what_is_anothers_is_not_there(clinic, stranger, put_right, rows):
    job_id = await clinic.admit((ANNA, b"a"))
    await clinic.admit((ANNA, b"a"), caller=stranger)
    before = await rows("SELECT input FROM job_items WHERE job_id = %s", job_id)
    with pytest.raises(NotFound, match="no such job"):
        await put_right(job_id, 0, b"x", ANNA, caller=stranger)
    assert await rows("SELECT input FROM job_items WHERE job_id = %s", job_id) == before
