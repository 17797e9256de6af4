"""SQL of the idempotency keys."""

from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database

# A key whose first request was killed is taken over once its lock has run out.
_INSERT = text("""
    INSERT INTO idempotency_keys (tenant_id, key, owner, locked_until)
    VALUES (:tenant, :key, :owner, now() + make_interval(secs => :lock))
    ON CONFLICT (tenant_id, key) DO UPDATE
    SET owner = excluded.owner, locked_until = excluded.locked_until, created_at = now()
    WHERE idempotency_keys.resource IS NULL AND idempotency_keys.locked_until < now()
    RETURNING 1
""")

_RENEW: LiteralString = """
    UPDATE idempotency_keys SET locked_until = now() + make_interval(secs => %(lock)s)
    WHERE key = %(key)s AND owner = %(owner)s AND resource IS NULL RETURNING true
"""

_SET_OUTCOME = text("""
    UPDATE idempotency_keys SET resource = :resource, fingerprint = :fingerprint
    WHERE key = :key AND owner = :owner AND resource IS NULL
""")


async def insert(connection: AsyncConnection, tenant: UUID, key: bytes, owner: UUID, lock: float) -> bool:
    """Insert the key, or take over one that was left behind; False when another request has it."""
    found = await connection.execute(_INSERT, {"tenant": tenant, "key": key, "owner": owner, "lock": lock})
    return found.one_or_none() is not None


async def renew(database: Database, tenant: UUID, key: bytes, owner: UUID, lock: float) -> None:
    """Prolong the lock of a request that still runs, in a transaction of its own."""
    await database.run(tenant, _RENEW, {"key": key, "owner": owner, "lock": lock})


async def find(connection: AsyncConnection, key: bytes) -> Row[Any] | None:
    """Return the fingerprint and the resource of a key."""
    statement = text("SELECT fingerprint, resource FROM idempotency_keys WHERE key = :key")
    return (await connection.execute(statement, {"key": key})).one_or_none()


async def set_outcome(connection: AsyncConnection, key: bytes, owner: UUID, resource: UUID, fingerprint: bytes) -> bool:
    """Store what came of the request; False when another request has taken the key over."""
    parameters = {"key": key, "owner": owner, "resource": resource, "fingerprint": fingerprint}
    return (await connection.execute(_SET_OUTCOME, parameters)).rowcount == 1


async def delete(connection: AsyncConnection, key: bytes, owner: UUID) -> None:
    """Remove the key of a request that came to nothing."""
    statement = text("DELETE FROM idempotency_keys WHERE key = :key AND owner = :owner AND resource IS NULL")
    await connection.execute(statement, {"key": key, "owner": owner})
