"""Lays the keys of a backup over those of a restored database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.keys import copy_repository, repository
from slipway.keys.copies import BackupBlocked, Line, Own, SealedRows, StoredVersion, hidden
from slipway.keys.envelope import SealBroken, key_version
from slipway.keys.keyfiles import KeyFiles
from slipway.keys.provider import KeyDestroyed, KeyProvider, KeyProviderGone
from slipway.settings import Settings

AnswerT = TypeVar("AnswerT")

_LOCK_SECONDS = 5.0
_LOCK_NOT_AVAILABLE = "55P03"


class Restoration:
    """Restores tenants' keys, each tenant's in one transaction: all of them, or none."""

    def __init__(
        self, database: Database, provider: KeyProvider, settings: Settings, sealed: Sequence[SealedRows]
    ) -> None:
        self._database, self._provider = database, provider
        self._limit = settings.key_provider_timeout
        self._files = KeyFiles(settings)
        self._sealed = sealed

    async def check(self, own: Own) -> None:
        """Return if a tenant's keys may be restored, and would open. Changes nothing, not even files of keys.

        Raises:
            BackupBlocked: the database has newer keys or others, a version is gone from the key provider, or its files
                cannot be put back.
            KeyProviderError: the provider does not answer, or refuses.
        """
        async with self._database.transaction(own.tenant) as connection:
            own.refuse_unless_newer(await copy_repository.read_stored(connection))
        gone = await self._files.gone(own.tenant, own.files)
        for stored in own.versions:
            if stored.version in own.needed:
                await self._prove(own.tenant, stored, gone.get(stored.version))

    async def load(self, own: Own, pages: Iterable[Line], actor: str) -> int:
        """Lay a tenant's keys over those of the database; return how many keys of subjects are others now.

        Keys of subjects that the database does not have are left out: their subject came later, or was erased.

        Raises:
            BackupBlocked: as `check`, or something else uses the tenant's keys. Nothing of the tenant was changed.
            KeyProviderError: the provider does not answer. Do it again: it goes on from there.
        """
        async with self._alone(own) as connection:
            changed = 0
            for page in pages:
                changed += await copy_repository.lay_subject_keys(connection, _keys(page))
            await self._lay_own(connection, own)
            newest = f"tenant_key/{own.versions[-1].version}"
            await audit.record(connection, own.tenant, actor, Action.TENANT_KEYS_RESTORED, newest)
            await self._files.lay(own.tenant, own.files)
        await self._end(own, actor)
        return changed

    @asynccontextmanager
    async def _alone(self, own: Own) -> AsyncIterator[AsyncConnection]:
        """Open a transaction during which nobody wraps anything with the tenant's keys, nor replaces them."""
        async with self._database.transaction(own.tenant) as connection:
            try:
                await repository.hold_keys_alone(connection, own.tenant, _LOCK_SECONDS)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                raise BackupBlocked(
                    f"Another process uses the keys of tenant {own.tenant}. Stop the API and the workers first."
                ) from error
            own.refuse_unless_newer(await copy_repository.read_stored(connection))
            yield connection

    async def _lay_own(self, connection: AsyncConnection, own: Own) -> None:
        for stored in own.versions:
            await copy_repository.lay_version(connection, own.tenant, stored)
        if own.index:
            wrapped_by = key_version(own.index)
            await copy_repository.lay_index_key(connection, own.tenant, wrapped_by=wrapped_by, wrapped=own.index)
        for rows in self._sealed:
            await rows.lay(connection, own.sealed.get(rows.name, {}), own.needed)

    async def _end(self, own: Own, actor: str) -> None:
        """Let versions end that were about to when the backup was made, and that the provider has destroyed since."""
        async with self._database.transaction(own.tenant) as connection:
            there = await copy_repository.read_stored(connection)
        for stored in there:
            if stored.emptied_at is None and stored.version not in own.needed:
                await self._end_destroyed(own.tenant, stored, actor)

    async def _end_destroyed(self, tenant: UUID, stored: StoredVersion, actor: str) -> None:
        try:
            await self._asked(self._provider.unwrap(stored.wrapped, tenant=str(tenant)))
        except KeyDestroyed:
            again = self._provider.destroy(tenant=str(tenant), version=stored.version, wrapped=stored.wrapped)
            ended = await self._asked(again)
            resource = f"tenant_key/{stored.version}"
            told = ended.isoformat()
            async with self._database.transaction(tenant) as connection:
                await repository.empty_version(connection, stored.version, clock.now(), ended)
                await audit.record(connection, tenant, actor, Action.TENANT_KEY_DESTROYED, resource, destroyed_at=told)

    async def _prove(self, tenant: UUID, stored: StoredVersion, file: bytes | None) -> None:
        try:
            if file is None:
                await self._asked(self._provider.unwrap(stored.wrapped, tenant=str(tenant)))
            else:
                self._files.unwrap(file, stored.wrapped, tenant=tenant)
        except KeyDestroyed as error:
            raise BackupBlocked(
                f"Version {stored.version} of the key of tenant {tenant} was destroyed after this backup of the keys "
                "was made. Take a newer one."
            ) from error
        except SealBroken as error:
            raise BackupBlocked(
                f"The key provider does not open the key of tenant {tenant}: {error}. Set the one that was used."
            ) from error

    async def _asked(self, call: Awaitable[AnswerT]) -> AnswerT:
        try:
            async with asyncio.timeout(self._limit):
                return await call
        except TimeoutError as error:
            raise KeyProviderGone("The key provider did not answer in time.") from error


def _keys(page: Line) -> list[tuple[UUID, int, bytes, int]]:
    found = [(UUID(subject), version, hidden(wrapped)) for subject, version, wrapped in page["subjects"]]
    return [(subject, version, wrapped, key_version(wrapped)) for subject, version, wrapped in found]
