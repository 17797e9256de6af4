"""Restriction and objection: what waits, what runs, what is on its way, what is there."""

import asyncio

import pytest
from checksum import Checksum

from slipway.composition import open_platform
from slipway.errors import Conflict
from slipway.jobs import barring, leasing
from slipway.jobs.consumer import Consumer
from slipway.jobs.schemas import Answer, ItemState, JobState
from slipway.jobs.service import cancel_job
from slipway.subjects.refusals import Refusal
from slipway.telemetry.tracing import configure_tracing

ANNA, BEN, CARA = "anna@example.com", "ben@example.com", "cara@example.com"
STATES = [("restricted", "processing_restricted"), ("objected", "processing_objected")]


@pytest.mark.parametrize(("state", "code"), STATES)
async def test_what_waits_is_not_given_to_the_model_and_comes_back_with_a_retry(
    engine, clinic, principal, consumer, digest, state, code
):
    page = f"anna, {state}".encode()
    job_id = await clinic.admit((BEN, b"ben"), (ANNA, page), (CARA, b"cara"), (ANNA, page), (None, b"nobody"))
    await clinic.change(ANNA, **{state: True})

    await engine.run(consumer)

    job = await engine.job(principal, job_id)
    assert (job.state, job.succeeded, job.dead) == (JobState.COMPLETED, 3, 2)
    assert await clinic.shown(job_id) == ["succeeded", code, "succeeded", code, "succeeded"]
    assert page not in Checksum.seen

    with pytest.raises(Conflict, match="none that may be processed"):
        await clinic.retry(job_id)
    await clinic.change(ANNA, **{state: False})
    assert await clinic.shown(job_id) == ["succeeded", code, "succeeded", code, "succeeded"]
    assert (await clinic.retry(job_id)).dead == 0
    await engine.run(consumer)
    assert (await engine.job(principal, job_id)).succeeded == 5
    assert (await engine.results(principal, job_id))[1].output == digest(page)


async def test_a_restriction_comes_before_an_objection(engine, clinic, principal, consumer):
    job_id = await clinic.admit((ANNA, b"page"))
    await clinic.change(ANNA, objected=True, restricted=True)
    await engine.run(consumer)
    await clinic.change(ANNA, restricted=False)
    assert await clinic.shown(job_id) == ["processing_restricted"]
    assert (await engine.job(principal, job_id)).dead == 1


@pytest.mark.parametrize(("state", "code"), STATES)
async def test_a_new_job_about_the_person_is_taken_in_and_not_processed(engine, clinic, consumer, state, code):
    await clinic.admit((ANNA, b"before"))
    await engine.run(consumer)
    await clinic.change(ANNA, **{state: True})
    page = f"new, {state}".encode()

    job_id = await clinic.admit((ANNA, page), (BEN, b"ben"))
    await engine.run(consumer)

    assert await clinic.shown(job_id) == [code, "succeeded"]
    assert page not in Checksum.seen


@pytest.mark.parametrize(("state", "code"), STATES)
async def test_an_answer_that_is_on_its_way_is_not_written(engine, clinic, principal, consumer, rows, state, code):
    job_id = await clinic.admit((ANNA, b"a"), (BEN, b"b"), (ANNA, b"c"), (CARA, b"busy"))
    claimed = await engine.claim()
    items = await leasing.read_inputs(engine.platform.database, claimed)
    assert [item.refusal for item in items] == [None] * 4
    await clinic.change(ANNA, **{state: True})

    answers = [Answer(item.ordinal, ItemState.SUCCEEDED, b"an answer") for item in items[:3]]
    assert await leasing.finish(engine.platform.database, claimed, answers, again=[3], delay=60.0)

    assert await rows("SELECT ordinal, state, output FROM job_items ORDER BY ordinal") == [
        (0, "pending", None),
        (1, "succeeded", b"an answer"),
        (2, "pending", None),
        (3, "pending", None),
    ]
    chunks = await rows("SELECT first, last, state, available_at > now() FROM job_chunks ORDER BY first")
    assert chunks == [(0, 0, "waiting", False), (2, 2, "waiting", False), (3, 3, "waiting", True)]
    job = await engine.job(principal, job_id)
    assert (job.state, job.succeeded, job.dead) == (JobState.RUNNING, 1, 0)
    await rows("UPDATE job_items SET state = 'dead', output = NULL WHERE ordinal = 1")
    await rows("UPDATE jobs SET succeeded = 0, dead = 1")

    await engine.run(consumer)
    assert [each for each in await clinic.shown(job_id) if each.startswith("processing")] == [code, code]
    job = await engine.job(principal, job_id)
    assert (job.state, job.total, job.succeeded + job.dead) == (JobState.COMPLETED, 4, 4)


async def test_a_finish_writes_what_says_that_nothing_was_made_of_an_input(engine, clinic, rows):
    await clinic.admit((ANNA, b"a"))
    await clinic.change(ANNA, objected=True)
    claimed = await engine.claim()

    given_up = Answer(0, ItemState.DEAD, None, Refusal.OBJECTED)
    assert await leasing.finish(engine.platform.database, claimed, [given_up], again=[], delay=0.0)

    assert await rows("SELECT state FROM job_items") == [("dead",)]
    assert await rows("SELECT count(*) FROM job_chunks") == [(0,)]


async def test_a_chunk_that_is_given_up_about_a_person_who_objects_ends_all_the_same(
    engine, clinic, principal, consumer
):
    job_id = await clinic.admit((ANNA, b"crash, and objected"))
    await consumer.turn()
    await clinic.change(ANNA, objected=True)
    await engine.run(consumer)
    assert await clinic.shown(job_id) == ["processing_objected"]
    assert (await engine.job(principal, job_id)).state is JobState.COMPLETED


