"""Hears what PostgreSQL announces, on one connection of its own that holds no transaction open."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import psycopg
from psycopg import sql
from pydantic import SecretStr

from slipway.database.engine import driver_url, is_outage, severed_after
from slipway.errors import Unavailable
from slipway.settings import Settings

APPLICATION = "slipway-listener"
"""What `pg_stat_activity` calls the connection."""


class Listener:
    """A connection that listens to a channel."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], limit: float) -> None:
        self._connection = connection
        self._limit = limit

    async def hear(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Hand on the payload of each notification for so many seconds; then ask whether the server still answers.

        What comes while nobody hears is kept for the next time.
        """
        async with aclosing(self._connection.notifies(timeout=seconds)) as notifications:
            async for notification in notifications:
                tell(notification.payload)
        with severed_after(self._limit, self._connection):
            await self._connection.execute("SELECT 1")


@asynccontextmanager
async def listening(settings: Settings, channel: str) -> AsyncIterator[Listener]:
    """Listen to a channel, as the app role, from the first line of the block to its end.

    Raises:
        Unavailable: PostgreSQL does not answer, or stopped answering inside the block.
    """
    try:
        async with await _connect(settings) as connection:
            with severed_after(settings.database_timeout, connection):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            yield Listener(connection, settings.database_timeout)
    except psycopg.Error as error:
        if not is_outage(error):
            raise
        raise Unavailable("The database announces nothing at the moment.", headers={"Retry-After": "2"}) from error


async def _connect(settings: Settings) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        _address(settings.database_app_url),
        autocommit=True,
        connect_timeout=max(2, int(settings.database_timeout)),
        application_name=APPLICATION,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
    )


def _address(url: SecretStr) -> str:
    return driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
