"""Pools of connections to PostgreSQL: how one is opened, found dead, and cut off when it hangs."""

import asyncio
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from pydantic import SecretStr
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from slipway.settings import Settings

IDLE_FACTOR = 4
"""A transaction may take this many times the time limit of a statement, on both sides of the wire."""
_QUERY_CANCELED = "57014"


def driver_url(url: SecretStr) -> URL:
    """Return the URL with the driver that Slipway uses, whatever the setting names."""
    return make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")


def open_engine(settings: Settings, url: SecretStr) -> AsyncEngine:
    """Return a pool whose connections are looked at before each use, without a round trip."""
    milliseconds = int(settings.database_timeout * 1000)
    engine = create_async_engine(
        driver_url(url),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # the connection that was used last has its statements prepared, and is in the caches
        pool_timeout=settings.database_timeout,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, int(settings.database_timeout)),
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "options": f"-c statement_timeout={milliseconds} "
            f"-c idle_in_transaction_session_timeout={milliseconds * IDLE_FACTOR}",
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    return engine


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """Return the driver's own connection."""
    return cast("psycopg.AsyncConnection[Any]", (await connection.get_raw_connection()).driver_connection)


@contextmanager
def severed_after(seconds: float, driver: psycopg.AsyncConnection[Any]) -> Iterator[None]:
    """Cut the connection if the block takes longer: whoever awaits the server then gets an OperationalError.

    A server that is frozen keeps its sockets open, and its own time limits do not run.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _sever, driver)
    try:
        yield
    finally:
        timer.cancel()


def is_outage(error: DBAPIError | psycopg.Error) -> bool:
    """Tell an absent, restarting or overloaded server (SQLSTATE classes 08, 53, 57) from a wrong statement.

    25P03 is its answer to a process that was stopped in the middle of a transaction. Whatever a server says has a
    SQLSTATE: an error of no kind and without one is of a conversation that broke down.
    """
    original = error.orig if isinstance(error, DBAPIError) else error
    state: str | None = getattr(original, "sqlstate", None)
    if state is None:
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        broken = type(original) is psycopg.DatabaseError
        return lost or broken or isinstance(original, psycopg.OperationalError)
    return state[:2] in ("08", "53", "57") or state == "25P03"


def timed_out(error: BaseException) -> bool:
    """Tell whether what the error came of is a statement that took longer than one may: the server itself is well."""
    cause = error.__cause__
    return getattr(getattr(cause, "orig", cause), "sqlstate", None) == _QUERY_CANCELED


def _refuse_dead(adapted: Any, _record: object, _proxy: object) -> None:
    """Let the pool replace all its connections when one was closed by the server: an idle one has nothing to say."""
    driver: psycopg.AsyncConnection[Any] = adapted.driver_connection
    if driver.closed or _has_something_to_read(driver.fileno()):
        raise InvalidatePoolError


def _has_something_to_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _sever(driver: psycopg.AsyncConnection[Any]) -> None:
    if driver.closed:
        return
    with socket.socket(fileno=os.dup(driver.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
