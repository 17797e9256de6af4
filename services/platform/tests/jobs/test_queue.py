import asyncio
from collections import Counter

from sqlalchemy import text

from slipway.jobs import leasing, queue
from slipway.jobs.queue import backoff


async def give_back(engine, claimed):
    return await queue.give_back(engine.platform.database, claimed, 0.0)


async def renew(engine, claimed):
    return await leasing.renew(engine.platform.database, claimed, 30.0)


async def test_chunks_of_a_job_come_in_order_and_cover_it_once(engine, submit):
    await submit([b"x"] * 10)

    claimed = [await engine.claim() for _ in range(4)]

    assert [(c.first, c.last, c.attempts, c.token) for c in claimed[:3]] == [(0, 3, 1, 1), (4, 7, 1, 1), (8, 9, 1, 1)]
    assert claimed[3] is None


async def test_priority_comes_first_then_age(engine, submit):
    low, older, newer = [await submit([b"x"], priority=priority) for priority in (1, 5, 5)]
    high = await submit([b"x"], priority=9)

    assert [(await engine.claim()).job_id for _ in range(4)] == [high, older, newer, low]


async def test_the_tenant_with_the_fewest_running_chunks_comes_next(engine, submit, principal, stranger):
    for _ in range(3):
        await submit([b"bulk"] * 40)
    small = await submit([b"small"] * 8, caller=stranger)

    claimed = [await engine.claim() for _ in range(6)]

    turns = [c.tenant_id == stranger.tenant_id for c in claimed]
    assert turns == [False, True, False, True, False, False]
    assert {c.job_id for c in claimed if c.tenant_id == stranger.tenant_id} == {small}


async def test_priority_counts_across_tenants_before_fairness(engine, submit, stranger):
    urgent = await submit([b"x"] * 12, priority=9)
    await submit([b"x"] * 12, caller=stranger, priority=8)

    assert [(await engine.claim()).job_id for _ in range(3)] == [urgent] * 3


async def test_work_of_another_workload_is_left_alone(engine, principal):
    await engine.take_in(principal, [{"page": b"x"}], workload="another")

    assert await engine.claim() is None


async def test_concurrent_claims_never_share_a_chunk(engine, submit, stranger):
    await submit([b"x"] * 60)
    await submit([b"x"] * 60, caller=stranger)

    claimed = await asyncio.gather(*(engine.claim() for _ in range(40)))

    taken = Counter((c.job_id, c.first) for c in claimed if c)
    assert len(taken) == 30
    assert set(taken.values()) == {1}


async def test_a_claim_passes_over_chunks_that_another_is_just_taking(engine, submit):
    await submit([b"x"] * 8)
    async with engine.platform.database.system_transaction() as connection:
        await connection.execute(text("SELECT FROM job_chunks WHERE first = 0 FOR UPDATE"))
        second = await asyncio.wait_for(engine.claim(), 2)

    assert second.first == 4


async def test_a_chunk_that_was_handed_back_waits_for_its_delay(engine, submit):
    await submit([b"x"])
    claimed = await engine.claim()
    assert await queue.wait_again(engine.platform.database, claimed, 60.0, suspect=True)

    assert await engine.claim() is None
    await engine.delays_end()
    again = await engine.claim()
    assert (again.id, again.attempts, again.token) == (claimed.id, 2, 2)


async def test_a_suspect_is_not_blamed_for_a_crash_while_it_waits_for_its_turn(engine, submit, rows):
    await submit([b"x"])
    await engine.claim()
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()

    waiting = await engine.claim(busy=True)
    assert (waiting.suspect, waiting.begun, waiting.attempts) == (True, False, 1)
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()
    assert await rows("SELECT attempts FROM job_chunks") == [(1,)]

    heir = await engine.claim(busy=True)
    assert await leasing.begin(engine.platform.database, waiting, 30.0) is None, "its lease is over"
    begun = await leasing.begin(engine.platform.database, heir, 30.0)
    assert (begun.begun, begun.attempts) == (True, 2)
    assert await rows("SELECT attempts FROM job_chunks") == [(2,)]


async def test_a_suspect_that_is_handed_back_before_it_began_keeps_its_count(engine, submit, rows):
    await submit([b"x"])
    await engine.claim()
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()

    assert await give_back(engine, await engine.claim(busy=True))
    assert await rows("SELECT attempts FROM job_chunks") == [(1,)]
    assert await give_back(engine, await engine.claim())
    assert await rows("SELECT attempts, suspect FROM job_chunks") == [(1, True)]


def test_delays_double_up_to_a_minute():
    assert [backoff(n) for n in (1, 2, 3, 4, 6, 7, 50)] == [1, 2, 4, 8, 32, 60, 60]


async def test_a_zombie_writes_nothing_once_its_chunk_is_with_another(engine, submit, principal):
    job_id = await submit([b"x"] * 3)
    zombie = await engine.claim()
    await engine.lease_ends()
    await engine.sweep()
    await engine.delays_end()
    heir = await engine.claim()

    assert heir.token > zombie.token
    assert not await engine.finish(zombie)
    assert not await renew(engine, zombie)
    assert not await give_back(engine, zombie)
    assert (await engine.job(principal, job_id)).succeeded == 0
    assert await engine.finish(heir)
    assert not await engine.finish(heir), "nor does the same answer count twice"
    assert (await engine.job(principal, job_id)).succeeded == 3


async def test_a_lease_that_was_taken_back_is_over_even_before_the_next_claim(engine, submit, rows):
    await submit([b"x"])
    zombie = await engine.claim()
    await engine.lease_ends()
    assert not await renew(engine, zombie), "a lease that has run out stays so"
    await engine.sweep()

    assert not await give_back(engine, zombie)
    assert not await engine.finish(zombie)
    assert await rows("SELECT state, attempts FROM job_chunks") == [("waiting", 1)]


async def test_a_renewed_lease_runs_on(engine, submit):
    await submit([b"x"])
    claimed = await engine.claim(lease=1.0)

    assert await renew(engine, claimed)
    await asyncio.sleep(1.1)
    assert (await engine.sweep()).chunks == 0
    assert await engine.finish(claimed)


async def test_the_time_of_a_claim_does_not_grow_with_the_backlog(engine, rows):
    """The plan reads a few index entries for each tenant, not each chunk that waits."""
    await rows("INSERT INTO tenants (id, name) SELECT gen_random_uuid(), g::text FROM generate_series(1, 10) g")
    await rows(
        "INSERT INTO jobs (id, tenant_id, workload, state, priority, created_by) "
        "SELECT gen_random_uuid(), id, 'checksum', 'queued', 5, 'test' FROM tenants"
    )
    await rows(
        "INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last) "
        "SELECT id, tenant_id, workload, priority, g, g FROM jobs, generate_series(1, 2000) g"
    )
    await rows("ANALYZE")
    await rows("SELECT pg_stat_reset()")

    for _ in range(5):
        assert await engine.claim() is not None

    await rows("SELECT pg_stat_force_next_flush()")
    await engine.platform.database.close()
    read = 0
    for _ in range(100):
        ((read,),) = await rows(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'job_chunks'"
        )
        if read:
            break
        await asyncio.sleep(0.05)
    assert 0 < read < 5 * 10 * 10, "of 20,000"
