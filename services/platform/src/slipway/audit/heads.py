"""Reads how far chains go, for checkpoints and for those who compare with them."""

import hashlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.audit import repository
from slipway.audit.chain import GENESIS, words
from slipway.audit.checkpoint import Head
from slipway.database import Database

_ENTRIES_AT_ONCE = 5_000
"""What is in memory at a time, however far the sealer is behind."""


async def read_head(database: Database, tenant: UUID, snapshot: str, *, alone: bool) -> Head:
    """Return a tenant's newest seal, and all that had been committed beyond it at the snapshot.

    `alone`: wait until no sealer works on the chain, so that what one has begun is in it.
    """
    async with database.transaction(tenant) as connection:
        if alone:
            await repository.hold_chain(connection, tenant)
        last = await repository.last_seal(connection)
        sequence, covered, upto = (last.sequence, last.digest, last.upto_xid) if last else (0, GENESIS, 0)
        count, tail = await read_tail(connection, upto, snapshot, covered)
    return Head(sequence, covered, upto, count, tail)


async def read_tail(connection: AsyncConnection, start: int, snapshot: str, previous: bytes) -> tuple[int, bytes]:
    """Count the entries from `start` on that the snapshot saw, and hash them onto a digest."""
    count, running = 0, hashlib.sha256(previous)
    async for entries in repository.unsealed_then(connection, start, snapshot, _ENTRIES_AT_ONCE):
        count += len(entries)
        for entry in entries:
            running.update(words(entry))
    return count, running.digest()
