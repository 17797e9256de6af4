"""Chains and signs the audit log, tenant by tenant, so that writers never wait for each other.

What was written since the last seal (about a second) is the unsealed window: until then an entry is protected by the
database's grants alone. A transaction that stays open anywhere on the server keeps the window open behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from slipway import clock
from slipway.audit import repository
from slipway.audit.chain import GENESIS, Signer, digest, statement
from slipway.audit.repository import Seal
from slipway.database import Database
from slipway.telemetry.logs import get_logger

_ENTRIES_A_SEAL = 5_000
"""Keeps a seal's statements far below the statement timeout, however long the backlog is."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round of the sealer did."""

    entries: int
    seals: int
    failed: int
    oldest_seconds: float


class Sealer:
    """Seals what has settled. Any number of processes may run one: they take turns on a tenant's chain."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer

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
            covered = digest(previous, entries)
            unsigned = Seal(sequence + 1, end, len(entries), covered, b"", self._signer.key_id, clock.now())
            await repository.add_seal(connection, tenant, self._signed(tenant, unsigned))
            return len(entries)

    def _signed(self, tenant: UUID, seal: Seal) -> Seal:
        return replace(seal, signature=self._signer.sign(statement(tenant, seal)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of a tenant's chain found. `broken` names the first seal that does not hold, and why."""

    seals: int
    entries: int
    broken: str | None


async def verify(database: Database, signer: Signer, tenant: UUID) -> Verdict:
    """Check every seal of a tenant against its signature, its predecessor and the entries it covers.

    Whoever cuts off the newest seals leaves a shorter chain that holds: compare the count with an earlier verdict's.
    """
    async with database.transaction(tenant) as connection:
        seals = await repository.all_seals(connection)
    start, previous, checked = 0, GENESIS, 0
    for number, seal in enumerate(seals, start=1):
        async with database.transaction(tenant) as connection:
            entries = await repository.entries_between(connection, start, seal.upto_xid)
        broken = _gap(seal, number) or _forgery(signer, tenant, seal) or _change(seal, previous, entries)
        if broken:
            return Verdict(number - 1, checked, f"seal {number}: {broken}")
        start, previous, checked = seal.upto_xid, seal.digest, checked + len(entries)
    return Verdict(len(seals), checked, None)


def _gap(seal: Seal, number: int) -> str | None:
    return None if seal.sequence == number else f"it has the number {seal.sequence}: a seal before it is missing"


def _forgery(signer: Signer, tenant: UUID, seal: Seal) -> str | None:
    if signer.verify(statement(tenant, seal), seal.signature):
        return None
    return "its signature is not ours: it was changed, or signed with another key"


def _change(seal: Seal, previous: bytes, entries: Sequence[Row[Any]]) -> str | None:
    if seal.entries != len(entries):
        return f"it covers {seal.entries} entries, of which {len(entries)} are there"
    return None if seal.digest == digest(previous, entries) else "an entry that it covers was changed"
