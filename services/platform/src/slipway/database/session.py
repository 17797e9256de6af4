"""Engines and transactions. Callers open short blocks; services and repositories get the connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from slipway.errors import Unavailable
from slipway.settings import Settings

_SET_TENANT = text("SELECT set_config('slipway.tenant', :tenant, true)")


def driver_url(url: SecretStr) -> URL:
    """Return the URL with the driver that Slipway uses, whatever the setting names."""
    return make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")


class Database:
    """Two pools: the app role sees one tenant at a time, the system role sees queue metadata and key hashes."""

    def __init__(self, settings: Settings) -> None:
        self._app = _engine(settings, settings.database_app_url)
        self._system = _engine(settings, settings.database_system_url)

    @asynccontextmanager
    async def transaction(self, tenant: UUID) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that sees the rows of one tenant, and commit it at the end of the block.

        Raises:
            Unavailable: PostgreSQL did not answer, or no connection was free in time.
        """
        async with _begin(self._app) as connection:
            await connection.execute(_SET_TENANT, {"tenant": str(tenant)})
            yield connection

    @asynccontextmanager
    async def system_transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that looks across tenants, at metadata only.

        Raises:
            Unavailable: PostgreSQL did not answer, or no connection was free in time.
        """
        async with _begin(self._system) as connection:
            yield connection

    def checked_out(self, role: str) -> float:
        """Return how many connections a role, `app` or `system`, has in use."""
        return float(_checked_out({"app": self._app, "system": self._system}[role]))

    async def close(self) -> None:
        """Close all connections."""
        await self._app.dispose()
        await self._system.dispose()


def _engine(settings: Settings, url: SecretStr) -> AsyncEngine:
    milliseconds = int(settings.database_timeout * 1000)
    return create_async_engine(
        driver_url(url),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_timeout,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, int(settings.database_timeout)),
            "options": f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds * 4}",
        },
    )


@asynccontextmanager
async def _begin(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        async with engine.begin() as connection:
            yield connection
    except PoolTimeoutError as error:
        raise Unavailable("The database is busy. Try again in a moment.", headers={"Retry-After": "1"}) from error
    except DBAPIError as error:
        if not _is_outage(error):
            raise
        raise Unavailable(
            "The database does not answer. Try again in a moment.", headers={"Retry-After": "2"}
        ) from error


def _is_outage(error: DBAPIError) -> bool:
    """Tell an absent, restarting or overloaded server (SQLSTATE classes 08, 53, 57) from a wrong statement.

    25P03 is its answer to a process that was stopped in the middle of a transaction.
    """
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or type(error.orig).__name__ in ("OperationalError", "ConnectionTimeout")
    return state[:2] in ("08", "53", "57") or state == "25P03"


def _checked_out(engine: AsyncEngine) -> int:
    return int(getattr(engine.pool, "checkedout")())  # noqa: B009  # QueuePool has it, the base class does not
