"""Deletes what is older than its limit, in bounded batches, and measures what is beyond it."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from time import monotonic
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.retention.schemas import Outcome, Position, Window
from slipway.retention.stores import STORES, Store
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.tenants import repository as tenants

AT_ONCE = 1_000
"""Rows that one transaction deletes or looks at: some milliseconds of work."""
_ACTOR = "system"

log = get_logger(__name__)


class Retention:
    """Any number of processes may run it: what one has locked or deleted, the others pass over."""

    def __init__(
        self, database: Database, settings: Settings, *, stores: Iterable[Store] = STORES, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._settings = settings
        self._stores = tuple(stores)
        self._at_once = at_once

    async def run(self) -> list[Outcome]:
        """Delete what is due, then look at what is left of it.

        What fails for one tenant is logged and counted, and the rest is done.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        return await self._each(dry_run=False)

    async def look(self) -> list[Outcome]:
        """Count what a run would delete now, and what a legal hold would keep from it. Nothing is changed.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        return await self._each(dry_run=True)

    async def _each(self, *, dry_run: bool) -> list[Outcome]:
        now = clock.now()
        async with self._database.system_transaction() as connection:
            known = list((await tenants.list_tenants(connection)).values())
        outcomes = []
        for store in self._stores:
            outcome = Outcome(store.policy, store.policy.limit(self._settings))
            window = Window(now - outcome.limit, now, self._at_once)
            for tenant in known if store.of_a_tenant else (None,):
                with _apart(outcome, tenant):
                    if not dry_run:
                        await self._delete(store, window, tenant, outcome)
                    await self._look(store, window, tenant, outcome)
            outcomes.append(outcome)
        return outcomes

    async def _delete(self, store: Store, window: Window, tenant: UUID | None, outcome: Outcome) -> None:
        after: Position | None = ()
        while after is not None:
            async with self._opened(tenant) as connection:
                batch = await store.delete(connection, window, after)
                if batch.rows and tenant is not None:
                    await _record(connection, tenant, outcome, window.cutoff, batch.rows)
            outcome.deleted += batch.rows
            after = batch.after

    async def _look(self, store: Store, window: Window, tenant: UUID | None, outcome: Outcome) -> None:
        after: Position | None = ()
        while after is not None:
            async with self._opened(tenant) as connection:
                seen = await store.look(connection, window, after)
            outcome.add(seen)
            after = seen.after

    def _opened(self, tenant: UUID | None) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.system_transaction() if tenant is None else self._database.transaction(tenant)


class RetentionSchedule:
    """What a worker does again and again: a run, and the metrics of it."""

    def __init__(self, retention: Retention, metrics: Metrics) -> None:
        self._retention = retention
        self._metrics = metrics
        self._ended = monotonic()
        metrics.follow(catalogue.RETENTION_AGE, lambda: monotonic() - self._ended)

    async def run(self) -> None:
        """Run once, and tell how it went.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        outcomes = await self._retention.run()
        now = clock.now()
        for outcome in outcomes:
            store = outcome.policy.store
            self._metrics.inc(catalogue.RETENTION_DELETED, outcome.deleted, store=store)
            self._metrics.set(catalogue.RETENTION_OVERDUE, outcome.overdue(now).total_seconds(), store=store)
            if outcome.deleted:
                log.info("retention.deleted", task=f"retention.{store}", count=outcome.deleted)
        if not any(outcome.failed for outcome in outcomes):
            self._ended = monotonic()


async def _record(connection: AsyncConnection, tenant: UUID, outcome: Outcome, cutoff: datetime, rows: int) -> None:
    resource = f"retention/{outcome.policy.store}"
    await audit.record(
        connection, tenant, _ACTOR, Action.DATA_EXPIRED, resource, rows=rows, older_than=cutoff.isoformat()
    )


@contextmanager
def _apart(outcome: Outcome, tenant: UUID | None) -> Iterator[None]:
    """Note a failure, so that it does not hold up the others; an outage ends the run."""
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        told = {} if tenant is None else {"tenant": str(tenant)}
        log.exception("retention.failed", task=f"retention.{outcome.policy.store}", **told)
        outcome.failed += 1
