"""Fixtures of the jobs' tests: an engine whose leases and delays end when the test says so."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from slipway.composition import Platform
from slipway.jobs import leasing, repository
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.jobs.schemas import Answer, Claim, ItemResult, ItemState, JobView
from slipway.jobs.sealing import ItemSealer
from slipway.jobs.service import get_job, retry_dead
from slipway.jobs.sweeper import Sweeper, Swept
from slipway.subjects.rights import change_states
from slipway.subjects.schemas import StateChange, SubjectView
from slipway.tenants.schemas import Principal

_MOST_TURNS = 40


@dataclass
class Engine:
    """The jobs of a platform, driven by hand."""

    platform: Platform
    rows: Any

    async def take_in(self, principal: Principal, inputs: Sequence[dict], **order: Any) -> UUID:
        """Accept a job and return its id."""
        intake = await self.intake(principal, **order)
        for content in inputs:
            await intake.add(self.platform.workload.Input(**content))
        await intake.close(b"")
        return intake.job_id

    async def intake(self, principal: Principal, **order: Any) -> Intake:
        """Return a job on its way in."""
        workload, size = self.platform.workload.name, self.platform.settings.chunk_inputs
        values = {
            "workload": workload,
            "priority": 5,
            "chunk_inputs": size,
            "most_queued": 10**6,
            "traceparent": None,
            "idempotency": None,
        }
        return Intake(self.platform.database, self.platform.keyring, principal, Order(**(values | order)))

    async def claim(self, lease: float = 30.0, *, busy: bool = False) -> Claim | None:
        """Claim a chunk, as a worker does."""
        return await leasing.claim(self.platform.database, self.platform.workload.name, lease, busy=busy)

    async def finish(self, claimed: Claim) -> bool:
        """Answer each pending item of a chunk, as a worker does; tell whether the fence let it pass."""
        items = await leasing.read_inputs(self.platform.database, claimed)
        answers = [Answer(item.ordinal, ItemState.SUCCEEDED, str(claimed).encode()) for item in items]
        return await leasing.finish(self.platform.database, claimed, answers, again=[], delay=0.0)

    async def lease_ends(self) -> None:
        """Let every lease run out, as if all workers had died."""
        await self.rows("UPDATE job_chunks SET lease_until = now() - interval '1 s' WHERE state = 'running'")

    async def delays_end(self) -> None:
        """Let every delay before a further attempt be over."""
        await self.rows(
            "UPDATE job_chunks SET available_at = now() WHERE id IN"
            " (SELECT id FROM job_chunks WHERE state = 'waiting' FOR UPDATE SKIP LOCKED)"
        )

    async def sweep(self) -> Swept:
        """Sweep once."""
        return await Sweeper(self.platform.database, self.platform.settings, self.platform.metrics).sweep()

    async def run(self, consumer: Consumer | None = None) -> None:
        """Let a worker go on, without the delays between attempts, until no chunk is left."""
        consumer = consumer or Consumer(self.platform)
        for _ in range(_MOST_TURNS):
            await self.delays_end()
            await consumer.turn()
            if not await self.rows("SELECT 1 FROM job_chunks"):
                return
        raise AssertionError("the jobs do not come to an end")

    async def job(self, principal: Principal, job_id: UUID) -> JobView:
        """Return a job as its owner sees it."""
        async with self.platform.database.transaction(principal.tenant_id) as connection:
            return await get_job(connection, job_id)

    async def results(self, principal: Principal, job_id: UUID) -> list[ItemResult]:
        """Return what became of each input."""
        sealer = ItemSealer(await self.platform.keyring.keyset(principal.tenant_id), job_id)
        async with self.platform.database.transaction(principal.tenant_id) as connection:
            return sealer.open_results(await repository.read_items(connection, job_id, 0, 10_000))

    async def attempts(self, job_id: UUID) -> list[int]:
        """Return the attempts that are noted with each item."""
        found = await self.rows("SELECT attempts FROM job_items WHERE job_id = %s ORDER BY ordinal", job_id)
        return [count for (count,) in found]


@pytest.fixture
def engine(platform: Platform, rows: Any) -> Engine:
    """The jobs of the test's platform."""
    return Engine(platform, rows)


@pytest.fixture
def digest() -> Any:
    """A function that gives the answer for a page."""
    return lambda page: {"sha256": hashlib.sha256(page).hexdigest()}


@pytest.fixture
def consumer(platform: Platform) -> Consumer:
    """A worker's engine."""
    return Consumer(platform)


@dataclass
class Clinic:
    """Patients with pages, and what they ask for."""

    engine: Engine
    principal: Principal

    async def admit(self, *pages: tuple[str | None, bytes], caller: Principal | None = None) -> UUID:
        """Accept a job with a page of each patient; None: nobody is named."""
        inputs = [{"page": page, "patient": patient} for patient, page in pages]
        return await self.engine.take_in(caller or self.principal, inputs)

    async def change(self, patient: str, caller: Principal | None = None, **wanted: bool) -> SubjectView:
        """Restrict a patient, lift it, note an objection, or its withdrawal."""
        tenant = (caller or self.principal).tenant_id
        keyset = await self.engine.platform.keyring.keyset(tenant)
        async with self.engine.platform.database.transaction(tenant) as connection:
            return await change_states(connection, keyset, "test", patient, StateChange(**wanted))

    async def retry(self, job_id: UUID) -> JobView:
        """Have the dead inputs of a job tried again."""
        async with self.engine.platform.database.transaction(self.principal.tenant_id) as connection:
            return await retry_dead(connection, self.principal, job_id, chunk_inputs=4, most_queued=10**6)

    async def shown(self, job_id: UUID, caller: Principal | None = None) -> list[str]:
        """Return of each input its state, or why there is no answer."""
        results = await self.engine.results(caller or self.principal, job_id)
        return [result.error["code"] if result.error else str(result.state) for result in results]


@pytest.fixture
def clinic(engine: Engine, principal: Principal) -> Clinic:
    """Patients of the test's tenant."""
    return Clinic(engine, principal)
