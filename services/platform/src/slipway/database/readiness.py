"""Whether the database can be worked with: it answers, and its schema is not older than this code."""

import asyncio
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from slipway.database.revisions import applied, head, is_known
from slipway.database.session import Database
from slipway.errors import Unavailable
from slipway.telemetry.logs import get_logger

_PAUSE_SECONDS = 1.0

log = get_logger(__name__)


async def check_schema(database: Database) -> None:
    """Return if the database is ready. A schema that is newer than this code is fine: migrations only expand.

    Raises:
        Unavailable: PostgreSQL does not answer, or its schema is older than this code needs.
    """
    async with database.system_transaction() as connection:
        found = await applied(connection)
    if found is None or (found != head() and is_known(found)):
        raise Unavailable("The database schema is older than this release. Run `slipway migrate`.")


class SchemaGate:
    """Waits for a schema that fits, and remembers that it was there: migrations only expand.

    An outage of the database later on does not close it. A process that is taken out of service then would leave
    callers without the answer that tells them to come again, and help nobody.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.trouble: str | None = "The database has not been asked yet."
        """What is waited for; None once the schema fits."""

    async def wait(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Ask again and again, until the schema fits or whoever waits gives up."""
        while self.trouble is not None and not given_up():
            trouble = await self._ask()
            if trouble is not None and trouble != self.trouble:
                log.warning("schema.awaited")
            self.trouble = trouble
            if trouble is not None:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self) -> str | None:
        try:
            await check_schema(self._database)
        except Unavailable as error:
            return error.detail
        except DBAPIError:
            log.exception("schema.unreadable")
            return "The database does not tell its schema; the log of this process says why."
        return None
