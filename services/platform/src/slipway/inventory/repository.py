"""What the database has, whatever the code says."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The catalogue itself: the information schema hides what a role may not touch.
_COLUMNS = text("""
    SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
        AND c.relnamespace::regnamespace::text NOT LIKE 'pg\\_t%'
    ORDER BY 1, a.attnum
""")


async def live_columns(connection: AsyncConnection) -> list[tuple[str, str]]:
    """Return (table, column) of all that holds data in the database, whoever owns it. Any role may ask."""
    return [(table, column) for table, column in await connection.execute(_COLUMNS)]
