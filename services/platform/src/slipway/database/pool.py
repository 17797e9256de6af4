"""The connections of one role: handed out, counted and timed, and outages told from wrong statements."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database.engine import is_outage, open_engine
from slipway.database.statements import trace_statements
from slipway.errors import Unavailable
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import Tracing

_WARM_SECONDS = 1.0

log = get_logger(__name__)


class Pool:
    """The pool of a role, `app` or `system`."""

    def __init__(self, role: str, settings: Settings, url: SecretStr, metrics: Metrics, tracing: Tracing) -> None:
        self.role = role
        self._metrics = metrics
        self._engine = open_engine(settings, url)
        trace_statements(self._engine, tracing)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        metrics.set(catalogue.DATABASE_POOL, settings.database_pool_size, role=role)
        metrics.follow(catalogue.DATABASE_CONNECTIONS, lambda: float(self.checked_out), role=role)

    @property
    def checked_out(self) -> int:
        """How many connections are in use."""
        return int(getattr(self._engine.pool, "checkedout")())  # noqa: B009  # QueuePool has it, the base class does not

    @asynccontextmanager
    async def connection(self, *, autocommit: bool = False) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to the block.

        Raises:
            Unavailable: PostgreSQL did not answer in time, in the block either, or no connection was free.
        """
        began = time.perf_counter()
        try:
            async with (self._autocommit if autocommit else self._engine).connect() as connection:
                self._metrics.observe(catalogue.DATABASE_WAIT, time.perf_counter() - began, role=self.role)
                yield connection
        except PoolTimeoutError as error:
            raise self._failed("timeout", "The database is busy. Try again in a moment.", "1") from error
        except (DBAPIError, psycopg.Error) as error:
            if not is_outage(error):
                raise
            raise self._failed("outage", "The database does not answer. Try again in a moment.", "2") from error

    async def warm(self) -> None:
        """Open a connection and keep it. A server that is away is not waited for long: a process starts without it."""
        try:
            async with asyncio.timeout(_WARM_SECONDS), self.connection() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except (Unavailable, TimeoutError) as error:
            log.warning("database.awaited", reason=type(error).__name__)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    def _failed(self, reason: str, detail: str, retry_after: str) -> Unavailable:
        self._metrics.inc(catalogue.DATABASE_FAILURES, role=self.role, reason=reason)
        return Unavailable(detail, headers={"Retry-After": retry_after})
