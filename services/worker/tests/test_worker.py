import asyncio
import hashlib
import signal
from uuid import UUID

import psycopg
import pytest

from slipway.composition import Platform
from slipway.database.engine import driver_url
from slipway.jobs.schemas import ItemResult, JobState, JobView
from slipway.jobs.sealing import ItemSealer
from slipway.jobs.service import get_job, read_results
from slipway.tenants.schemas import Principal
from slipway_api.doorbell import CeleryDoorbell

SLUGGISH = """
import time
from checksum import Checksum

class Sluggish(Checksum):
    def load(self):
        print("loading", flush=True)
        time.sleep(2)
"""
PAGES = [f"page {number}".encode() for number in range(400)]


@pytest.fixture
def small_settings(small_settings):
    return small_settings.model_copy(update={"workload": "checksum:Checksum", "sweep_seconds": 0.5})


class Observer:
    """What the owner of a job sees."""

    def __init__(self, platform: Platform, principal: Principal) -> None:
        self._platform = platform
        self._principal = principal

    async def job(self, job_id: UUID) -> JobView:
        async with self._platform.database.transaction(self._principal.tenant_id) as connection:
            return await get_job(connection, job_id)

    async def reaches(self, job_id: UUID, share: float, seconds: float = 30) -> JobView:
        async with asyncio.timeout(seconds):
            while (job := await self.job(job_id)).progress < share:
                await asyncio.sleep(0.02)
        return job

    async def results(self, job_id: UUID) -> list[ItemResult]:
        sealer = ItemSealer(await self._platform.keyring.keyset(self._principal.tenant_id), job_id)
        async with self._platform.database.transaction(self._principal.tenant_id) as connection:
            return sealer.open_results(await read_results(connection, self._principal, job_id, 0, 10_000))


@pytest.fixture
def observer(platform, principal):
    return Observer(platform, principal)


@pytest.fixture
def doorbell(platform):
    return CeleryDoorbell(platform.settings, platform.workload.name, platform.metrics)


async def assert_all_answered_once(observer, job_id, pages):
    done = await observer.reaches(job_id, 1.0)
    assert (done.state, done.succeeded, done.dead) == (JobState.COMPLETED, len(pages), 0)
    answers = [result.output["sha256"] for result in await observer.results(job_id)]
    assert answers == [hashlib.sha256(page).hexdigest() for page in pages]


async def test_the_doorbell_wakes_a_worker_that_would_look_much_later(start, submit, observer, doorbell, platform):
    patient = platform.settings.model_copy(update={"poll_seconds": 600.0})
    await start(settings=patient)
    job_id = await submit(PAGES[:20])

    await doorbell.ring()

    await assert_all_answered_once(observer, job_id, PAGES[:20])


async def test_without_redis_workers_find_work_by_themselves(start, submit, observer, platform):
    nowhere = type(platform.settings.redis_url)("redis://127.0.0.1:1/0")
    worker = await start(settings=platform.settings.model_copy(update={"redis_url": nowhere}))
    job_id = await submit(PAGES[:20])

    await assert_all_answered_once(observer, job_id, PAGES[:20])
    assert await worker.stop() == 0


async def test_a_flushed_redis_and_a_killed_worker_cost_nothing(start, submit, observer, doorbell, redis_server):
    victim = await start()
    await start("slipway_worker.scheduler")
    job_id = await submit(PAGES)
    await doorbell.ring()
    await observer.reaches(job_id, 0.1)

    redis_server.flush()
    victim.send(signal.SIGKILL)
    await victim.ended()
    assert (await observer.job(job_id)).state is JobState.RUNNING
    await start()

    await assert_all_answered_once(observer, job_id, PAGES)


async def test_a_stopped_worker_finishes_or_gives_back_what_it_holds(start, submit, observer, platform):
    worker = await start()
    job_id = await submit(PAGES)
    await observer.reaches(job_id, 0.1)

    assert await worker.stop() == 0

    async with platform.database.system_transaction() as connection:
        left = (await connection.exec_driver_sql("SELECT state, attempts FROM job_chunks")).all()
    assert left, "the worker was stopped too late for this test to say anything"
    assert {(row.state, row.attempts) for row in left} == {("waiting", 0)}


