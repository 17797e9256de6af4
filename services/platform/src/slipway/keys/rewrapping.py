"""Gives what the old versions of a tenant's key wrap to the newest one, in short transactions between others' work."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.keys import repository
from slipway.keys.holders import Batch, Holder, needed
from slipway.keys.service import Keyring
from slipway.telemetry.logs import get_logger

BATCH = 500
"""Rows that one transaction gives to the next version."""

_NOBODY = UUID(int=0)
_OTHERS_SECONDS = 0.2
"""Pause before rows are looked at again that somebody else held."""
_IDLE_PASSES = 50
"""Passes in a row in which no row could be given to the next version."""

log = get_logger(__name__)


class RotationBlocked(Exception):  # noqa: N818  # it says what happened
    """A rotation cannot come to its end. The message says why, and what to do."""


Progress = Callable[[int, int], None]
"""Told of rows that are done, and of all."""


def unheard(_done: int, _total: int) -> None:
    """Tell nobody."""


class Rewrapping:
    """Wraps anew. Any number of processes may do it at once, and each may be killed."""

    def __init__(self, database: Database, keyring: Keyring, holders: Sequence[Holder]) -> None:
        self._database = database
        self._keyring = keyring
        self._holders = holders

    async def rewrap(self, tenant: UUID, progress: Progress) -> int:
        """Give everything to the newest version; return how many rows that were.

        Raises:
            Unavailable: the database or the key provider does not answer.
            RotationBlocked: something does not open, or is held by others for minutes.
        """
        done, idle = 0, 0
        total = 0 if progress is unheard else await self._left(tenant)
        while await self._in_use(tenant):
            made, broken = 0, 0
            async for batch in self._batches(tenant):
                made, broken = made + batch.rewrapped, broken + batch.broken
                progress(done + made, max(total, done + made))
            done += made
            idle = 0 if made else idle + 1
            if idle == _IDLE_PASSES or (idle and broken and broken == await self._left(tenant)):
                raise _blocked(tenant, await self._left(tenant), broken)
            if idle:
                await asyncio.sleep(_OTHERS_SECONDS)
        return done

    async def _in_use(self, tenant: UUID) -> bool:
        async with self._database.transaction(tenant) as connection:
            return any([await needed(self._holders, connection, old) for old in await ending(connection)])

    async def _left(self, tenant: UUID) -> int:
        async with self._database.transaction(tenant) as connection:
            endings = await ending(connection)
            return sum([await holder.count(connection, old) for old in endings for holder in self._holders])

    async def _batches(self, tenant: UUID) -> AsyncIterator[Batch]:
        """Go through all rows once, in short transactions; yield what became of each."""
        async with self._database.transaction(tenant) as connection:
            endings = await ending(connection)
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

    async def free(self, connection: AsyncConnection) -> list[int]:
        """Return the versions that are to end and that nothing needs."""
        return [old for old in await ending(connection) if not await needed(self._holders, connection, old)]


async def ending(connection: AsyncConnection) -> list[int]:
    """Return the versions that were retired, and that something may still need."""
    return [found.version for found in await repository.read_versions(connection) if found.ending]


def _blocked(tenant: UUID, left: int, broken: int) -> RotationBlocked:
    if broken:
        log.error("keys.broken", tenant=str(tenant), count=broken)
    return RotationBlocked(
        f"{left} keys could not be given to the new version: {broken} do not open, others are held by somebody. The "
        "old version stays and nothing is lost. docs/key-rotation.md says what to do; then rotate again."
    )
