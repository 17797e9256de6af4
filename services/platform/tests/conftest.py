"""Fixtures of the platform's tests: the superuser's view of the test's database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from slipway.database.engine import driver_url
from slipway.settings import Settings
from slipway_cli.servers.postgres import Postgres


@pytest.fixture
async def superuser(postgres: Postgres, settings: Settings) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """Return a connection that sees and may change everything, each statement by itself."""
    name = driver_url(settings.database_app_url).database
    url = f"{postgres.admin_url.rpartition('/')[0]}/{name}"
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def rows(superuser: AsyncConnection[TupleRow]) -> Any:
    """Return a function that runs a statement as the superuser and returns its rows, if it has any."""

    async def run(statement: str, *parameters: object) -> list[TupleRow]:
        cursor = await superuser.execute(statement, parameters or None)
        return await cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def back_up(rows: Any) -> Any:
    """Return a function that notes a backup of all keys, as the command does."""

    async def note() -> None:
        await rows("UPDATE tenant_keys SET backed_up_at = clock_timestamp()")

    return note