async def test_a_chunk_that_outlasts_the_drain_is_given_back(start, submit, platform):
    hurried = platform.settings.model_copy(update={"drain_seconds": 0.2, "lease_seconds": 30.0})
    worker = await start(settings=hurried)
    await submit([b"hang for much longer than the drain"])
    await worker.reaches('slipway_job_chunks_handled_total{outcome="claimed"}', 1)

    assert await worker.stop() == 0

    async with platform.database.system_transaction() as connection:
        left = (await connection.exec_driver_sql("SELECT state, attempts FROM job_chunks")).all()
    assert [(row.state, row.attempts) for row in left] == [("waiting", 0)]


async def test_chunks_that_hang_for_longer_than_a_long_drain_are_given_back_once(start, submit, platform):
    slow = {"workload": "checksum:Patient", "drain_seconds": 2.5, "lease_seconds": 30.0}
    worker = await start(settings=platform.settings.model_copy(update=slow))
    await submit([b"hang"] * 8)
    await worker.reaches('slipway_job_chunks_handled_total{outcome="claimed"}', 2)

    assert await worker.stop() == 0

    async with platform.database.system_transaction() as connection:
        left = (await connection.exec_driver_sql("SELECT state, attempts FROM job_chunks")).all()
    assert [(row.state, row.attempts) for row in left] == [("waiting", 0)] * 2
    assert "Error" not in worker.log()


async def test_a_worker_that_cannot_give_back_still_ends_cleanly(start, submit, platform, postgres):
    slow = {"workload": "checksum:Patient", "drain_seconds": 0.2, "lease_seconds": 30.0}
    worker = await start(settings=platform.settings.model_copy(update=slow))
    await submit([b"hang"])
    await worker.reaches('slipway_job_chunks_handled_total{outcome="claimed"}', 1)
    name = platform.settings.database_app_url.get_secret_value().rpartition("/")[2]
    async with await psycopg.AsyncConnection.connect(postgres.admin_url, autocommit=True) as admin:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    assert await worker.stop() == 0

    assert '"drain.incomplete"' in worker.log()
    assert "Traceback" not in worker.log()


async def test_seals_and_sweeps_that_fail_are_counted(start, submit, platform):
    await submit([b"one"])
    owner = platform.settings.database_owner_url.get_secret_value()
    async with await psycopg.AsyncConnection.connect(owner) as connection:
        await connection.execute(
            "REVOKE ALL ON audit_log FROM slipway_system; REVOKE SELECT (touched_at) ON jobs FROM slipway_system"
        )

    worker = await start()

    await worker.reaches('slipway_audit_seals_total{outcome="failed"}', 1)
    await worker.reaches('slipway_sweeps_total{outcome="failed"}', 1)


async def test_the_audit_log_is_sealed_within_moments(start, submit, platform, principal):
    await start()
    await submit([b"one"])

    sealed, written = 0, 2
    async with asyncio.timeout(10):
        while sealed < written:
            await asyncio.sleep(0.1)
            async with platform.database.transaction(principal.tenant_id) as connection:
                sealed = (
                    await connection.exec_driver_sql("SELECT coalesce(sum(entries), 0) FROM audit_seals")
                ).scalar_one()


async def test_how_far_the_audit_log_goes_is_written_down_apart(start, submit, platform, principal):
    worker = await start()
    await submit([b"one"])
    await worker.reaches('slipway_audit_checkpoints_total{outcome="succeeded"}', 1)
    await worker.reaches("slipway_audit_checkpoint_timestamp_seconds", 1_700_000_000)
    (line,) = list(platform.evidence.read("checkpoints"))[:1]
    assert str(principal.tenant_id) in line.body["heads"]


async def test_checkpoints_that_cannot_be_written_are_counted_and_harm_nothing_else(start, platform, tmp_path):
    (tmp_path / "checkpoints").write_text("where a folder should be")
    settings = platform.settings.model_copy(update={"evidence_dir": tmp_path})
    worker = await start(settings=settings)
    await worker.reaches('slipway_audit_checkpoints_total{outcome="failed"}', 1)
    await worker.reaches('slipway_audit_seals_total{outcome="succeeded"}', 1)
    assert "slipway_audit_checkpoint_timestamp_seconds 0.0" in await worker.metrics()


