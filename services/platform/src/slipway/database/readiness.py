"""Whether the database can be worked with: it answers, and its schema is not older than this code."""

from slipway.database.migrations import applied, head, is_known
from slipway.database.session import Database
from slipway.errors import Unavailable


async def check_schema(database: Database) -> None:
    """Return if the database is ready. A schema that is newer than this code is fine: migrations only expand.

    Raises:
        Unavailable: PostgreSQL does not answer, or its schema is older than this code needs.
    """
    async with database.system_transaction() as connection:
        found = await applied(connection)
    if found is None or (found != head() and is_known(found)):
        raise Unavailable("The database schema is older than this release. Run `slipway migrate`.")
