"""Creates the roles and the database on a new server. Run once by whoever administers the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, sql
from sqlalchemy import URL

from slipway.database.engine import driver_url
from slipway.database.scaler import scaler_url
from slipway.settings import Settings

SYSTEM_ROLE = "slipway_system"
APP_ROLE = "slipway_app"


async def bootstrap(admin_url: str, settings: Settings) -> None:
    """Create or update our roles with the passwords of the settings' URLs, and the database. Idempotent.

    Args:
        admin_url: URL of a superuser, or of a role with CREATEROLE and CREATEDB (managed servers give no other), on the
            server's maintenance database.
        settings: names, passwords and the database come from its URLs of the owner, the app, the system and, if it is
            set, the autoscaler.

    Raises:
        ValueError: there is no URL of the owner.
        ScalerRoleError: the URL of the autoscaler is that of another role.
    """
    if settings.database_owner_url is None:
        raise ValueError("SLIPWAY_DATABASE_OWNER_URL is not set: the owner's password comes from it")
    owner = driver_url(settings.database_owner_url)
    urls = (
        owner,
        driver_url(settings.database_app_url),
        driver_url(settings.database_system_url),
        scaler_url(settings),
    )
    async with await AsyncConnection.connect(admin_url, autocommit=True) as connection:
        for url in filter(None, urls):
            await _ensure_role(connection, url)
        await _ensure_database(connection, owner)


async def _ensure_role(connection: AsyncConnection, url: URL) -> None:
    name = sql.Identifier(url.username or "")
    found = await connection.execute(
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = %s",
        [url.username],
    )
    row = await found.fetchone()
    if row is None:
        await connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    elif row[0]:
        # Only a superuser may name these attributes at all, and of managed servers nobody is one.
        harmless = sql.SQL("ALTER ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
        await connection.execute(harmless.format(name))
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    await connection.execute(statement.format(name, sql.Literal(url.password or "")))


async def _ensure_database(connection: AsyncConnection, owner: URL) -> None:
    name, role = sql.Identifier(owner.database or ""), sql.Identifier(owner.username or "")
    async with _membership(connection, role):
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [owner.database])
        if await found.fetchone() is None:
            statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
            await connection.execute(statement.format(name, role))
        await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        for reader in (APP_ROLE, SYSTEM_ROLE):
            statement = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
            await connection.execute(statement.format(name, sql.Identifier(reader)))


@asynccontextmanager
async def _membership(connection: AsyncConnection, role: sql.Identifier) -> AsyncIterator[None]:
    """Be a member of the role within the block: who is no superuser may not do anything in its name otherwise."""
    found = await connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if await found.fetchone() == (True,):
        yield
        return
    await connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    yield
    await connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(role))
