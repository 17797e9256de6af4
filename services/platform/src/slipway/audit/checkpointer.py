"""Writes down, apart from the database, how far each tenant's chain of seals goes.

A seal proves that what it covers was not changed. That it is there at all, no seal can prove: whoever owns the database
can cut the newest ones off, or remove a tenant's chain. The checkpoints can. They also name the entries that had been
committed and not been sealed, so that nothing older than the newest checkpoint depends on the sealer's pace.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from slipway import clock
from slipway.audit import repository
from slipway.audit.checkpoint import CHECKPOINTS, Head, Kind, Whole, body
from slipway.audit.heads import read_head
from slipway.database import Database
from slipway.errors import Unavailable
from slipway.evidence import Evidence, Line
from slipway.telemetry.logs import get_logger

HEADS_A_LINE = 500
_OUTAGE = 3
"""Chains in a row that the database does not answer for: it is not about one of them."""

log = get_logger(__name__)


class Checkpointer:
    """Writes checkpoints. Any number of processes may run one: whoever comes first writes, for all."""

    def __init__(self, database: Database, evidence: Evidence, seconds: float) -> None:
        """Wire it. `seconds`: how often `checkpoint` is called."""
        self._database = database
        self._evidence = evidence
        self._seconds = seconds
        self._known: dict[UUID, tuple[int, int | None]] = {}
        self._told_all = False

    async def checkpoint(self) -> Line:
        """Write down the chains that have changed since this process last did; at first, all. Return the newest line.

        If another process has just done so, nothing is written. So the newest line is never older than one and a half
        times `seconds`. A chain that cannot be read is logged, and named in the line as one that it `lacks`.

        Raises:
            Unavailable: the database does not answer.
            EvidenceError: the folder cannot be written.
            BrokenEvidenceError: lines that were there have vanished.
        """
        newest = await asyncio.to_thread(self._evidence.newest, CHECKPOINTS)
        if newest and abs((clock.now() - newest.at).total_seconds()) < self._seconds / 2:
            return newest
        async with self._database.system_transaction() as connection:
            snapshot = await repository.current_snapshot(connection)
            heads = await repository.heads(connection)
        changed = {tenant: seal for tenant, seal, unsealed in heads if unsealed or self._known.get(tenant) != seal}
        return await self._write(snapshot, changed)

    async def _write(self, snapshot: str, changed: dict[UUID, tuple[int, int | None]]) -> Line:
        lacks: list[str] = []
        parts, id_ = in_lines(list(changed)), str(uuid4())
        for part, tenants in enumerate(parts, start=1):
            heads = await self._readable(tenants, snapshot)
            lacks += [str(tenant) for tenant in tenants if tenant not in heads]
            whole = None if self._told_all else Whole(id_, part, len(parts))
            told = body(Kind.CHECKPOINT, snapshot, heads, whole, lacks=lacks if part == len(parts) else [])
            newest = await asyncio.to_thread(self._evidence.append, CHECKPOINTS, told)
            self._known |= {tenant: changed[tenant] for tenant in heads}
        self._told_all = True
        return newest

    async def _readable(self, tenants: Sequence[UUID], snapshot: str) -> dict[UUID, Head]:
        """Return the heads of the chains that can be read: one that cannot must not leave the others uncovered."""
        heads: dict[UUID, Head] = {}
        outages = 0
        for tenant in tenants:
            try:
                heads[tenant] = await read_head(self._database, tenant, snapshot, alone=not self._told_all)
                outages = 0
            except Exception as error:
                outages = outages + 1 if isinstance(error, Unavailable) else 0
                if outages in (_OUTAGE, len(tenants)):
                    raise
                log.exception("checkpoint.lacks", tenant=str(tenant))
        return heads


def in_lines(tenants: Sequence[UUID]) -> list[Sequence[UUID]]:
    """Divide tenants into those of one line each; at least one line."""
    return [tenants[first : first + HEADS_A_LINE] for first in range(0, max(len(tenants), 1), HEADS_A_LINE)]
