import pytest

from slipway.errors import Conflict, NotFound
from slipway.jobs import service
from slipway.jobs.schemas import ItemState, JobState


async def call(engine, function, principal, *arguments):
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        return await function(connection, principal, *arguments)


async def listed(engine, principal, **page):
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        return await service.list_jobs(connection, **({"state": None, "before": None, "limit": 50} | page))


async def actions(rows):
    return [action for (action,) in await rows("SELECT action FROM audit_log WHERE resource LIKE 'job/%%' ORDER BY id")]


async def test_a_job_that_is_cancelled_while_a_chunk_runs_gets_no_write_after(engine, submit, principal, rows):
    job_id = await submit([b"x"] * 12)
    assert await engine.finish(await engine.claim())
    running = await engine.claim()

    cancelled = await call(engine, service.cancel_job, principal, job_id)

    assert (cancelled.state, cancelled.succeeded) == (JobState.CANCELLED, 4)
    before = await rows("SELECT * FROM jobs"), await rows("SELECT * FROM job_items ORDER BY ordinal")
    assert not await engine.finish(running)
    assert await engine.claim() is None
    assert before == (await rows("SELECT * FROM jobs"), await rows("SELECT * FROM job_items ORDER BY ordinal"))


async def test_the_pending_inputs_of_a_cancelled_job_are_reported_as_cancelled(engine, submit, principal, consumer):
    job_id = await submit([b"x"] * 2)
    await call(engine, service.cancel_job, principal, job_id)

    states = [result.state for result in await engine.results(principal, job_id)]

    assert states == [ItemState.CANCELLED] * 2


async def test_cancelling_twice_is_fine_and_cancelling_what_is_done_is_not(engine, submit, principal, consumer, rows):
    twice, done = await submit([b"x"]), await submit([b"x"])
    first = await call(engine, service.cancel_job, principal, twice)
    assert await call(engine, service.cancel_job, principal, twice) == first
    await consumer.turn()

    with pytest.raises(Conflict, match="completed"):
        await call(engine, service.cancel_job, principal, done)
    assert await actions(rows) == ["job.created", "job.created", "job.cancelled"]


async def test_a_job_that_is_deleted_while_a_chunk_runs_leaves_nothing(engine, submit, principal, rows):
    job_id = await submit([b"x"] * 8)
    running = await engine.claim()

    await call(engine, service.delete_job, principal, job_id)

    assert not await engine.finish(running)
    for table in ("jobs", "job_items", "job_chunks", "subjects", "subject_keys"):
        assert await rows(f"SELECT 1 FROM {table}") == [], table
    assert await actions(rows) == ["job.created", "job.deleted"]
    with pytest.raises(NotFound):
        await engine.job(principal, job_id)


async def test_dead_inputs_are_tried_again_and_the_others_are_left_alone(
    engine, submit, principal, consumer, monkeypatch, digest, rows
):
    pages = [b"one", b"crash c", b"bad c", b"two", b"three"]
    job_id = await submit(pages)
    await engine.run(consumer)
    before = await rows("SELECT ordinal, output FROM job_items WHERE state = 'succeeded' ORDER BY ordinal")
    assert (await engine.job(principal, job_id)).dead == 2

    queued = await call(engine, service.retry_dead, principal, job_id, 4, 10**6)
    assert (queued.state, queued.dead, queued.succeeded, queued.finished_at) == (JobState.QUEUED, 0, 3, None)

    async def mended(items):
        return [engine.platform.workload.Output(**digest(item.page)) for item in items]

    monkeypatch.setattr(engine.platform.predictor, "predict", mended)
    await consumer.turn()

    done = await engine.job(principal, job_id)
    assert (done.state, done.succeeded, done.dead) == (JobState.COMPLETED, 5, 0)
    assert [r.output for r in await engine.results(principal, job_id)] == [digest(page) for page in pages]
    kept = await rows("SELECT ordinal, output FROM job_items WHERE ordinal IN (0, 3, 4) ORDER BY ordinal")
    assert kept == before


async def test_only_a_completed_job_with_dead_inputs_can_be_retried(engine, submit, principal, consumer):
    job_id = await submit([b"x"])
    with pytest.raises(Conflict, match="queued"):
        await call(engine, service.retry_dead, principal, job_id, 4, 10**6)
    await consumer.turn()
    with pytest.raises(Conflict, match="no dead inputs"):
        await call(engine, service.retry_dead, principal, job_id, 4, 10**6)


async def test_another_tenants_job_does_not_exist(engine, submit, principal, stranger):
    job_id = await submit([b"x"])

    for function, *arguments in (
        (service.cancel_job,),
        (service.retry_dead, 4, 10**6),
        (service.delete_job,),
        (service.read_results, 0, 10),
    ):
        with pytest.raises(NotFound):
            await call(engine, function, stranger, job_id, *arguments)
    assert await listed(engine, stranger) == []
    assert [job.id for job in await listed(engine, principal)] == [job_id]


async def test_jobs_are_listed_newest_first_in_pages_and_by_state(engine, submit, principal, consumer):
    ids = [await submit([b"x"]) for _ in range(5)]
    await call(engine, service.cancel_job, principal, ids[2])

    first = await listed(engine, principal, limit=3)
    second = await listed(engine, principal, before=(first[-1].created_at, first[-1].id))

    assert [job.id for job in first + second] == ids[::-1]
    assert [job.id for job in await listed(engine, principal, state=JobState.CANCELLED)] == [ids[2]]


async def test_the_revision_rises_with_every_change(engine, submit, principal):
    job_id = await submit([b"x"] * 8)
    revisions = [(await engine.job(principal, job_id)).revision]
    for _ in range(2):
        claimed = await engine.claim()
        revisions.append((await engine.job(principal, job_id)).revision)
        await engine.finish(claimed)
        revisions.append((await engine.job(principal, job_id)).revision)

    queued, started, finished, claimed_again, completed = revisions
    assert queued < started < finished == claimed_again < completed


async def test_each_read_of_results_is_audited_but_one_that_goes_on_with_a_download(engine, submit, principal, rows):
    job_id = await submit([b"x"] * 4)

    for first, continued in ((1, False), (3, False), (0, False), (2, True)):
        async with engine.platform.database.transaction(principal.tenant_id) as connection:
            page = await service.read_results(connection, principal, job_id, first, 2, continued=continued)
        assert [item.ordinal for item in page] == [first, first + 1][: 4 - first]

    assert await actions(rows) == ["job.created"] + ["results.read"] * 3


async def test_results_are_read_without_the_inputs(engine, submit, principal, consumer):
    job_id = await submit([b"x" * 4_000] * 2)
    await consumer.turn()

    page = await call(engine, service.read_results, principal, job_id, 0, 2)

    assert [item.input for item in page] == [b"", b""]
    assert all(item.output for item in page)
