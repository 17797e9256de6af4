import asyncio

import pytest
from prometheus_client import generate_latest

from slipway.errors import InvalidInput, Unavailable
from slipway.jobs import sweeper as module
from slipway.jobs.backlog import measure_backlog
from slipway.jobs.schemas import ItemState, JobState

NOTHING = (0, 0)


def counts(swept):
    return swept.chunks, swept.uploads


async def test_a_lease_that_runs_out_by_itself_is_taken_back(engine, submit, rows):
    await submit([b"x"])
    claimed = await engine.claim(lease=0.2)
    assert counts(await engine.sweep()) == NOTHING
    await asyncio.sleep(0.3)

    assert counts(await engine.sweep()) == (1, 0)
    assert await rows("SELECT state, attempts, lease_until, available_at > now() FROM job_chunks") == [
        ("waiting", 1, None, True)
    ]
    assert not await engine.finish(claimed)


async def test_a_chunk_that_is_lost_twice_is_split_into_its_pending_inputs(engine, submit, rows):
    job_id = await submit([b"x"] * 4)
    for _ in range(2):
        await engine.delays_end()
        assert await engine.claim() is not None
        await engine.lease_ends()
        assert counts(await engine.sweep()) == (1, 0)

    assert await rows("SELECT first, last, state, attempts FROM job_chunks ORDER BY first") == [
        (n, n, "waiting", 0) for n in range(4)
    ]
    await engine.run()
    assert await engine.attempts(job_id) == [1] * 4


async def test_a_single_input_is_dead_after_three_losses(engine, submit, principal):
    job_id = await submit([b"x"])
    for attempt in (1, 2, 3):
        assert (await engine.job(principal, job_id)).dead == 0
        await engine.delays_end()
        assert (await engine.claim()).attempts == attempt
        await engine.lease_ends()
        await engine.sweep()

    assert (await engine.job(principal, job_id)).state is JobState.COMPLETED
    (dead,) = await engine.results(principal, job_id)
    assert dead.state is ItemState.DEAD
    assert dead.error["code"] == "attempts_exhausted"


async def test_many_sweepers_count_a_loss_once(engine, submit, rows):
    for _ in range(4):
        await submit([b"x"] * 4)
    for _ in range(4):
        await engine.claim()
    await engine.lease_ends()

    swept = await asyncio.gather(*(engine.sweep() for _ in range(6)))

    assert sum(s.chunks for s in swept) == 4
    assert await rows("SELECT state, attempts FROM job_chunks") == [("waiting", 1)] * 4


async def test_a_job_that_fails_does_not_hold_up_the_others_and_an_outage_does(
    engine, submit, principal, rows, monkeypatch
):
    broken, whole = await submit([b"x"]), await submit([b"x"])
    bad_upload, upload = [(await engine.intake(principal)) for _ in range(2)]
    for silent in (bad_upload, upload):
        await silent.add(engine.platform.workload.Input(page=b"x"), 2**21)
    await rows("UPDATE jobs SET touched_at = now() - interval '6 min' WHERE state = 'receiving'")
    await engine.claim()
    await engine.claim()
    await engine.lease_ends()
    lose, discard = module.lose, module.repository.discard_upload
    defects = [ValueError("a defect")] * 2

    async def lose_or_fail(connection, lost, most):
        if lost.job_id == broken:
            raise defects[0]
        return await lose(connection, lost, most)

    async def discard_or_fail(connection, job_id, now):
        if job_id == bad_upload.job_id:
            raise defects[1]
        return await discard(connection, job_id, now)

    monkeypatch.setattr(module, "lose", lose_or_fail)
    monkeypatch.setattr(module.repository, "discard_upload", discard_or_fail)
    swept = await engine.sweep()

    assert (*counts(swept), swept.failed) == (1, 1, 2)
    assert await rows("SELECT job_id FROM job_chunks WHERE state = 'waiting'") == [(whole,)]
    assert await rows("SELECT id FROM jobs WHERE state = 'receiving'") == [(bad_upload.job_id,)]
    defects[0] = Unavailable("The database does not answer.")
    with pytest.raises(Unavailable):
        await engine.sweep()


async def test_a_silent_upload_is_removed_with_its_key_and_a_live_one_is_kept(engine, principal, rows):
    silent, live = [await engine.intake(principal) for _ in range(2)]
    for upload in (silent, live):
        await upload.add(engine.platform.workload.Input(page=b"x"), 2**21)
    await rows("UPDATE jobs SET touched_at = now() - interval '6 min' WHERE id = %s", silent.job_id)

    assert counts(await engine.sweep()) == (0, 1)

    assert await rows("SELECT id, state FROM jobs") == [(live.job_id, "receiving")]
    assert await rows("SELECT count(*) FROM subjects") == await rows("SELECT count(*) FROM subject_keys") == [(1,)]
    await live.close(b"")
    await silent.add(engine.platform.workload.Input(page=b"y"))
    with pytest.raises(InvalidInput, match="Send it again"):
        await silent.close(b"")
    assert len(await rows("SELECT 1 FROM jobs")) == 1


async def test_a_queued_job_is_never_taken_for_an_abandoned_upload(engine, submit, rows):
    await submit([b"x"])
    await rows("UPDATE jobs SET touched_at = now() - interval '1 day'")

    assert counts(await engine.sweep()) == NOTHING


async def test_the_backlog_is_measured(engine, submit, principal, stranger, rows):
    await submit([b"x"] * 10)
    await submit([b"bad"], caller=stranger, priority=9)
    await engine.platform.predictor.load()
    await engine.finish(await engine.claim())
    await rows("UPDATE jobs SET dead = 2 WHERE tenant_id = %s", stranger.tenant_id)
    await rows("UPDATE job_chunks SET created_at = now() - interval '1 h'")
    await engine.claim()

    platform = engine.platform
    await measure_backlog(platform)

    exposed = generate_latest(platform.metrics.registry).decode().splitlines()
    values = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in exposed if line[0] != "#")}
    assert values['slipway_job_chunks{state="waiting"}'] == 2
    assert values['slipway_job_chunks{state="running"}'] == 1
    assert values["slipway_job_dead_letters"] == 2
    assert 3600 <= values["slipway_job_oldest_waiting_seconds"] < 3700
