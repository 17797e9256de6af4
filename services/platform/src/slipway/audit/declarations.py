"""What somebody declares of the log, for what would otherwise look like tampering. It stays on record."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from slipway.audit import repository
from slipway.audit.chain_check import UNREADABLE
from slipway.audit.checkpoint import CHECKPOINTS, Kind, Whole, body
from slipway.audit.checkpointer import in_lines
from slipway.audit.comparison import Comparison
from slipway.audit.heads import read_head
from slipway.audit.history import History
from slipway.database import Database
from slipway.evidence import Evidence, Line


class DeclarationError(Exception):
    """What was to be declared is not so. The text says what to do."""


class Declarations:
    """Writes lines into the checkpoints, beside workers that may run.

    Its calls raise EvidenceError where the folder cannot be written, and BrokenEvidenceError where lines do not hold.
    """

    def __init__(self, database: Database, evidence: Evidence) -> None:
        self._database = database
        self._evidence = evidence

    async def restored(self, reason: str) -> Line:
        """Say that the database was restored, or that another server took over; what it lacks is not expected any more.

        What it has is: up to the last seal that no checkpoint contradicts, and as it is now. So it may have been
        written since. A tenant whom it does not have is not expected.

        Raises:
            DeclarationError: a log has values that nobody could have written.
        """
        agreed: dict[UUID, int] = {}
        since = ""
        async for found in Comparison(self._database, self._evidence).contradictions():
            if found.what == UNREADABLE:
                raise DeclarationError(f"The log of {found.tenant} cannot be confirmed: {found}.")
            agreed[found.tenant] = min(found.left, agreed.get(found.tenant, found.left))
            since = since or found.checkpoint.at.isoformat(timespec="seconds")
        return await self._tell_all(Kind.RESTORED, agreed, {"reason": reason, "since": since})

    async def removed(self, tenant: UUID, reason: str) -> Line:
        """Say that a tenant was removed with its log.

        Raises:
            DeclarationError: it is in the database, or no checkpoint expects it there, or the checkpoints do not hold.
        """
        comparison = Comparison(self._database, self._evidence)
        testimony = await comparison.compare()
        async with self._database.system_transaction() as connection:
            there = await repository.list_tenants(connection)
        if tenant in there:
            raise DeclarationError(f"{tenant} is in the database. Remove it first, and declare it then.")
        if testimony.broken:
            raise DeclarationError(
                f"The checkpoints do not hold: {testimony.broken}. Bring back the lines from a copy."
            )
        if tenant not in testimony.tenants:
            raise DeclarationError(f"No checkpoint expects {tenant} in the database: there is nothing to declare.")
        told = body(Kind.REMOVED, "", {}, tenant=str(tenant), reason=reason)
        return await asyncio.to_thread(self._evidence.append, CHECKPOINTS, told)

    async def archive(self, before: datetime, place: Path) -> int:
        """Move files of checkpoints of which every line is older than that to another folder; return how many.

        The line that lets them go names all chains: what they said of the log is in its last word.

        Raises:
            DeclarationError: the database contradicts a checkpoint, which must not get out of sight.
        """
        released = await asyncio.to_thread(self._evidence.leaving, CHECKPOINTS, before)
        if released:
            async for found in Comparison(self._database, self._evidence).contradictions():
                raise DeclarationError(f"The log of {found.tenant} does not hold ({found}). Find out why first.")
            past = [[event.what, event.when, event.why] for event in History(self._evidence).events]
            await self._tell_all(Kind.ARCHIVED, {}, released | {"past": past})
        return await asyncio.to_thread(self._evidence.move, CHECKPOINTS, place)

    async def _tell_all(self, kind: Kind, agreed: Mapping[UUID, int], more: dict[str, Any]) -> Line:
        async with self._database.system_transaction() as connection:
            snapshot = await repository.current_snapshot(connection)
            known = [tenant for tenant, _, _ in await repository.heads(connection)]
        parts, id_ = in_lines(known), str(uuid4())
        for part, tenants in enumerate(parts, start=1):
            heads = {tenant: await read_head(self._database, tenant, snapshot, alone=True) for tenant in tenants}
            left = {str(tenant): agreed[tenant] for tenant in tenants if tenant in agreed}
            last = more if part == len(parts) else {}
            told = body(kind, snapshot, heads, Whole(id_, part, len(parts)), agreed=left, **last)
            newest = await asyncio.to_thread(self._evidence.append, CHECKPOINTS, told)
        return newest
