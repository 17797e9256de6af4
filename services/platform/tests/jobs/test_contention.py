"""Workers, sweepers and callers that get in each other's way."""

import asyncio
import random
import time

from slipway.errors import Conflict, NotFound
from slipway.jobs import service
from slipway.jobs.consumer import Consumer
from slipway.workload import Failure

SECONDS = 3.0
EVENTS = 5


async def test_nothing_deadlocks_and_nothing_is_lost_under_contention(engine, principal, stranger, monkeypatch, rows):
    platform, chance, end = engine.platform, random.Random(1), time.monotonic() + SECONDS
    output = platform.workload.Output
    jobs, counted = {}, {"cancel": 0, "delete": 0, "retry": 0}

    def going_on():
        return time.monotonic() < end or min(counted.values()) < EVENTS

    async def predict(items):
        await asyncio.sleep(chance.random() / 100)
        if chance.random() < 0.1:
            raise RuntimeError("now and then the model fails")
        return [Failure("no", "No.") if chance.random() < 0.1 else output(sha256="x") for _ in items]

    monkeypatch.setattr(platform.predictor, "predict", predict)

    async def submitting(caller):
        while going_on():
            pages = [{"page": b"x", "patient": f"patient {chance.randrange(9)}"}] * chance.randrange(1, 20)
            jobs[await engine.take_in(caller, pages)] = caller
            await asyncio.sleep(0.02)

    async def interfering(name, function, *arguments):
        while going_on():
            await asyncio.sleep(0.02)
            if not jobs:
                continue
            job_id, caller = chance.choice(list(jobs.items())[-8:])
            try:
                async with platform.database.transaction(caller.tenant_id) as connection:
                    await function(connection, caller, job_id, *arguments)
            except (Conflict, NotFound):
                continue
            counted[name] += 1

    async def sweeping():
        while going_on():
            await rows("UPDATE job_chunks SET lease_until = now() WHERE state = 'running' AND random() < 0.2")
            await rows("UPDATE job_chunks SET available_at = now()")
            await engine.sweep()

    async def working():
        while going_on():
            await Consumer(platform).turn()
            await asyncio.sleep(0.01)

    await asyncio.gather(
        submitting(principal),
        submitting(stranger),
        sweeping(),
        *(working() for _ in range(8)),
        interfering("cancel", service.cancel_job),
        interfering("delete", service.delete_job),
        interfering("retry", service.retry_dead, 4),
    )

    await engine.lease_ends()
    await engine.sweep()
    await engine.run()
    assert await rows("SELECT state, count(*) FROM jobs WHERE state NOT IN ('completed', 'cancelled') GROUP BY 1") == []
    assert await rows("SELECT 1 FROM jobs WHERE state = 'completed' AND succeeded + dead <> total") == []
    assert await rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
