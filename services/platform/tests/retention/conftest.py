"""Fixtures of the retention's tests: jobs of people, and a clock that is days ahead."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from slipway.clock import use_clock
from slipway.composition import Platform
from slipway.database import Database
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.retention.schedule import RetentionSchedule
from slipway.retention.schemas import Outcome
from slipway.retention.service import Retention
from slipway.subjects.holds import Hold, hold
from slipway.telemetry.metrics import Metrics
from slipway.tenants.schemas import Principal

Count = Callable[..., Awaitable[dict[str, int]]]


@dataclass
class Archive:
    """What a platform keeps, as time goes by."""

    platform: Platform
    principal: Principal
    rows: Any
    metrics: Metrics = field(default_factory=Metrics)
    database: Database | None = None
    """What the retention goes to; by default the platform's."""

    async def take_in(self, *people: str | None, caller: Principal | None = None) -> UUID:
        """Accept a job with a page for each of the people; None: it names nobody."""
        caller = caller or self.principal
        order = Order(self.platform.workload.name, 5, 4, 10**6, None, None)
        intake = Intake(self.platform.database, self.platform.keyring, caller, order)
        for person in people:
            await intake.add(self.platform.workload.Input(page=b"page", patient=person))
        await intake.close(b"")
        return intake.job_id

    async def work(self) -> None:
        """Have every job run to its end."""
        while await Consumer(self.platform).turn():
            pass

    async def subject_of(self, job_id: UUID, ordinal: int) -> UUID:
        """Return whom an item of a job is about."""
        found = await self.rows("SELECT subject_id FROM job_items WHERE job_id = %s AND ordinal = %s", job_id, ordinal)
        return found[0][0]

    async def forget_jobs(self) -> None:
        """Delete every job, as their owners may; who was named in them stays, with nothing stored about them."""
        await self.rows("DELETE FROM jobs")
        await self.rows("DELETE FROM subjects WHERE pseudonym IS NULL")

    async def hold(self, subject: UUID, days: float) -> None:
        """Put a legal hold on a subject, for days from now."""
        tenant = self.principal.tenant_id
        async with self.platform.database.transaction(tenant) as connection:
            await hold(connection, tenant, Hold(subject, datetime.now(UTC) + timedelta(days=days), "case 7"), "test")

    async def run(self, days: float, **options: Any) -> dict[str, Outcome]:
        """Run the retention as it would run in so many days; return its outcomes by store."""
        with ahead(days):
            return by_store(await self.retention(**options).run())

    async def look(self, days: float, **options: Any) -> dict[str, Outcome]:
        """Do the same, but dry."""
        with ahead(days):
            return by_store(await self.retention(**options).look())

    async def schedule(self, days: float | None = None, **options: Any) -> None:
        """Do what a worker does that has just been started, in so many days; by default now, by the machine's clock."""
        every = self.platform.settings.retention_every_seconds
        schedule = RetentionSchedule(self.retention(**options), self.metrics, every)
        with nullcontext() if days is None else ahead(days):
            await schedule.run()

    async def waits(self) -> None:
        """Return once somebody waits for a lock in the database."""
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        async with asyncio.timeout(4):
            while not await self.rows(waiting):
                await asyncio.sleep(0.02)

    def metric(self, name: str, **labels: str) -> float | None:
        """Return what a metric of the retention says."""
        return self.metrics.registry.get_sample_value(f"slipway_retention_{name}", labels)

    def retention(self, **options: Any) -> Retention:
        """Return the retention of the platform."""
        return Retention(self.database or self.platform.database, self.platform.settings, **options)

    async def count(self, *tables: str) -> dict[str, int]:
        """Return how many rows there are."""
        names = tables or ("jobs", "job_items", "job_chunks", "subjects", "subject_keys")
        return {name: (await self.rows(f"SELECT count(*) FROM {name}"))[0][0] for name in names}


def by_store(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Return outcomes by the name of their store."""
    return {outcome.policy.store: outcome for outcome in outcomes}


def ahead(days: float) -> Any:
    """Return a context in which it is so many days later."""
    return use_clock(lambda: datetime.now(UTC) + timedelta(days=days))


@pytest.fixture
def archive(platform: Platform, principal: Principal, rows: Any) -> Archive:
    """What the test's platform keeps."""
    return Archive(platform, principal, rows)
