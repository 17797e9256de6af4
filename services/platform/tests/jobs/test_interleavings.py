"""Random schedules of everything that may happen to a job, with the invariants checked after each step."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from slipway.errors import Conflict
from slipway.jobs import leasing, queue, service
from slipway.jobs.losses import lose
from slipway.jobs.schemas import Answer, Claim, ItemState
from slipway.tenants.schemas import Principal

STEPS = 400
MOST_STEPS = 2000
RECENT = 6

COUNTS = """
    SELECT j.id, j.state, j.total, j.succeeded, j.dead, count(i.*),
        count(*) FILTER (WHERE i.state = 'succeeded'), count(*) FILTER (WHERE i.state = 'dead'),
        (SELECT count(*) FROM job_chunks c WHERE c.job_id = j.id)
    FROM jobs j JOIN job_items i ON i.job_id = j.id GROUP BY j.id
"""
COVERED = """
    SELECT i.job_id, i.ordinal, i.state,
        (SELECT count(*) FROM job_chunks c WHERE c.job_id = i.job_id AND i.ordinal BETWEEN c.first AND c.last)
    FROM job_items i JOIN jobs j ON j.id = i.job_id WHERE j.state <> 'cancelled'
"""


@dataclass
class World:
    """Workers that hold claims, some of them long lost, and callers that interfere."""

    engine: object
    principals: list[Principal]
    random: random.Random
    claims: list[Claim] = field(default_factory=list)
    pending: dict[Claim, list[int]] = field(default_factory=dict)
    jobs: dict[UUID, Principal] = field(default_factory=dict)
    outputs: dict[tuple[UUID, int], bytes] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    async def step(self) -> None:
        action = self.random.choices(*zip(*WEIGHTS.items(), strict=True))[0]
        if await action(self):
            self.done.add(action.__name__)

    async def call(self, function: Callable[..., Awaitable[object]], *arguments: object) -> bool:
        for job_id, principal in self.random.sample(list(self.jobs.items()), len(self.jobs)):
            try:
                async with self.engine.platform.database.transaction(principal.tenant_id) as connection:
                    await function(connection, principal, job_id, *arguments)
            except Conflict:
                continue
            if function is service.delete_job:
                del self.jobs[job_id]
            return True
        return False

    def some_claim(self) -> Claim | None:
        return self.random.choice(self.claims[-RECENT:]) if self.claims else None

    async def check(self) -> None:
        for job_id, state, total, succeeded, dead, items, answered, given_up, chunks in await self.engine.rows(COUNTS):
            assert (items, answered, given_up) == (total, succeeded, dead), job_id
            assert (chunks == 0) == (state in ("completed", "cancelled")), (job_id, state, chunks)
            assert (state == "completed") <= (succeeded + dead == total)
        for job_id, ordinal, state, chunks in await self.engine.rows(COVERED):
            if state == "pending":
                assert chunks == 1, (job_id, ordinal, chunks)
        stored = await self.engine.rows("SELECT job_id, ordinal, output FROM job_items WHERE state = 'succeeded'")
        for job_id, ordinal, output in stored:
            assert self.outputs.setdefault((job_id, ordinal), output) == output, "an answer was replaced"


async def submit(world):
    principal = world.random.choice(world.principals)
    pages = [{"page": b"x"}] * world.random.randint(1, 5)
    size, priority = world.random.randint(1, 4), world.random.randint(0, 9)
    world.jobs[await world.engine.take_in(principal, pages, chunk_inputs=size, priority=priority)] = principal
    return True


async def claim(world):
    claimed = await world.engine.claim(busy=world.random.random() < 0.5)
    if claimed is None:
        return False
    items = await leasing.read_inputs(world.engine.platform.database, claimed)
    world.claims.append(claimed)
    world.pending[claimed] = [item.ordinal for item in items]
    return True


async def finish(world):
    """Answer some inputs of a claim, give up some, and want to try some again."""
    claimed = world.some_claim()
    if claimed is None:
        return False
    fates = {n: world.random.choice(("succeeded", "succeeded", "dead", "again")) for n in world.pending[claimed]}
    answers = [Answer(n, ItemState(f), world.random.randbytes(8)) for n, f in fates.items() if f != "again"]
    again = [n for n, fate in fates.items() if fate == "again"]
    return await leasing.finish(world.engine.platform.database, claimed, answers, again, delay=0.0)


async def lose_one(world):
    claimed = world.some_claim()
    return claimed is not None and await lose(world.engine.platform.database, claimed, 3) != "gone"


async def give_back(world):
    claimed = world.some_claim()
    return claimed is not None and await queue.give_back(world.engine.platform.database, claimed, 0.0)


async def begin(world):
    claimed = next((c for c in world.claims[-RECENT:] if not c.begun), None)
    if claimed is None:
        return False
    begun = await leasing.begin(world.engine.platform.database, claimed, 30.0)
    if begun is None:
        return False
    world.claims[world.claims.index(claimed)] = begun
    world.pending[begun] = world.pending.pop(claimed)
    return True


async def leases_end(world):
    third = world.random.randrange(3)
    await world.engine.rows("UPDATE job_chunks SET lease_until = now() - interval '1 s' WHERE id %% 3 = %s", third)
    return (await world.engine.sweep()).chunks > 0


async def delays_end(world):
    await world.engine.delays_end()
    return True


async def cancel(world):
    return await world.call(service.cancel_job)


async def retry(world):
    return await world.call(service.retry_dead, 2, 10**6)


async def delete(world):
    return await world.call(service.delete_job)


WEIGHTS = {
    submit: 2,
    claim: 10,
    finish: 10,
    begin: 4,
    lose_one: 2,
    give_back: 2,
    leases_end: 1,
    delays_end: 4,
    cancel: 1,
    retry: 4,
    delete: 1,
}


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_each_input_is_answered_at_most_once_and_none_is_lost(engine, principal, stranger, seed):
    world = World(engine, [principal, stranger], random.Random(seed))
    for step in range(MOST_STEPS):
        await world.step()
        await world.check()
        if step > STEPS and len(world.done) == len(WEIGHTS):
            break
    else:
        raise AssertionError(f"only these events took place: {world.done}")

    while await engine.rows("SELECT 1 FROM job_chunks"):
        await engine.lease_ends()
        await engine.sweep()
        await engine.delays_end()
        while claimed := await engine.claim():
            await engine.finish(claimed)
    await world.check()
    assert await engine.rows("SELECT 1 FROM jobs WHERE state NOT IN ('completed', 'cancelled')") == []
