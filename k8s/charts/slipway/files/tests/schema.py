"""The database lets the API in, and its schema is not older than this release."""

import asyncio

from pydantic import SecretStr

from slipway.database.migrations import head
from slipway.database.readiness import check_schema
from slipway.database.session import Database
from slipway.settings import Settings


async def check() -> None:
    """Raise what the API would answer 503 for."""
    # Outside development settings must name a Redis, which nothing here asks, and whose password this pod has not got.
    database = Database(Settings(redis_url=SecretStr("redis://nobody.invalid")))
    try:
        await check_schema(database)
    finally:
        await database.close()


asyncio.run(check())
print(f"The schema is at version {head()} or newer.")
