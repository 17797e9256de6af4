"""Rules of tenants and API keys: who may exist, what a key is worth."""

from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.keys import repository as key_store
from slipway.keys.schemas import FirstKeys
from slipway.tenants import repository
from slipway.tenants.schemas import IssuedKey, KeyOrder, Scope
from slipway.tenants.token import new_token


async def create_tenant(
    connection: AsyncConnection, tenant: UUID, name: str, first_keys: FirstKeys, actor: str
) -> None:
    """Create a tenant with the first version of its key, and its index key. The connection is that tenant's."""
    await repository.add_tenant(connection, tenant, name)
    await key_store.add_tenant_key(connection, tenant, version=1, key=first_keys)
    await key_store.add_index_key(connection, tenant, wrapped_by=1, wrapped=first_keys.index)
    await audit.record(connection, tenant, actor, Action.TENANT_CREATED, f"tenant/{tenant}")


async def issue_key(connection: AsyncConnection, tenant: UUID, order: KeyOrder, actor: str) -> IssuedKey:
    """Issue an API key. Its token is in the return value and nowhere else.

    Raises:
        ValueError: no scope was given; a key that may do nothing is a mistake.
    """
    if not order.scopes:
        raise ValueError(f"give the key at least one scope of: {', '.join(Scope)}")
    scopes = sorted(order.scopes)
    token = new_token()
    await repository.add_key(
        connection,
        id=token.id,
        tenant_id=tenant,
        name=order.name,
        hash=token.hash,
        scopes=scopes,
        expires_at=order.expires_at,
    )
    await audit.record(connection, tenant, actor, Action.KEY_ISSUED, f"key/{token.id}", scopes=scopes)
    return IssuedKey(token.id, SecretStr(str(token)))


async def revoke_key(connection: AsyncConnection, tenant: UUID, key_id: str, actor: str) -> bool:
    """Revoke a key; within `SLIPWAY_KEY_CACHE_TTL` seconds no process accepts it. False when there is none."""
    revoked = await repository.revoke_key(connection, key_id)
    if revoked:
        await audit.record(connection, tenant, actor, Action.KEY_REVOKED, f"key/{key_id}")
    return revoked
