"""Opens the keys that open the data."""

from uuid import UUID

from slipway.database import Database
from slipway.keys import repository
from slipway.keys.cache import TenantKeyCache
from slipway.keys.envelope import new_data_key
from slipway.keys.provider import KeyProvider
from slipway.keys.schemas import Keyset, WrappedKey


async def wrap_first_key(provider: KeyProvider, tenant: UUID) -> WrappedKey:
    """Make the first version of a tenant's key. Asks the provider: call it with no transaction open."""
    return WrappedKey(provider.id, await provider.wrap(new_data_key(), tenant=str(tenant)))


class Keyring:
    """Gets a tenant's keys: wrapped from the database, opened by the provider, cached for minutes."""

    def __init__(self, database: Database, provider: KeyProvider, ttl: float) -> None:
        self._database = database
        self._provider = provider
        self._cache = TenantKeyCache(self._open, ttl)

    async def keyset(self, tenant: UUID) -> Keyset:
        """Return the tenant's open keys. May ask the provider: call it with no transaction open.

        Raises:
            LookupError: the tenant has no key; it was not created by `slipway tenants create`.
        """
        return await self._cache.get(tenant)

    async def _open(self, tenant: UUID) -> Keyset:
        async with self._database.transaction(tenant) as connection:
            wrapped = await repository.read_tenant_keys(connection)
        if not wrapped:
            raise LookupError(f"tenant {tenant} has no key; create tenants with `slipway tenants create`")
        versions = {v: await self._provider.unwrap(w, tenant=str(tenant)) for v, w in wrapped.items()}
        return Keyset(str(tenant), versions)
