import asyncio
from contextlib import suppress

import pytest
from checksum import Checksum

from slipway.errors import Unavailable
from slipway.jobs.consumer import Consumer
from slipway.jobs.schemas import ItemState, JobState

ENDED = JobState.COMPLETED


async def test_every_input_gets_its_own_answer_in_order(engine, submit, principal, consumer, digest):
    pages = [f"page {n}".encode() for n in range(25)]
    job_id = await submit(pages)

    assert await consumer.turn() is False

    done = await engine.job(principal, job_id)
    assert (done.state, done.total, done.succeeded, done.dead, done.progress) == (ENDED, 25, 25, 0, 1.0)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert [a.output for a in await engine.results(principal, job_id)] == [digest(page) for page in pages]


async def test_two_workers_on_one_queue_answer_each_input_once(engine, submit, principal):
    pages = [f"both {n}".encode() for n in range(80)]
    job_id = await submit(pages)

    await asyncio.gather(*(Consumer(engine.platform).turn() for _ in range(2)))

    assert (await engine.job(principal, job_id)).succeeded == 80
    assert sorted(page for page in Checksum.seen if page.startswith(b"both")) == sorted(pages)


async def test_an_input_that_fails_says_why_and_is_not_tried_again(engine, submit, principal, consumer, digest):
    job_id = await submit([b"good", b"bad one"])

    await consumer.turn()

    good, bad = await engine.results(principal, job_id)
    assert (good.state, good.output, good.error) == (ItemState.SUCCEEDED, digest(b"good"), None)
    assert (bad.state, bad.output) == (ItemState.DEAD, None)
    assert bad.error == {"code": "unreadable", "detail": "The page cannot be read."}
    assert Checksum.seen.count(b"bad one") == 1


async def test_a_retryable_failure_gets_three_attempts_of_its_own_and_keeps_its_reason(
    engine, submit, principal, consumer
):
    job_id = await submit([b"fine", b"busy 3"])

    await engine.run(consumer)

    done = await engine.job(principal, job_id)
    assert (done.state, done.succeeded, done.dead) == (ENDED, 1, 1)
    assert (await engine.results(principal, job_id))[1].error == {"code": "busy", "detail": "The scanner is busy."}
    assert await engine.attempts(job_id) == [1, 3]
    assert Checksum.seen.count(b"busy 3") == 1 + 3
    # The chunk of both was finished at the first attempt, and what became of the busy one alone at its third.
    value = engine.platform.metrics.registry.get_sample_value
    assert value("slipway_job_chunk_attempts_bucket", {"le": "1.0"}) == 1
    assert value("slipway_job_chunk_attempts_sum") == 1 + 3


async def test_a_poison_input_is_dead_after_three_attempts_of_its_own_and_blames_only_itself(
    engine, submit, principal, consumer, digest
):
    pages = [b"a", b"crash a", b"b", b"c", b"d", b"e"]
    job_id = await submit(pages)

    await engine.run(consumer)

    results = await engine.results(principal, job_id)
    assert [r.state for r in results] == [ItemState.DEAD if p == b"crash a" else ItemState.SUCCEEDED for p in pages]
    assert [r.output for r in results if r.output] == [digest(p) for p in pages if p != b"crash a"]
    assert results[1].error is not None
    assert results[1].error["code"] == "attempts_exhausted"
    assert Checksum.seen.count(b"crash a") == 2 + 3, "twice with its chunk, three times alone"
    assert (await engine.attempts(job_id))[1] == 3
    # A chunk of four is split at its second loss: its three good inputs, then the poison, given up at its third.
    value = engine.platform.metrics.registry.get_sample_value
    assert value("slipway_job_chunk_attempts_bucket", {"le": "2.0"}) == 1 + 3
    assert value("slipway_job_chunk_attempts_bucket", {"le": "3.0"}) == 1 + 3 + 1


async def test_a_poison_input_does_not_hold_up_other_jobs(engine, submit, principal, consumer):
    poisoned, healthy = await submit([b"crash b"] * 4), await submit([b"healthy"] * 4)

    await consumer.turn()

    assert (await engine.job(principal, healthy)).state is ENDED
    assert (await engine.job(principal, poisoned)).state is JobState.RUNNING


async def test_a_hanging_model_is_cut_off_and_the_other_inputs_are_answered(engine, submit, principal, consumer):
    job_id = await submit([b"quick", b"hang"])

    await engine.run(consumer)

    quick, hanging = await engine.results(principal, job_id)
    assert (quick.state, hanging.state) == (ItemState.SUCCEEDED, ItemState.DEAD)