async def test_a_chain_that_no_checkpoint_can_cover_keeps_the_alert_on(start, platform, postgres, principal):
    database = driver_url(platform.settings.database_app_url).database
    url = f"{postgres.admin_url.rpartition('/')[0]}/{database}"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as superuser:
        await superuser.execute("UPDATE audit_log SET at = 'infinity' WHERE tenant_id = %s", (principal.tenant_id,))
    worker = await start()
    await worker.reaches('slipway_audit_checkpoints_total{outcome="failed"}', 1)
    assert "slipway_audit_checkpoint_timestamp_seconds 0.0" in await worker.metrics()
    assert platform.evidence.newest("checkpoints").body["lacks"] == [str(principal.tenant_id)]


async def test_logs_of_the_worker_name_the_job_and_its_trace_and_nothing_of_its_content(start, submit, observer):
    worker = await start()
    job_id = await submit([b"canary-4711"])
    await observer.reaches(job_id, 1.0)
    await worker.stop()

    assert str(job_id) in worker.log()
    assert "canary" not in worker.log()


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3, 0.6])
async def test_a_worker_may_be_stopped_as_soon_as_it_is_ready(start, delay):
    """Celery is still starting then."""
    worker = await start()
    await asyncio.sleep(delay)
    assert await worker.stop() == 0, worker.log()


async def test_a_worker_under_load_ends_as_soon_as_what_it_holds_is_done(start, submit, observer, platform):
    """Whoever has time to finish does not wait for its end."""
    patient = platform.settings.model_copy(update={"drain_seconds": 600.0})
    worker = await start(settings=patient)
    job_id = await submit(PAGES * 5)
    await observer.reaches(job_id, 0.05)

    assert await worker.stop() == 0

    await assert_nothing_was_counted(platform)


async def test_a_second_signal_costs_nothing(start, submit, observer, platform):
    slow = {"workload": "checksum:Patient", "drain_seconds": 2.0, "lease_seconds": 30.0}
    worker = await start(settings=platform.settings.model_copy(update=slow))
    await submit([b"hang"] * 8)
    await worker.reaches('slipway_job_chunks_handled_total{outcome="claimed"}', 2)

    worker.send(signal.SIGTERM)
    await asyncio.sleep(0.3)
    worker.send(signal.SIGTERM)

    assert await worker.ended() == 0
    await assert_nothing_was_counted(platform)


async def test_workers_that_take_turns_under_load_count_no_attempt(start, submit, observer, doorbell, platform):
    job_id = await submit(PAGES * 3)
    await doorbell.ring()
    for share in (0.2, 0.4, 0.6):
        worker = await start()
        await observer.reaches(job_id, share)
        assert await worker.stop() == 0
        await assert_nothing_was_counted(platform)
    await start()

    await assert_all_answered_once(observer, job_id, PAGES * 3)


async def test_a_worker_that_is_stopped_while_it_loads_its_model_takes_nothing(launch, submit, platform, tmp_path):
    (tmp_path / "sluggish.py").write_text(SLUGGISH)
    sluggish = platform.settings.model_copy(update={"workload": "sluggish:Sluggish"})
    worker = await launch(settings=sluggish, path=tmp_path)
    await submit(PAGES[:8])
    async with asyncio.timeout(30):
        while "loading" not in worker.log():
            await asyncio.sleep(0.05)

    assert await worker.stop() == 0

    await assert_nothing_was_counted(platform, left=2)


async def assert_nothing_was_counted(platform, left=None):
    async with platform.database.system_transaction() as connection:
        chunks = (await connection.exec_driver_sql("SELECT state, attempts FROM job_chunks")).all()
    assert chunks, "the worker was stopped too late for this test to say anything"
    assert {(chunk.state, chunk.attempts) for chunk in chunks} == {("waiting", 0)}
    assert left in (None, len(chunks))
