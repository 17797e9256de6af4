"""Writes down, apart from the database, how far each tenant's chain of seals goes.

A seal proves that what it covers was not changed. That it is there at all, no seal can prove: whoever owns the database
can cut the newest ones off, or remove a tenant's chain. The checkpoints can. They also name the entries that had been
committed and not been sealed, so that nothing older than the newest checkpoint depends on the sealer's pace.
"""

import asyncio
from uuid import UUID

from slipway import clock
from slipway.audit import repository
from slipway.audit.chain import GENESIS, digest
from slipway.audit.checkpoint import CHECKPOINTS, Head, Kind, body
from slipway.database import Database
from slipway.evidence import Evidence, Line

TAIL = 5_000
"""Unsealed entries of a tenant that a checkpoint covers, the oldest; a sealer that works leaves a second's worth."""
_HEADS_A_LINE = 500


class Checkpointer:
    """Writes checkpoints. Any number of processes may run one: whoever comes first writes, for all."""

    def __init__(self, database: Database, evidence: Evidence, seconds: float) -> None:
        """Wire it. `seconds`: how often `checkpoint` is called."""
        self._database = database
        self._evidence = evidence
        self._seconds = seconds
        self._known: dict[UUID, int] = {}

    async def checkpoint(self) -> Line:
        """Write down the chains that have changed since this process last did; at first, all. Return the newest line.

        If another process has just done so, nothing is written. So the newest line is never older than one and a half
        times `seconds`.

        Raises:
            EvidenceError: the folder cannot be written.
            BrokenEvidenceError: lines that were there have vanished.
        """
        newest = await asyncio.to_thread(self._evidence.newest, CHECKPOINTS)
        if newest and abs((clock.now() - newest.at).total_seconds()) < self._seconds / 2:
            return newest
        return await self._write(Kind.CHECKPOINT, self._known)

    async def restored(self, reason: str) -> Line:
        """Write down that the database was restored from a backup, and what it has: no more is expected of it.

        Raises:
            EvidenceError: the folder cannot be written.
            BrokenEvidenceError: lines that were there have vanished.
        """
        return await self._write(Kind.RESTORED, {}, reason)

    async def _write(self, kind: Kind, known: dict[UUID, int], reason: str = "") -> Line:
        async with self._database.system_transaction() as connection:
            snapshot = await repository.current_snapshot(connection)
            heads = await repository.heads(connection)
        changed = [tenant for tenant, sequence, unsealed in heads if unsealed or known.get(tenant) != sequence]
        for first in range(0, max(len(changed), 1), _HEADS_A_LINE):
            told = {tenant: await self._head(tenant, snapshot) for tenant in changed[first : first + _HEADS_A_LINE]}
            newest = await asyncio.to_thread(self._evidence.append, CHECKPOINTS, body(kind, snapshot, told, reason))
            self._known |= {tenant: head.sequence for tenant, head in told.items()}
        return newest

    async def _head(self, tenant: UUID, snapshot: str) -> Head:
        async with self._database.transaction(tenant) as connection:
            last = await repository.last_seal(connection)
            sequence, covered, upto = (last.sequence, last.digest, last.upto_xid) if last else (0, GENESIS, 0)
            tail = await repository.unsealed_then(connection, upto, snapshot, TAIL)
        return Head(sequence, covered, upto, len(tail), digest(covered, tail))