async def test_a_process_that_dies_with_two_chunks_in_hand_loses_only_the_one_to_blame(
    engine, submit, principal, monkeypatch
):
    """Attempts are counted at the claim, so a death is blamed on all that was in hand: suspects must run alone."""
    pages = [b"deadly", *(f"innocent {n}".encode() for n in range(5))]
    job_id = await submit(pages)
    predict, died = engine.platform.predictor.predict, asyncio.Event()

    async def predict_or_die(items):
        await asyncio.sleep(0.05)
        if any(item.page == b"deadly" for item in items):
            died.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0.1)
        return await predict(items)

    monkeypatch.setattr(engine.platform.predictor, "predict", predict_or_die)
    deaths = 0
    while (await engine.job(principal, job_id)).state is not ENDED:
        died.clear()
        turn, death = asyncio.create_task(Consumer(engine.platform).turn()), asyncio.create_task(died.wait())
        await asyncio.wait({turn, death}, return_when=asyncio.FIRST_COMPLETED)
        deaths += died.is_set()
        for task in (turn, death):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await engine.lease_ends()
        await engine.sweep()
        await engine.delays_end()

    assert deaths == 2 + 3
    states = [result.state for result in await engine.results(principal, job_id)]
    assert states == [ItemState.DEAD if page == b"deadly" else ItemState.SUCCEEDED for page in pages]


async def test_a_turn_that_is_cut_short_gives_its_chunks_back_uncounted(engine, submit, consumer, rows, monkeypatch):
    in_hand = asyncio.Semaphore(0)

    async def hang(_):
        in_hand.release()
        await asyncio.Event().wait()

    monkeypatch.setattr(engine.platform.predictor, "predict", hang)
    await submit([b"a page"] * 8)
    turn = asyncio.create_task(consumer.turn())
    # A claim that is written and whose answer is on its way is nobody's yet: only its lease gives it back.
    for _ in range(2):
        await in_hand.acquire()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn

    await asyncio.gather(consumer.give_back(), consumer.give_back())
    await consumer.give_back()

    assert await rows("SELECT state, attempts, lease_until FROM job_chunks") == [("waiting", 0, None)] * 2


async def test_a_draining_worker_finishes_what_it_has_in_hand_and_takes_no_more(engine, submit, consumer, rows):
    await submit([b"slow"] * 40)
    turn = asyncio.create_task(consumer.turn())
    while not await rows("SELECT 1 FROM job_chunks WHERE state = 'running'"):
        await asyncio.sleep(0.001)
    consumer.drain()

    assert await turn is False
    ((left, running),) = await rows("SELECT count(*), count(*) FILTER (WHERE state = 'running') FROM job_chunks")
    assert 0 < left < 10
    assert running == 0
    assert await consumer.turn() is False, "nor is it asked again"
    assert await rows("SELECT count(*) FROM job_chunks") == [(left,)]


async def test_a_key_provider_that_fails_postpones_without_counting(engine, submit, principal, consumer, monkeypatch):
    job_id = await submit([b"later"])

    async def fail(tenant):
        raise ConnectionError("the key service does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(engine.platform.keyring, "keyset", fail)
        for _ in range(5):
            await engine.delays_end()
            await consumer.turn()
    ((state, attempts, postponed),) = await engine.rows(
        "SELECT state, attempts, available_at > now() FROM job_chunks WHERE job_id = %s", job_id
    )
    assert (state, attempts, postponed) == ("waiting", 0, True)

    await engine.run(consumer)
    assert (await engine.job(principal, job_id)).succeeded == 1


async def test_an_outage_of_the_database_is_nobodys_fault(engine, submit, principal, consumer, monkeypatch, rows):
    job_id = await submit([b"patient"])
    predict = engine.platform.predictor.predict

    async def lose_connection(items):
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(engine.platform.predictor, "predict", lose_connection)
    for _ in range(4):
        with pytest.raises(Unavailable):
            await consumer.turn()
    assert await rows("SELECT state, attempts FROM job_chunks") == [("running", 1)]

    monkeypatch.setattr(engine.platform.predictor, "predict", predict)
    await consumer.turn()
    assert (await engine.job(principal, job_id)).succeeded == 1


async def test_an_answer_that_cannot_be_stored_is_the_fault_of_its_chunk_alone(
    engine, submit, principal, consumer, monkeypatch
):
    broken, whole = await submit([b"unstorable"]), await submit([b"storable"])
    predict = engine.platform.predictor.predict

    async def too_few(items):
        return [] if items[0].page == b"unstorable" else await predict(items)

    monkeypatch.setattr(engine.platform.predictor, "predict", too_few)
    await engine.run(consumer)

    assert (await engine.job(principal, broken)).dead == 1
    assert (await engine.job(principal, whole)).succeeded == 1


async def test_a_long_chunk_keeps_its_lease(engine, submit, principal, monkeypatch):
    job_id = await submit([b"long"])
    predict = engine.platform.predictor.predict

    async def take_two_leases(items):
        for _ in range(11):
            await asyncio.sleep(0.2)
            assert (await engine.sweep()).chunks == 0
        return await predict(items)

    monkeypatch.setattr(engine.platform.predictor, "predict", take_two_leases)
    await Consumer(engine.platform).turn()

    assert (await engine.job(principal, job_id)).succeeded == 1
    assert await engine.attempts(job_id) == [1]


async def test_a_turn_that_is_over_says_that_there_may_be_more(engine, submit, consumer, monkeypatch):
    await submit([b"x"] * 8)
    monkeypatch.setattr(consumer, "_settings", engine.platform.settings.model_copy(update={"turn_seconds": 0.001}))

    assert await consumer.turn() is True
    monkeypatch.undo()
    assert await consumer.turn() is False
