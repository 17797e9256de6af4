"""Creates the roles and the database on a new server. Run once by whoever administers the server."""

from psycopg import AsyncConnection, sql
from sqlalchemy import URL

from slipway.database.engine import driver_url
from slipway.settings import Settings

SYSTEM_ROLE = "slipway_system"
APP_ROLE = "slipway_app"


async def bootstrap(admin_url: str, settings: Settings) -> None:
    """Create or update the three roles with the passwords of the settings' URLs, and the database. Idempotent.

    Args:
        admin_url: a superuser's URL (or one with CREATEROLE and CREATEDB) on the server's maintenance database.
        settings: names, passwords and the database come from its three database URLs.
    """
    if settings.database_owner_url is None:
        raise ValueError("SLIPWAY_DATABASE_OWNER_URL is not set: the owner's password comes from it")
    owner = driver_url(settings.database_owner_url)
    urls = (owner, driver_url(settings.database_app_url), driver_url(settings.database_system_url))
    async with await AsyncConnection.connect(admin_url, autocommit=True) as connection:
        for url in urls:
            await _ensure_role(connection, url)
        await _ensure_database(connection, owner)


async def _ensure_role(connection: AsyncConnection, url: URL) -> None:
    name = sql.Identifier(url.username or "")
    found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [url.username])
    if await found.fetchone() is None:
        await connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    statement = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}")
    await connection.execute(statement.format(name, sql.Literal(url.password or "")))


async def _ensure_database(connection: AsyncConnection, owner: URL) -> None:
    name = sql.Identifier(owner.database or "")
    found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [owner.database])
    if await found.fetchone() is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
        await connection.execute(statement.format(name, sql.Identifier(owner.username or "")))
    await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in (APP_ROLE, SYSTEM_ROLE):
        await connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))
