"""Opens the keys that open the data."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.cache import TenantKeyCache
from slipway.keys.envelope import DataKey, SealBroken, key_version, new_data_key
from slipway.keys.index import IndexKey
from slipway.keys.provider import KeyDestroyed, KeyProvider
from slipway.keys.schemas import FirstKeys, Keyset, KeysOutdated
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

ResultT = TypeVar("ResultT")

_TRIES = 3
"""How often keys are asked for that are replaced meanwhile. Two rotations in a row are none within a second."""

log = get_logger(__name__)


async def wrap_first_key(provider: KeyProvider, tenant: UUID) -> FirstKeys:
    """Make a new tenant's keys. Asks the provider: call it with no transaction open."""
    key = new_data_key()
    wrapped = await provider.wrap(key, tenant=str(tenant))
    return FirstKeys(provider.id, wrapped, IndexKey.derived(key).wrap(key, str(tenant)))


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

    async def renew(self, outdated: Keyset) -> Keyset:
        """Return the tenant's keys as they are now, for one who found that something is sealed with a newer version.

        Raises:
            Unavailable: as `keyset`.
        """
        tenant = UUID(outdated.tenant)
        self._cache.replace(tenant, outdated)
        return await self._cache.get(tenant)

    def forget(self, tenant: UUID) -> None:
        """Drop the tenant's keys from this process's memory."""
        self._cache.forget(tenant)

    async def read(self, tenant: UUID, work: Callable[[Keyset], Awaitable[ResultT]]) -> ResultT:
        """Do what reads sealed rows and opens them; again with newer keys when a rotation came in between.

        Raises:
            LookupError: as `keyset`.
            Unavailable: as `keyset`.
            SealBroken: a row does not open, or was sealed with a version that the tenant's key does not have any more.
        """
        keyset = await self.keyset(tenant)
        for _ in range(_TRIES - 1):
            try:
                return await work(keyset)
            except KeysOutdated:
                keyset = await self.renew(keyset)
        return await work(keyset)

    @asynccontextmanager
    async def transaction(self, tenant: UUID) -> AsyncIterator[tuple[AsyncConnection, Keyset]]:
        """Open a transaction during which the tenant's keys are not replaced: what seals with them belongs in here.

        Raises:
            LookupError: as `keyset`.
            Unavailable: as `keyset`, or the keys are replaced all the time.
        """
        keyset = await self.keyset(tenant)
        for _ in range(_TRIES):
            async with self._database.transaction(tenant) as connection:
                if await repository.hold_keys(connection, tenant) == keyset.current.version:
                    yield connection, keyset
                    return
            keyset = await self.renew(keyset)
        raise Unavailable("The data's keys are being replaced. Try again in a moment.", headers={"Retry-After": "1"})

    async def _open(self, tenant: UUID) -> Keyset:
        for _ in range(_TRIES):
            rows = await self._rows(tenant)
            try:
                async with asyncio.timeout(self._limit):
                    return await self._unwrap(str(tenant), rows)
            except _Overtaken:
                continue
            except Exception as error:
                # Whatever ails it, callers cannot mend it and may come again; an operator finds the reason here.
                log.exception("keys.unavailable", tenant=str(tenant))
                raise _cannot() from error
        log.error("keys.unavailable", tenant=str(tenant), reason="destroyed at the key provider")
        raise _cannot()

    async def _rows(self, tenant: UUID) -> Sequence[Row[Any]]:
        async with self._database.transaction(tenant) as connection:
            rows = await repository.read_tenant_keys(connection)
        if not rows:
            raise LookupError(f"tenant {tenant} has no key; create tenants with `slipway tenants create`")
        return rows

    async def _unwrap(self, tenant: str, rows: Sequence[Row[Any]]) -> Keyset:
        found = {row.version: await self._version(tenant, row) for row in rows}
        versions = {version: key for version, key in found.items() if key is not None}
        return Keyset(tenant, versions, _index(tenant, versions, rows[0].index_key))

    async def _version(self, tenant: str, row: Row[Any]) -> DataKey | None:
        """Open a version. None: it opens no more, and only what it still wraps is lost for that, not the tenant."""
        try:
            return _of_version(row.version, await self._provider.unwrap(row.wrapped, tenant=tenant))
        except KeyDestroyed as error:
            # Retired: a rotation was killed after its last step at the provider, and nothing needs this version.
            if row.retired_at is None:
                raise _Overtaken from error
        except SealBroken as error:
            if _everything_needs(row):
                raise _of_another(row.provider, self._provider.id, error) from error
            log.exception("keys.version_broken", tenant=tenant)
        return None


class WrappedElsewhere(SealBroken):
    """The key provider is not the one that wrapped this version. The log shows the type of an exception, no message."""


class _Overtaken(Exception):  # noqa: N818  # it says what happened
    """A version was destroyed after the rows were read that need it."""


def _cannot() -> Unavailable:
    return Unavailable("The data's keys cannot be opened. Try again in a moment.", headers={"Retry-After": "5"})


def _of_version(version: int, key: DataKey) -> DataKey:
    """Return the key if it is the one of its row: an older version moved into the newest one's row wraps nothing."""
    if key.version != version:
        raise SealBroken(f"version {key.version} of the tenant's key lies where version {version} belongs")
    return key


def _everything_needs(row: Row[Any]) -> bool:
    """Tell whether nothing of the tenant can be had without this version: it wraps what is new, or the index key."""
    return row.retired_at is None or (row.index_key is not None and key_version(row.index_key) == row.version)


def _of_another(stored: str, here: str, error: SealBroken) -> SealBroken:
    if stored == here:
        return error
    return WrappedElsewhere(f"this version was wrapped by the provider {stored}, and this process asks {here}")


def _index(tenant: str, versions: dict[int, DataKey], wrapped: bytes | None) -> IndexKey:
    if wrapped is not None:
        parent = versions.get(key_version(wrapped))
        if parent is None:
            raise _Overtaken
        return IndexKey.unwrap(parent, wrapped, tenant)
    if set(versions) != {1}:
        raise SealBroken("the tenant's index key is gone, and it derives from the first version alone")
    return IndexKey.derived(versions[1])
