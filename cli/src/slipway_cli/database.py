"""The commands' way to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.settings import Settings
from slipway_cli.errors import LocalError


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Connect to the database of the settings.

    Raises:
        LocalError: it does not answer.
    """
    database = Database(settings)
    try:
        yield database
    except Unavailable as error:
        raise LocalError("The database does not answer. Start the stack with `slipway up`.") from error
    finally:
        await database.close()
