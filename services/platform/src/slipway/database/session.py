"""Transactions. Callers open short blocks; services and repositories get the connection."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from slipway.database.engine import IDLE_FACTOR, driver_of, is_outage, open_engine, severed_after
from slipway.errors import Unavailable
from slipway.settings import Settings

_SET_TENANT: LiteralString = "SELECT set_config('slipway.tenant', :tenant, true)"
_SET_DRIVER_TENANT: LiteralString = "SELECT set_config('slipway.tenant', %s, true)"
_STATEMENT_FACTOR = 2
"""Our patience with a statement, in time limits of the server's: its own word comes first, if it can still speak."""


class Database:
    """Two pools: the app role sees one tenant at a time, the system role sees queue metadata and key hashes."""

    def __init__(self, settings: Settings) -> None:
        self._app = open_engine(settings, settings.database_app_url)
        self._system = open_engine(settings, settings.database_system_url)
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
        async with self._driver(self._app) as driver:
            # Up to the end of the pipeline it is one transaction.
            async with driver.pipeline():
                await driver.execute(_SET_DRIVER_TENANT, [str(tenant)])
                cursor = await driver.execute(statement, parameters, binary=True)
            return await cursor.fetchall()

    async def run_system(self, statement: LiteralString, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run one statement across tenants and commit it, in one round trip; otherwise like `run`."""
        async with self._driver(self._system) as driver:
            return await (await driver.execute(statement, parameters, binary=True)).fetchall()

    def checked_out(self, role: str) -> float:
        """Return how many connections a role, `app` or `system`, has in use."""
        return float(_checked_out({"app": self._app, "system": self._system}[role]))

    async def close(self) -> None:
        """Close all connections."""
        await self._app.dispose()
        await self._system.dispose()

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with _outages(), engine.connect() as connection:
            with severed_after(self._limit * IDLE_FACTOR, await driver_of(connection)):
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def _driver(self, engine: AsyncEngine) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
        async with _outages(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            driver = await driver_of(connection)
            try:
                with severed_after(self._limit * _STATEMENT_FACTOR, driver):
                    yield driver
            except BaseException:
                # The pool does not see what happens to the driver's connection: nobody else shall get this one.
                await connection.invalidate()
                raise


@asynccontextmanager
async def _outages() -> AsyncIterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable("The database is busy. Try again in a moment.", headers={"Retry-After": "1"}) from error
    except (DBAPIError, psycopg.Error) as error:
        if not is_outage(error):
            raise
        raise Unavailable(
            "The database does not answer. Try again in a moment.", headers={"Retry-After": "2"}
        ) from error


def _checked_out(engine: AsyncEngine) -> int:
    return int(getattr(engine.pool, "checkedout")())  # noqa: B009  # QueuePool has it, the base class does not
