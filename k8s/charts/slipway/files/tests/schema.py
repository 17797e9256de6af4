"""The database lets the API in, and its schema is not older than this release."""

import asyncio

from slipway.database.migrations import head
from slipway.database.readiness import check_schema
from slipway.database.session import Database
from slipway.settings import Settings


async def check() -> None:
    """Raise what the API would answer 503 for."""
    database = Database(Settings())
    try:
        await check_schema(database)
    finally:
        await database.close()


asyncio.run(check())
print(f"The schema is at version {head()} or newer.")
