"""Jobs while their processing is switched off, and the model that a tenant's jobs get."""

import asyncio

import pytest

from slipway.composition import open_platform
from slipway.flags import Flag
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.jobs.schemas import JobState
from slipway.telemetry.tracing import configure_tracing


@pytest.fixture
async def switched(small_settings, unleash, quick_flags):
    """A worker's platform that asks the flag server."""
    settings = small_settings.model_copy(update={"unleash_url": unleash.url})
    async with open_platform(settings, configure_tracing("worker", settings)) as platform:
        await platform.load()
        await asyncio.to_thread(platform.flags.settle, 20)
        yield platform


async def until(holds) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def test_switched_off_chunks_wait_and_go_on_uncounted(engine, switched, submit, principal, unleash, rows):
    worker = Consumer(switched)
    unleash.switch_off(Flag.JOB_PROCESSING)
    await until(lambda: not switched.flags.is_enabled(Flag.JOB_PROCESSING))
    job_id = await submit([b"one", b"two"])

    assert await worker.turn() is False
    assert await rows("SELECT state, attempts FROM job_chunks") == [("waiting", 0)]
    assert (await engine.job(principal, job_id)).state is JobState.QUEUED

    unleash.say()
    await until(lambda: switched.flags.is_enabled(Flag.JOB_PROCESSING))
    await worker.turn()
    job = await engine.job(principal, job_id)
    assert (job.state, job.succeeded) == (JobState.COMPLETED, 2)


async def test_what_is_in_hand_is_finished_and_nothing_more_is_begun(switched, submit, unleash, rows, monkeypatch):
    predict, begun = switched.predictor.predict, asyncio.Event()

    async def predict_later(inputs):
        begun.set()
        await until(lambda: not switched.flags.is_enabled(Flag.JOB_PROCESSING))
        return await predict(inputs)

    monkeypatch.setattr(switched.predictor, "predict", predict_later)
    await submit([b"page"] * 40)
    turn = asyncio.create_task(Consumer(switched).turn())
    try:
        await asyncio.wait_for(begun.wait(), 20)
        unleash.switch_off(Flag.JOB_PROCESSING)
        assert await asyncio.wait_for(turn, 20) is False
    finally:
        turn.cancel()
    states = [state for (state,) in await rows("SELECT state FROM job_chunks")]
    assert set(states) == {"waiting"}
    assert 7 <= len(states) < 10
    assert await rows("SELECT count(*) FROM job_items WHERE state = 'succeeded'") == [((10 - len(states)) * 4,)]


async def test_a_job_is_answered_by_its_tenant_s_model(small_settings, unleash, tmp_path, principal, engine, rows):
    file = tmp_path / "flags.json"
    file.write_text(unleash.split(("candidate", "b")))
    variants = {"workload": "named:Named", "model": "a", "model_variants": "b", "flags_file": file}
    settings = small_settings.model_copy(update=variants)
    async with open_platform(settings, configure_tracing("worker", settings)) as platform:
        await platform.load()
        job_id = await _submit(platform, principal)
        await Consumer(platform).turn()
        assert [result.output["model"] for result in await engine.results(principal, job_id)] == ["b"] * 6


async def _submit(platform, caller):
    intake = Intake(platform.database, platform.keyring, caller, Order(platform.workload.name, 5, 4, 10**6, None, None))
    for number in range(6):
        await intake.add(platform.workload.Input(text=str(number)))
    await intake.close(b"")
    return intake.job_id
