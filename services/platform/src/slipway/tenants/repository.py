"""SQL of the tenants and their API keys."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.tenants.models import api_keys, tenants
from slipway.tenants.schemas import StoredKey

_KEYS: LiteralString = "SELECT id, tenant_id, hash, scopes, expires_at, revoked_at FROM api_keys"
_FIND_KEY: LiteralString = f"{_KEYS} WHERE id = %(id)s"
_KEYS_IN_FORCE: LiteralString = (
    f"{_KEYS} WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) LIMIT %(most)s"
)


async def add_tenant(connection: AsyncConnection, tenant: UUID, name: str) -> None:
    """Insert a tenant, as that tenant."""
    await connection.execute(insert(tenants).values(id=tenant, name=name))


async def list_tenants(connection: AsyncConnection) -> dict[str, UUID]:
    """Return every tenant's id by name. As the system role."""
    return {row.name: row.id for row in await connection.execute(select(tenants.c.id, tenants.c.name))}


async def add_key(connection: AsyncConnection, **columns: Any) -> None:
    """Insert an API key."""
    await connection.execute(insert(api_keys).values(**columns))


async def list_keys(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the tenant's keys, the oldest first."""
    return (await connection.execute(select(api_keys).order_by(api_keys.c.created_at))).all()


async def revoke_key(connection: AsyncConnection, key_id: str) -> bool:
    """Revoke a key; False when the tenant has no such key in force."""
    found = await connection.execute(
        update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=func.now())
    )
    return found.rowcount == 1


async def find_key(database: Database, key_id: str) -> StoredKey | None:
    """Return a key of any tenant, in one round trip: the first request with a key waits for it."""
    rows = await database.run_system(_FIND_KEY, {"id": key_id})
    return next(map(_stored, rows), None)


async def keys_in_force(database: Database, most: int) -> list[StoredKey]:
    """Return the keys of all tenants that are neither revoked nor expired: any `most` of them, if there are more."""
    return [_stored(row) for row in await database.run_system(_KEYS_IN_FORCE, {"most": most})]


async def touch_keys(connection: AsyncConnection, key_ids: Collection[str], at: datetime) -> None:
    """Note when keys were last used. As the system role."""
    statement = update(api_keys).where(api_keys.c.id == bindparam("key_id")).values(last_used_at=at)
    await connection.execute(statement, [{"key_id": key_id} for key_id in sorted(key_ids)])


def _stored(row: tuple[Any, ...]) -> StoredKey:
    key, owner, hash_, scopes, *times = row
    return StoredKey(key, owner, hash_, frozenset(scopes), *times)
