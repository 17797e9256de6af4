"""Fixtures of the erasure's tests: people with jobs, a worker's executor, and a superuser who sees what is left."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from slipway.composition import Platform
from slipway.database import Database
from slipway.erasure import tracking
from slipway.erasure.executor import ErasureExecutor
from slipway.erasure.gate import TombstoneGate
from slipway.erasure.ledger import Ledger
from slipway.erasure.replay import Replay
from slipway.erasure.schemas import TrackedRequest
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.jobs.schemas import JobView
from slipway.jobs.service import get_job
from slipway.subjects.rights import find_subject
from slipway.subjects.schemas import RequestView
from slipway.tenants.schemas import Principal


@dataclass
class Registry:
    """What a platform holds of people."""

    platform: Platform
    principal: Principal
    rows: Any

    @property
    def database(self) -> Database:
        """The platform's."""
        return self.platform.database

    def intake(self, caller: Principal | None = None, chunk: int = 4) -> Intake:
        """Return a job on its way in."""
        order = Order(self.platform.workload.name, 5, chunk, 10**6, None, None)
        return Intake(self.database, self.platform.keyring, caller or self.principal, order)

    async def take_in(self, *people: str | None, caller: Principal | None = None) -> UUID:
        """Accept a job with a page for each of the people; None: it names nobody."""
        intake = self.intake(caller)
        for person in people:
            await intake.add(self.platform.workload.Input(page=f"about {person}".encode(), patient=person))
        await intake.close(b"")
        return intake.job_id

    async def work(self) -> None:
        """Have every job run to its end."""
        while await Consumer(self.platform).turn():
            pass

    async def job(self, job_id: UUID) -> JobView:
        """Return a job as its owner sees it."""
        async with self.database.transaction(self.principal.tenant_id) as connection:
            return await get_job(connection, job_id)

    async def id_of(self, name: str) -> UUID:
        """Return a person's id."""
        keyset = await self.platform.keyring.keyset(self.principal.tenant_id)
        async with self.database.transaction(self.principal.tenant_id) as connection:
            return (await find_subject(connection, keyset, name)).id

    async def ask(self, name: str, caller: Principal | None = None) -> RequestView:
        """Ask for an erasure, as the API does."""
        caller = caller or self.principal
        keyset = await self.platform.keyring.keyset(caller.tenant_id)
        async with self.database.transaction(caller.tenant_id) as connection:
            return await tracking.ask(connection, keyset, caller, name)

    async def track(self, request: RequestView) -> TrackedRequest:
        """Follow a request, as the API does."""
        async with self.database.transaction(self.principal.tenant_id) as connection:
            return await tracking.track(connection, request.subject_id, request.id)

    def executor(self) -> ErasureExecutor:
        """Return what a worker runs."""
        parts = self.platform
        return ErasureExecutor(parts.database, parts.evidence, parts.signer, parts.settings, parts.metrics)

    async def erase(self, name: str) -> TrackedRequest:
        """Erase a person; return the request with its receipt."""
        request = await self.ask(name)
        await self.executor().run()
        return await self.track(request)

    def ledger(self) -> Ledger:
        """Return the ledger of the platform's evidence."""
        return Ledger(self.platform.evidence)

    def replay(self) -> Replay:
        """Return the replay of the platform's ledger."""
        return Replay(self.database, self.ledger(), "test")

    def gate(self) -> TombstoneGate:
        """Return the gate as the API has it."""
        return TombstoneGate(self.database, self.ledger())

    async def count(self, table: str, subject: UUID) -> int:
        """Return how many rows about a subject there are."""
        column = "id" if table == "subjects" else "subject_id"
        return (await self.rows(f"SELECT count(*) FROM {table} WHERE {column} = %s", subject))[0][0]

    async def free(self) -> None:
        """Let every lease on a request run out, as if its worker had died, and every look at a hold be due."""
        await self.rows("UPDATE subject_requests SET lease_until = now() - interval '1 s'")


@pytest.fixture
def registry(platform: Platform, principal: Principal, rows: Any) -> Registry:
    """What the test's platform holds."""
    return Registry(platform, principal, rows)
