"""Replaces a tenant's key while everything goes on: a new version, what the old one wraps under it, the old destroyed.

Where a rotation stands is in the database alone: it may be killed at any moment, go on in another process, or be done
by several at once. Only its beginning has to wait for anybody, and for no longer than requests can bear.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.envelope import new_data_key
from slipway.keys.holders import Batch, Holder
from slipway.keys.provider import KeyIndestructible, KeyProvider
from slipway.keys.schemas import KeyVersion, WrappedKey
from slipway.keys.service import Keyring
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

BATCH = 500
"""Rows that one transaction gives to the next version."""

_NOBODY = UUID(int=0)
_LOCK_SECONDS = 0.5
"""What a request that seals something may have to wait behind a rotation that begins."""
_BEGIN_TRIES = 20
_LOCK_NOT_AVAILABLE = "55P03"
_OTHERS_SECONDS = 0.2
"""Pause before rows are looked at again that somebody else held."""
_IDLE_PASSES = 50
"""Passes in a row in which no row could be given to the next version."""

log = get_logger(__name__)


class RotationBlocked(Exception):  # noqa: N818  # it says what happened
    """A rotation cannot come to its end. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    version: int
    """The version that wraps from now on."""
    rewrapped: int
    destroyed: tuple[int, ...]
    """Versions that nobody can open any more, or will as soon as the key provider lets its own key go."""
    indestructible: tuple[int, ...]
    """Versions that were deleted here, and that the key provider cannot destroy: copies in backups open."""
    resumed: bool
    """It went on with one that somebody had begun."""


Progress = Callable[[int, int], None]
"""Told of rows that are done, and of all."""


def unheard(_done: int, _total: int) -> None:
    """Tell nobody."""