async def test_a_model_that_works_on_it_is_stopped_and_the_others_are_answered(
    small_settings, clinic, principal, monkeypatch
):
    monkeypatch.setattr(barring, "LOOK_SECONDS", 0.1)
    settings = small_settings.model_copy(update={"workload": "checksum:Patient", "lease_seconds": 30.0})
    job_id = await clinic.admit((BEN, b"ben"), (ANNA, b"hang, anna"), (CARA, b"cara"))
    async with open_platform(settings, configure_tracing("test", settings)) as platform:
        await platform.load()
        consumer = Consumer(platform)
        turn = asyncio.create_task(consumer.turn())
        while b"hang, anna" not in Checksum.seen:
            await asyncio.sleep(0.01)
        await clinic.change(ANNA, objected=True)
        await asyncio.wait_for(turn, 30)  # the model would have taken a minute
        await consumer.turn()

    assert await clinic.shown(job_id) == ["succeeded", "processing_objected", "succeeded"]
    assert (await clinic.engine.job(principal, job_id)).state is JobState.COMPLETED
    assert await clinic.engine.attempts(job_id) == [1, 1, 1], "the attempt that was stopped does not count"


async def test_a_model_that_works_for_a_job_that_was_cancelled_is_stopped(
    small_settings, engine, clinic, principal, monkeypatch
):
    monkeypatch.setattr(barring, "LOOK_SECONDS", 0.1)
    settings = small_settings.model_copy(update={"workload": "checksum:Patient", "lease_seconds": 30.0})
    job_id = await clinic.admit((BEN, b"hang, ben"))
    async with open_platform(settings, configure_tracing("test", settings)) as platform:
        await platform.load()
        turn = asyncio.create_task(Consumer(platform).turn())
        while b"hang, ben" not in Checksum.seen:
            await asyncio.sleep(0.01)
        async with engine.platform.database.transaction(principal.tenant_id) as connection:
            await cancel_job(connection, principal, job_id)
        await asyncio.wait_for(turn, 30)
        stale = platform.metrics.registry.get_sample_value("slipway_job_chunks_handled_total", {"outcome": "stale"})
        assert stale == 1


async def test_who_is_let_alone_while_others_are_worked_on_stops_nobody(engine, clinic, monkeypatch):
    monkeypatch.setattr(barring, "LOOK_SECONDS", 0.0)
    job_id = await clinic.admit((BEN, b"ben"), (ANNA, b"anna"))
    await clinic.change(ANNA, objected=True)

    await engine.run()

    assert await clinic.shown(job_id) == ["succeeded", "processing_objected"]
    assert await engine.attempts(job_id) == [1, 1]


async def test_results_of_a_restricted_person_are_not_shown_and_an_objection_hides_none(
    engine, clinic, principal, consumer, digest
):
    job_id = await clinic.admit((BEN, b"ben"), (ANNA, b"anna"), (ANNA, b"bad"))
    await engine.run(consumer)
    await clinic.change(ANNA, restricted=True)

    ben, *hidden = await engine.results(principal, job_id)
    assert ben.output == digest(b"ben")
    for result in hidden:
        assert (result.state, result.output) == (ItemState.RESTRICTED, None)
        assert result.error["code"] == "processing_restricted"
    job = await engine.job(principal, job_id)
    assert (job.succeeded, job.dead) == (2, 1)

    await clinic.change(ANNA, restricted=False, objected=True)
    shown = await engine.results(principal, job_id)
    assert shown[1].output == digest(b"anna")
    assert shown[2].error["code"] == "unreadable"


async def test_a_retry_leaves_alone_who_is_to_be_let_alone(engine, clinic, consumer):
    job_id = await clinic.admit((BEN, b"bad"), (ANNA, b"bad too"), (CARA, b"cara"))
    await engine.run(consumer)
    await clinic.change(ANNA, objected=True)

    assert (await clinic.retry(job_id)).dead == 1
    await engine.run(consumer)

    assert await engine.attempts(job_id) == [1, 1, 1]
    assert Checksum.seen.count(b"bad too") == 1


async def test_another_tenants_person_of_the_same_name_is_somebody_else(engine, clinic, stranger, consumer):
    mine, theirs = await clinic.admit((ANNA, b"a")), await clinic.admit((ANNA, b"b"), caller=stranger)
    await clinic.change(ANNA, restricted=True)
    await engine.run(consumer)
    assert await clinic.shown(theirs, stranger) == ["succeeded"]
    assert await clinic.shown(mine) == ["processing_restricted"]


async def test_the_inputs_of_a_job_that_name_nobody_are_restricted_together(engine, clinic, consumer, rows):
    job_id, other = await clinic.admit((None, b"a"), (BEN, b"b")), await clinic.admit((None, b"c"))
    ((unnamed,),) = await rows("SELECT subject_id FROM jobs WHERE id = %s", job_id)

    view = await clinic.change(str(unnamed), restricted=True)
    await engine.run(consumer)

    assert not view.named
    assert await clinic.shown(job_id) == ["processing_restricted", "succeeded"]
    assert await clinic.shown(other) == ["succeeded"]


async def test_results_go_on_behind_a_gap_of_any_length(engine, clinic, principal, consumer, rows):
    job_id = await clinic.admit(*[(BEN, b"page")] * 12)
    await engine.run(consumer)
    await rows("DELETE FROM job_items WHERE ordinal BETWEEN 1 AND 10")
    assert [result.ordinal for result in await engine.results(principal, job_id)] == [0, 11]
