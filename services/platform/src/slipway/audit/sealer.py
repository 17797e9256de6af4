"""Chains and signs the audit log, tenant by tenant, so that writers never wait for each other.

What was written since the last seal (about a second) is the unsealed window: until then an entry is protected by the
database's grants alone. A transaction that stays open anywhere on the server keeps the window open behind it.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from slipway import clock
from slipway.audit import repository
from slipway.audit.chain import FORMAT, GENESIS, Signer, digest, statement
from slipway.audit.checkpoint import CHECKPOINTS
from slipway.audit.repository import Seal
from slipway.database import Database
from slipway.evidence import Evidence, EvidenceError
from slipway.telemetry.logs import get_logger

_ENTRIES_A_SEAL = 5_000
"""Keeps a seal's statements far below the statement timeout, however long the backlog is."""

_LOOK_SECONDS = 1.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round of the sealer did."""

    entries: int
    seals: int
    failed: int
    oldest_seconds: float


class Sealer:
    """Seals what has settled. Any number of processes may run one: they take turns on a tenant's chain.

    With evidence, each seal names the newest checkpoint that this process knows: no checkpoint can vanish alone.
    """

    def __init__(self, database: Database, signer: Signer, evidence: Evidence | None = None) -> None:
        self._database = database
        self._signer = signer
        self._evidence = evidence
        self._look: asyncio.Future[bool] | None = None

    async def seal(self) -> Sealed:
        """Seal the settled entries of every tenant; of a long backlog, the oldest."""
        async with self._database.system_transaction() as connection:
            waiting = await repository.tenants_to_seal(connection)
        counts = [await self._try_tenant(tenant) for tenant, _ in waiting]
        sealed = [count for count in counts if count]
        oldest = max((age for _, age in waiting), default=0.0)
        return Sealed(sum(sealed), len(sealed), counts.count(None), oldest)

    async def _try_tenant(self, tenant: UUID) -> int | None:
        """Return how many entries were sealed; nothing if it failed, which must not hold up the other tenants."""
        try:
            return await self._seal_tenant(tenant)
        except Exception:
            log.exception("seal.failed", tenant=str(tenant))
            return None

    async def _seal_tenant(self, tenant: UUID) -> int:
        async with self._database.transaction(tenant) as connection:
            await repository.hold_chain(connection, tenant)
            last = await repository.last_seal(connection)
            start, previous, sequence = (last.upto_xid, last.digest, last.sequence) if last else (0, GENESIS, 0)
            settled = await repository.settled_xid(connection)
            end = await repository.step_end(connection, start, settled, _ENTRIES_A_SEAL)
            entries = await repository.entries_between(connection, start, end)
            if not entries:
                return 0
            await self._demand_care()
            seal = self._unsigned(sequence + 1, end, len(entries), digest(previous, entries))
            signature = self._signer.sign(statement(tenant, seal))
            await repository.add_seal(connection, tenant, replace(seal, signature=signature))
            return len(entries)

    async def _demand_care(self) -> None:
        """Refuse to sign with a key that was retired. The chain is held: the successor waits before it looks at it."""
        if self._evidence and not await self._in_care(self._evidence):
            raise EvidenceError(
                f"The key {self._signer.key_id} does not sign any more: another one has taken over. Restart this "
                "process with that in SLIPWAY_AUDIT_KEY_FILE."
            )

    async def _in_care(self, evidence: Evidence) -> bool:
        """Look; storage that hangs holds up no seal, and one thread at most."""
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(asyncio.to_thread(evidence.in_care, CHECKPOINTS))
        done, _ = await asyncio.wait({self._look}, timeout=_LOOK_SECONDS)
        return not done or self._look.result()

    def _unsigned(self, sequence: int, end: int, entries: int, covered: bytes) -> Seal:
        known = self._evidence.seen(CHECKPOINTS) if self._evidence else None
        number, line = (known.number, known.digest) if known else (None, None)
        return Seal(sequence, end, entries, covered, b"", self._signer.key_id, clock.now(), FORMAT, number, line)
