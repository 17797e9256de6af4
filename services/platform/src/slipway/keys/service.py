"""Opens the keys that open the data."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.cache import TenantKeyCache
from slipway.keys.envelope import DataKey, new_data_key
from slipway.keys.provider import KeyProvider
from slipway.keys.schemas import Keyset, WrappedKey
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

log = get_logger(__name__)


async def wrap_first_key(provider: KeyProvider, tenant: UUID) -> WrappedKey:
    """Make the first version of a tenant's key. Asks the provider: call it with no transaction open."""
    return WrappedKey(provider.id, await provider.wrap(new_data_key(), tenant=str(tenant)))


class Keyring:
    """Gets a tenant's keys: wrapped from the database, opened by the provider, cached for minutes."""

    def __init__(self, database: Database, provider: KeyProvider, settings: Settings) -> None:
        self._database = database
        self._provider = provider
        self._limit = settings.key_provider_timeout
        self._cache = TenantKeyCache(self._open, settings.tenant_key_ttl)

    async def keyset(self, tenant: UUID) -> Keyset:
        """Return the tenant's open keys. May ask the provider: call it with no transaction open.

        Raises:
            LookupError: the tenant has no key; it was not created by `slipway tenants create`.
            Unavailable: the database or the key provider did not answer, or the provider cannot open the key.
        """
        return await self._cache.get(tenant)

    async def _open(self, tenant: UUID) -> Keyset:
        async with self._database.transaction(tenant) as connection:
            wrapped = await repository.read_tenant_keys(connection)
        if not wrapped:
            raise LookupError(f"tenant {tenant} has no key; create tenants with `slipway tenants create`")
        return Keyset(str(tenant), await self._unwrap(tenant, wrapped))

    async def _unwrap(self, tenant: UUID, wrapped: Mapping[int, bytes]) -> dict[int, DataKey]:
        try:
            async with asyncio.timeout(self._limit):
                return {v: await self._provider.unwrap(w, tenant=str(tenant)) for v, w in wrapped.items()}
        except Exception as error:
            # Whatever ails it, callers cannot mend it and may come again; an operator finds the reason here.
            log.exception("keys.unavailable", tenant=str(tenant))
            raise Unavailable(
                "The data's keys cannot be opened. Try again in a moment.", headers={"Retry-After": "5"}
            ) from error
