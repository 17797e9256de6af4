"""SQL of the wrapped keys."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.models import subject_keys, tenant_keys
from slipway.keys.schemas import WrappedKey


async def add_tenant_key(connection: AsyncConnection, tenant: UUID, *, version: int, key: WrappedKey) -> None:
    """Insert a version of the tenant's key."""
    await connection.execute(
        insert(tenant_keys).values(tenant_id=tenant, version=version, provider=key.provider, wrapped=key.wrapped)
    )


async def read_tenant_keys(connection: AsyncConnection) -> dict[int, bytes]:
    """Return the tenant's wrapped keys by version."""
    rows = await connection.execute(select(tenant_keys.c.version, tenant_keys.c.wrapped))
    return {row.version: row.wrapped for row in rows}


async def add_subject_keys(connection: AsyncConnection, tenant: UUID, keys: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Insert (subject, version, wrapped); whoever was first stays."""
    rows = [{"subject_id": s, "version": v, "tenant_id": tenant, "wrapped": w} for s, v, w in keys]
    await connection.execute(upsert(subject_keys).on_conflict_do_nothing(), rows)
