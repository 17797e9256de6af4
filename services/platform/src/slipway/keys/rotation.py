"""Replaces a tenant's key while everything goes on: a new version, what the old one wraps under it, the old destroyed.

Where a rotation stands is in the database alone: it may be killed at any moment, go on in another process, or be done
by several at once. Two of its moments have to wait for others, for no longer than requests can bear: its beginning, and
when the old version is found to be needed by nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.destruction import Destruction
from slipway.keys.endings import Wait
from slipway.keys.envelope import new_data_key
from slipway.keys.holders import Holder
from slipway.keys.provider import KeyProvider
from slipway.keys.rewrapping import Progress, Rewrapping, RotationBlocked, ending, unheard
from slipway.keys.schemas import KeyVersion, WrappedKey
from slipway.keys.service import Keyring
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

ResultT = TypeVar("ResultT")

ROLLOUT = timedelta(hours=1)
"""How long a new release may take until no process of the one before runs, which knows first versions alone."""

_LOCK_SECONDS = 0.5
"""What a request that seals something may have to wait behind a rotation that wants the keys for itself."""
_LOCK_TRIES = 20
_LOCK_NOT_AVAILABLE = "55P03"

log = get_logger(__name__)


class RotationEarly(RotationBlocked):
    """Processes of the release before may still run, which could not open what is sealed after a rotation."""


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
    waits: tuple[Wait, ...]
    """Versions that nothing here needs any more, and that are kept for now. The next call destroys them in time."""
    resumed: bool
    """It went on with one that somebody had begun."""

    @property
    def changed(self) -> bool:
        """It did something, rather than find that there is nothing to do yet."""
        return bool(self.rewrapped or self.destroyed or self.indestructible)


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
        self._rewrapping = Rewrapping(database, keyring, holders)
        self._destruction = Destruction(database, provider, settings, holders)

    async def rotate(
        self, tenant: UUID, actor: str, progress: Progress = unheard, *, expected: int | None = None
    ) -> Rotated:
        """Replace the tenant's key; go on with a rotation that was begun, rather than begin another.

        The old version stays until what took its place is in a backup of the keys, and no process can have the old one
        in its memory. Another call destroys it then.

        Args:
            tenant: whose key it is.
            actor: who the audit log says it was.
            progress: is told how far it is.
            expected: the version to replace; nothing is begun if another process has replaced it. None: the newest.

        Raises:
            LookupError: the tenant has no key.
            Unavailable: the database or the key provider does not answer. Another call goes on from there.
            RotationBlocked: something does not open, or is held by others for minutes.
            RotationEarly: the tenant's first rotation, within an hour of the update to the first release that has them.
        """
        versions = await self._versions(tenant)
        resumed = any(found.ending for found in versions)
        if not resumed:
            await self._begin(tenant, actor, versions, expected)
        rewrapped = await self._rewrapping.rewrap(tenant, progress)
        while not await self._close(tenant, again=rewrapped > 0):
            rewrapped += await self._rewrapping.rewrap(tenant, progress)
        ended = await self._destruction.destroy(tenant, actor)
        return await self._rotated(tenant, rewrapped, ended, resumed=resumed)

    async def prepare(self, tenant: UUID) -> None:
        """Store the index key of a tenant from before there were index keys, so that it outlives the first version."""
        async with self._keyring.transaction(tenant) as (connection, keyset):
            wrapped = keyset.index.wrap(keyset.current, keyset.tenant)
            await repository.add_index_key(connection, tenant, wrapped_by=keyset.current.version, wrapped=wrapped)

    async def _rotated(
        self, tenant: UUID, rewrapped: int, ended: dict[int, datetime | None], *, resumed: bool
    ) -> Rotated:
        self._keyring.forget(tenant)
        newest = (await self._versions(tenant))[-1].version
        destroyed = tuple(version for version, end in ended.items() if end is not None)
        waits = await self._destruction.waits(tenant)
        done = Rotated(newest, rewrapped, destroyed, tuple(ended.keys() - set(destroyed)), waits, resumed)
        if done.changed:
            log.info("keys.rotated", tenant=str(tenant), count=rewrapped)
        return done

    async def _versions(self, tenant: UUID) -> list[KeyVersion]:
        async with self._database.transaction(tenant) as connection:
            found = await repository.read_versions(connection)
        if not found:
            raise LookupError(f"tenant {tenant} has no key; create tenants with `slipway tenants create`")
        return found

    async def _begin(self, tenant: UUID, actor: str, versions: list[KeyVersion], expected: int | None) -> None:
        """Add a version, which wraps from now on, and retire those before it: in one moment for all processes."""
        newest = versions[-1].version
        if expected is not None and newest != expected:
            return  # another process has done it
        await self._refuse_early(tenant, versions[0])
        # What does not open cannot be wrapped anew: then nothing is begun.
        await self._keyring.keyset(tenant)
        key = await self._new_key(tenant, newest + 1)
        await self._alone(tenant, lambda connection: self._add(connection, tenant, actor, newest + 1, key))

    async def _refuse_early(self, tenant: UUID, first: KeyVersion) -> None:
        """Let time pass for a tenant of the release before, whose processes derive pseudonyms from the first version.

        A tenant of this release has got its index key together with its first version.
        """
        async with self._database.transaction(tenant) as connection:
            since = await repository.index_key_since(connection)
        if since is None:
            await self.prepare(tenant)
            since = clock.now()
        begins = since + ROLLOUT
        if since > first.created_at and clock.now() < begins:
            raise RotationEarly(
                "This tenant's key was made by the release before, whose processes cannot open what is sealed with a "
                f"newer version. When the last of them has ended, and not before {begins:%Y-%m-%d %H:%M} UTC, rotate "
                "again. Nothing was changed."
            )

    async def _alone(self, tenant: UUID, work: Callable[[AsyncConnection], Awaitable[ResultT]]) -> ResultT:
        """Do something in a transaction in which nobody else holds the tenant's keys."""
        for _ in range(_LOCK_TRIES):
            try:
                async with self._database.transaction(tenant) as connection:
                    await repository.hold_keys_alone(connection, tenant, _LOCK_SECONDS)
                    return await work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
            await asyncio.sleep(_LOCK_SECONDS)
        raise RotationBlocked(
            "Uploads hold the tenant's key all the time. The old version stays; rotate again when it is quieter."
        )

    async def _new_key(self, tenant: UUID, version: int) -> WrappedKey:
        try:
            async with asyncio.timeout(self._limit):
                wrapped = await self._provider.wrap(new_data_key(version), tenant=str(tenant))
        except Exception as error:
            log.exception("keys.unavailable", tenant=str(tenant))
            raise Unavailable("The key provider made no new key. Nothing was changed.") from error
        return WrappedKey(self._provider.id, wrapped)

    async def _add(self, connection: AsyncConnection, tenant: UUID, actor: str, version: int, key: WrappedKey) -> None:
        if (await repository.read_versions(connection))[-1].version >= version:
            return  # another process was first
        await repository.add_tenant_key(connection, tenant, version=version, key=key, at=clock.now())
        await repository.retire_versions(connection, version, clock.now())
        resource = f"tenant_key/{version}"
        await audit.record(connection, tenant, actor, Action.TENANT_KEY_ROTATED, resource, provider=key.provider)

    async def _close(self, tenant: UUID, *, again: bool) -> bool:
        """Note that nothing needs the old versions, from when on nothing can be sealed with them; False: some do."""
        if not again and all(found.rewrapped_at for found in await self._versions(tenant) if found.ending):
            return True
        return await self._alone(tenant, lambda connection: self._note(connection, again=again))

    async def _note(self, connection: AsyncConnection, *, again: bool) -> bool:
        free = await self._rewrapping.free(connection)
        await repository.note_rewrapped(connection, free, again=again)
        return free == await ending(connection)