class Rotation:
    """Rotates tenants' keys."""

    def __init__(
        self,
        database: Database,
        provider: KeyProvider,
        keyring: Keyring,
        settings: Settings,
        holders: Sequence[Holder],
    ) -> None:
        self._database = database
        self._provider = provider
        self._keyring = keyring
        self._limit = settings.key_provider_timeout
        self._holders = holders

    async def rotate(self, tenant: UUID, actor: str, progress: Progress = unheard) -> Rotated:
        """Replace the tenant's key; go on with a rotation that was begun, rather than begin another.

        Raises:
            LookupError: the tenant has no key.
            Unavailable: the database or the key provider does not answer. Another call goes on from there.
            RotationBlocked: something does not open, or is held by others for minutes.
        """
        resumed = any(found.ending for found in await self._versions(tenant))
        if not resumed:
            await self._begin(tenant, actor)
        rewrapped = await self._rewrap(tenant, progress)
        ended = await self._destroy(tenant, actor)
        newest = (await self._versions(tenant))[-1].version
        log.info("keys.rotated", tenant=str(tenant), count=rewrapped)
        destroyed = tuple(version for version, end in ended.items() if end is not None)
        return Rotated(newest, rewrapped, destroyed, tuple(ended.keys() - set(destroyed)), resumed)

    async def prepare(self, tenant: UUID) -> None:
        """Store the index key of a tenant from before there were index keys, so that it outlives the first version."""
        async with self._keyring.transaction(tenant) as (connection, keyset):
            wrapped = keyset.index.wrap(keyset.current, keyset.tenant)
            await repository.add_index_key(connection, tenant, wrapped_by=keyset.current.version, wrapped=wrapped)

    async def index_key_since(self, tenant: UUID) -> datetime | None:
        """Return since when the tenant's index key is stored; None: it still derives from the first version."""
        async with self._database.transaction(tenant) as connection:
            return await repository.index_key_since(connection)

    async def _versions(self, tenant: UUID) -> list[KeyVersion]:
        async with self._database.transaction(tenant) as connection:
            return await repository.read_versions(connection)

    async def _begin(self, tenant: UUID, actor: str) -> None:
        """Add a version, which wraps from now on, and retire those before it: in one moment for all processes."""
        await self.prepare(tenant)
        newest = (await self._versions(tenant))[-1].version
        key = await self._new_key(tenant, newest + 1)
        for _ in range(_BEGIN_TRIES):
            try:
                await self._add(tenant, actor, newest + 1, key)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                await asyncio.sleep(_LOCK_SECONDS)
            else:
                return
        raise RotationBlocked(
            "Uploads hold the tenant's key all the time. Nothing was changed; rotate again when it is quieter."
        )

    async def _new_key(self, tenant: UUID, version: int) -> WrappedKey:
        try:
            async with asyncio.timeout(self._limit):
                wrapped = await self._provider.wrap(new_data_key(version), tenant=str(tenant))
        except Exception as error:
            log.exception("keys.unavailable", tenant=str(tenant))
            raise Unavailable("The key provider made no new key. Nothing was changed.") from error
        return WrappedKey(self._provider.id, wrapped)

    async def _add(self, tenant: UUID, actor: str, version: int, key: WrappedKey) -> None:
        async with self._database.transaction(tenant) as connection:
            await repository.hold_keys_alone(connection, tenant, _LOCK_SECONDS)
            if (await repository.read_versions(connection))[-1].version >= version:
                return  # another process was first
            await repository.add_tenant_key(connection, tenant, version=version, key=key, at=clock.now())
            await repository.retire_versions(connection, version, clock.now())
            resource = f"tenant_key/{version}"
            await audit.record(connection, tenant, actor, Action.TENANT_KEY_ROTATED, resource, provider=key.provider)

    async def _rewrap(self, tenant: UUID, progress: Progress) -> int:
        """Give everything to the newest version; return how many rows that were."""
        done, idle = 0, 0
        while left := await self._left(tenant):
            made, broken, total = 0, 0, done + left
            async for batch in self._batches(tenant):
                made, broken = made + batch.rewrapped, broken + batch.broken
                progress(done + made, total)
            done += made
            idle = 0 if made else idle + 1
            if idle == _IDLE_PASSES or (idle and broken == left):
                raise _blocked(tenant, left, broken)
            if idle:
                await asyncio.sleep(_OTHERS_SECONDS)
        return done

    async def _left(self, tenant: UUID) -> int:
        async with self._database.transaction(tenant) as connection:
            return sum([await self._needed(connection, old) for old in await _ending(connection)])

    async def _needed(self, connection: AsyncConnection, version: int) -> int:
        return sum([await holder.count(connection, version) for holder in self._holders])

    async def _batches(self, tenant: UUID) -> AsyncIterator[Batch]:
        """Go through all rows once, in short transactions; yield what became of each."""
        async with self._database.transaction(tenant) as connection:
            endings = await _ending(connection)
        for old, holder in itertools.product(endings, self._holders):
            after: UUID | None = _NOBODY
            while after is not None:
                began = time.monotonic()
                async with self._keyring.transaction(tenant) as (connection, keyset):
                    batch = await holder.rewrap(connection, keyset, old, after, BATCH)
                yield batch
                after = batch.last
                # As long a pause as the work took: requests come first.
                await asyncio.sleep(time.monotonic() - began)

    async def _destroy(self, tenant: UUID, actor: str) -> dict[int, datetime | None]:
        """Destroy the versions that nothing needs any more; return from when on each is dead everywhere, if ever."""
        ended: dict[int, datetime | None] = {}
        for version, wrapped in (await self._free(tenant)).items():
            destroyed_at = await self._destroy_at_provider(tenant, version, wrapped)
            if await self._empty(tenant, actor, version, destroyed_at):
                ended[version] = destroyed_at
        self._keyring.forget(tenant)
        return ended

    async def _free(self, tenant: UUID) -> dict[int, bytes]:
        """Return the retired versions that nothing needs."""
        async with self._database.transaction(tenant) as connection:
            free = [old for old in await _ending(connection) if not await self._needed(connection, old)]
            wrapped = {old: await repository.read_wrapped(connection, old) for old in free}
        return {old: found for old, found in wrapped.items() if found is not None}

    async def _empty(self, tenant: UUID, actor: str, version: int, destroyed_at: datetime | None) -> bool:
        async with self._database.transaction(tenant) as connection:
            if not await repository.empty_version(connection, version, clock.now(), destroyed_at):
                return False  # another process was first
            told = destroyed_at.isoformat() if destroyed_at else None
            resource = f"tenant_key/{version}"
            await audit.record(connection, tenant, actor, Action.TENANT_KEY_DESTROYED, resource, destroyed_at=told)
        return True

    async def _destroy_at_provider(self, tenant: UUID, version: int, wrapped: bytes) -> datetime | None:
        try:
            async with asyncio.timeout(self._limit):
                return await self._provider.destroy(tenant=str(tenant), version=version, wrapped=wrapped)
        except KeyIndestructible:
            log.warning("keys.indestructible", tenant=str(tenant))
            return None
        except Exception as error:
            log.exception("keys.unavailable", tenant=str(tenant))
            raise Unavailable("The key provider did not destroy the old version. It is tried again.") from error


async def _ending(connection: AsyncConnection) -> list[int]:
    return [found.version for found in await repository.read_versions(connection) if found.ending]


def _blocked(tenant: UUID, left: int, broken: int) -> RotationBlocked:
    if broken:
        log.error("keys.broken", tenant=str(tenant), count=broken)
    return RotationBlocked(
        f"{left} keys could not be given to the new version: {broken} do not open, others are held by somebody. The "
        "old version stays and nothing is lost. docs/key-rotation.md says what to do; then rotate again."
    )
