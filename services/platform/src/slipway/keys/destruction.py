"""Destroys versions of a tenant's key that were replaced: at the key provider, and here."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.keys import repository
from slipway.keys.endings import Wait, waiting
from slipway.keys.holders import Holder, needed
from slipway.keys.provider import KeyIndestructible, KeyProvider
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

log = get_logger(__name__)


class Destruction:
    """Destroys what nothing needs, whose successor is in a backup, and that no process has in its memory."""

    def __init__(
        self, database: Database, provider: KeyProvider, settings: Settings, holders: Sequence[Holder]
    ) -> None:
        self._database = database
        self._provider = provider
        self._settings = settings
        self._holders = holders

    async def waits(self, tenant: UUID) -> tuple[Wait, ...]:
        """Return what versions wait for that must not be destroyed yet."""
        async with self._database.transaction(tenant) as connection:
            return tuple(waiting(await repository.read_versions(connection), self._settings))

    async def destroy(self, tenant: UUID, actor: str) -> dict[int, datetime | None]:
        """Destroy the versions that need not wait; return from when on each is dead everywhere, if ever.

        Raises:
            Unavailable: the key provider did not do it. It may be tried again.
        """
        ended: dict[int, datetime | None] = {}
        for version, wrapped in (await self._free(tenant)).items():
            destroyed_at = await self._destroy_at_provider(tenant, version, wrapped)
            if await self._empty(tenant, actor, version, destroyed_at):
                ended[version] = destroyed_at
        return ended

    async def _free(self, tenant: UUID) -> dict[int, bytes]:
        async with self._database.transaction(tenant) as connection:
            versions = await repository.read_versions(connection)
            held = {wait.version for wait in waiting(versions, self._settings)}
            closed = [found.version for found in versions if found.ending and found.rewrapped_at is not None]
            free = [old for old in closed if old not in held and not await needed(self._holders, connection, old)]
            wrapped = {old: await repository.read_wrapped(connection, old) for old in free}
        return {old: found for old, found in wrapped.items() if found is not None}

    async def _destroy_at_provider(self, tenant: UUID, version: int, wrapped: bytes) -> datetime | None:
        try:
            async with asyncio.timeout(self._settings.key_provider_timeout):
                return await self._provider.destroy(tenant=str(tenant), version=version, wrapped=wrapped)
        except KeyIndestructible:
            log.warning("keys.indestructible", tenant=str(tenant))
            return None
        except Exception as error:
            log.exception("keys.unavailable", tenant=str(tenant))
            raise Unavailable("The key provider did not destroy the old version. It is tried again.") from error

    async def _empty(self, tenant: UUID, actor: str, version: int, destroyed_at: datetime | None) -> bool:
        async with self._database.transaction(tenant) as connection:
            if not await repository.empty_version(connection, version, clock.now(), destroyed_at):
                return False  # another process was first
            told = destroyed_at.isoformat() if destroyed_at else None
            resource = f"tenant_key/{version}"
            await audit.record(connection, tenant, actor, Action.TENANT_KEY_DESTROYED, resource, destroyed_at=told)
        return True
