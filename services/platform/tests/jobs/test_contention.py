"""Workers, sweepers and callers that get in each other's way."""

import asyncio
import random
import time
from collections import Counter

from slipway.errors import Conflict, NotFound
from slipway.jobs import service
from slipway.jobs.consumer import Consumer
from slipway.workload import Failure

SECONDS = 3.0
EVENTS = 5
UNFINISHED = """
    SELECT id, state, succeeded, dead, total FROM jobs
    WHERE state NOT IN ('completed', 'cancelled') OR (state = 'completed' AND succeeded + dead <> total)
"""
MISCOUNTED = """
    SELECT j.id FROM jobs j JOIN job_items i ON i.job_id = j.id GROUP BY j.id
    HAVING count(*) FILTER (WHERE i.state = 'succeeded') <> j.succeeded
        OR count(*) FILTER (WHERE i.state = 'dead') <> j.dead
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class Crowd:
    """Everybody at once, until the time is over and each kind of interference has happened."""

    def __init__(self, engine):
        self.engine = engine
        self.database = engine.platform.database
        self.random = random.Random(1)
        self.end = time.monotonic() + SECONDS
        self.jobs = {}
        self.happened = Counter({service.cancel_job: 0, service.delete_job: 0, service.retry_dead: 0})

    @property
    def going_on(self):
        return time.monotonic() < self.end or min(self.happened.values()) < EVENTS

    async def predict(self, items):
        await asyncio.sleep(self.random.random() / 100)
        if self.random.random() < 0.1:
            raise RuntimeError("now and then the model fails")
        output = self.engine.platform.workload.Output(sha256="x")
        return [Failure("no", "No.") if self.random.random() < 0.1 else output for _ in items]

    async def submit(self, caller):
        while self.going_on:
            person = f"patient {self.random.randrange(9)}"
            pages = [{"page": b"x", "patient": person}] * self.random.randrange(1, 20)
            self.jobs[await self.engine.take_in(caller, pages)] = caller
            await asyncio.sleep(0.02)

    async def interfere(self, function, *arguments):
        while self.going_on:
            await asyncio.sleep(0.02)
            for job_id, caller in self.random.sample(list(self.jobs.items())[-8:], min(len(self.jobs), 1)):
                self.happened[function] += await self.call(function, caller, job_id, *arguments)

    async def call(self, function, caller, job_id, *arguments):
        try:
            async with self.database.transaction(caller.tenant_id) as connection:
                await function(connection, caller, job_id, *arguments)
        except (Conflict, NotFound):
            return False
        return True

    async def sweep(self):
        while self.going_on:
            expire = "UPDATE job_chunks SET lease_until = now() WHERE state = 'running' AND random() < 0.2"
            await self.engine.rows(expire)
            await self.engine.delays_end()
            await self.engine.sweep()

    async def work(self):
        while self.going_on:
            await Consumer(self.engine.platform).turn()
            await asyncio.sleep(0.01)


async def test_nothing_deadlocks_and_nothing_is_lost(engine, principal, stranger, monkeypatch, rows):
    crowd = Crowd(engine)
    monkeypatch.setattr(engine.platform.predictor, "predict", crowd.predict)

    await asyncio.gather(
        crowd.submit(principal),
        crowd.submit(stranger),
        crowd.sweep(),
        *(crowd.work() for _ in range(8)),
        crowd.interfere(service.cancel_job),
        crowd.interfere(service.delete_job),
        crowd.interfere(service.retry_dead, 4, 10**6),
    )
    await engine.lease_ends()
    await engine.sweep()
    await engine.run()

    assert await rows(UNFINISHED) == []
    assert await rows(MISCOUNTED) == []
    assert await rows(DEADLOCKS) == [(0,)]
