"""Transactions. Callers open short blocks; services and repositories get the connection."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database.engine import IDLE_FACTOR, driver_of, severed_after
from slipway.database.pool import Pool
from slipway.database.statements import traced
from slipway.settings import Settings
from slipway.telemetry import spans
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import NO_TRACING, Tracing

_SET_TENANT: LiteralString = "SELECT set_config('slipway.tenant', :tenant, true)"
_SET_DRIVER_TENANT: LiteralString = "SELECT set_config('slipway.tenant', %s, true)"
_STATEMENT_FACTOR = 2
"""Our patience with a statement, in time limits of the server's: its own word comes first, if it can still speak."""


class Database:
    """Two pools: the app role sees one tenant at a time, the system role sees queue metadata and key hashes."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None, tracing: Tracing = NO_TRACING) -> None:
        """Open no connection yet. Without `metrics`, as in a command, nobody reads what is measured."""
        metrics = metrics or Metrics()
        self._tracing = tracing
        self._app = Pool("app", settings, settings.database_app_url, metrics, tracing)
        self._system = Pool("system", settings, settings.database_system_url, metrics, tracing)
        self._limit = settings.database_timeout

    @asynccontextmanager
    async def transaction(self, tenant: UUID) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that sees the rows of one tenant, and commit it at the end of the block.

        Raises:
            Unavailable: PostgreSQL did not answer in time, or no connection was free.
        """
        async with self._begin(self._app) as connection:
            await connection.execute(text(_SET_TENANT), {"tenant": str(tenant)})
            yield connection

    @asynccontextmanager
    async def system_transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that looks across tenants, at metadata only.

        Raises:
            Unavailable: PostgreSQL did not answer in time, or no connection was free.
        """
        async with self._begin(self._system) as connection:
            yield connection

    async def run(self, tenant: UUID, statement: LiteralString, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run one statement as one tenant and commit it, in one round trip; return its rows.

        Args:
            tenant: whose rows it sees.
            statement: SQL with the driver's placeholders, `%(name)s`. It must return rows.
            parameters: values of the placeholders.

        Raises:
            Unavailable: PostgreSQL did not answer in time, or no connection was free. It may have been committed.
        """
        async with self._driver(self._app, statement) as driver:
            # Up to the end of the pipeline it is one transaction.
            async with driver.pipeline():
                await driver.execute(_SET_DRIVER_TENANT, [str(tenant)])
                cursor = await driver.execute(statement, parameters, binary=True)
            return await cursor.fetchall()

    async def run_system(self, statement: LiteralString, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run one statement across tenants and commit it, in one round trip; otherwise like `run`."""
        async with self._driver(self._system, statement) as driver:
            return await (await driver.execute(statement, parameters, binary=True)).fetchall()

    async def warm(self) -> None:
        """Open a connection of each role, so that no request waits for it. One that cannot be had is logged only."""
        await asyncio.gather(self._app.warm(), self._system.warm())

    def checked_out(self, role: str) -> float:
        """Return how many connections a role, `app` or `system`, has in use."""
        return float({"app": self._app, "system": self._system}[role].checked_out)

    async def close(self) -> None:
        """Close all connections."""
        await self._app.close()
        await self._system.close()

    @asynccontextmanager
    async def _begin(self, pool: Pool) -> AsyncIterator[AsyncConnection]:
        with self._tracing.span(spans.TRANSACTION, role=pool.role):
            async with pool.connection() as connection:
                with severed_after(self._limit * IDLE_FACTOR, await driver_of(connection)):
                    async with connection.begin():
                        yield connection

    @asynccontextmanager
    async def _driver(self, pool: Pool, statement: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
        with traced(self._tracing, statement):
            async with pool.connection(autocommit=True) as connection:
                driver = await driver_of(connection)
                try:
                    with severed_after(self._limit * _STATEMENT_FACTOR, driver):
                        yield driver
                except BaseException:
                    # The pool does not see what happens to the driver's connection: nobody else shall get this one.
                    await connection.invalidate()
                    raise
