"""Compares the database with the checkpoints that are kept apart from it."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from slipway.audit import repository
from slipway.audit.chain import GENESIS, digest
from slipway.audit.checkpoint import CHECKPOINTS, Checkpoint, Head, Kind, read_checkpoint
from slipway.audit.checkpointer import TAIL
from slipway.audit.repository import Seal
from slipway.database import Database
from slipway.evidence import BrokenEvidenceError, Evidence

_HEADS_AT_ONCE = 2_000
PROMISED = timedelta(seconds=60)
"""An entry is covered by a checkpoint at most so long after it was written."""


@dataclass
class Testimony:
    """What the checkpoints say of the database. One fault a tenant is kept, the first."""

    lines: int = 0
    newest: datetime | None = None
    broken: str | None = None
    faults: dict[UUID, str] = field(default_factory=dict)
    tenants: set[UUID] = field(default_factory=set)
    """Those that the database must have: since the last restore, if there was one."""
    restores: list[tuple[datetime, str]] = field(default_factory=list)


class Comparison:
    """Holds the database against each checkpoint. First it is shown all seals, then it reads the checkpoints.

    In this order a log may be checked that is being written: what a seal names has been written before it, and so has
    what a checkpoint names. In memory are eight bytes for each checkpoint.
    """

    def __init__(self, database: Database, evidence: Evidence) -> None:
        """Look through the lines for restores, which say what is not to be expected of the database any more.

        Raises:
            EvidenceError: the folder cannot be read.
        """
        self._database = database
        self._evidence = evidence
        self._named = array("Q", [0])
        self._restores = _restores(evidence)
        self._unknown = 0
        self.testimony = Testimony()

    async def compare(self) -> Testimony:
        """Check the lines themselves, and that the database has every seal and every unsealed entry that they name.

        To be called once all seals were seen.
        """
        waiting: dict[UUID, list[tuple[Checkpoint, Head]]] = defaultdict(list)
        count = 0
        for checkpoint in self._held():
            for tenant, head in checkpoint.heads.items():
                waiting[tenant].append((checkpoint, head))
                count += 1
            if count >= _HEADS_AT_ONCE:
                await self._check(waiting)
                waiting, count = defaultdict(list), 0
        await self._check(waiting)
        return self.testimony

    def see(self, tenant: UUID, seal: Seal) -> None:
        """Remember the newest checkpoint that the sealer of a seal knew."""
        if seal.checkpoint is None or seal.checkpoint_digest is None or self._replaced(tenant, seal.sequence):
            return
        self._named.extend([0] * (seal.checkpoint + 1 - len(self._named)))
        known, told = self._named[seal.checkpoint], _print(seal.checkpoint_digest)
        if known not in (0, told):
            self._unknown = max(self._unknown, seal.checkpoint)
        self._named[seal.checkpoint] = told

    def judge(self, tenants: Collection[UUID], newest_seal: datetime | None, now: datetime) -> None:
        """Say what is wrong as a whole, when all was compared; these are the tenants whom the database has."""
        told = self.testimony
        for tenant in told.tenants.difference(tenants):
            told.faults.setdefault(tenant, "the tenant is not in the database any more")
        unknown = max(self._unknown, len(self._named) - 1 if len(self._named) - 1 > told.lines else 0)
        if told.broken:
            return
        if unknown:
            told.broken = f"line {unknown}: a seal names it, and it is missing or another one"
        elif told.newest is None and newest_seal and now - newest_seal > PROMISED:
            told.broken = f"there are none, though the database has seals since before {newest_seal:%Y-%m-%d %H:%M:%S}"
        elif told.newest and newest_seal and newest_seal - told.newest > PROMISED:
            told.broken = (
                f"the newest is of {told.newest:%Y-%m-%d %H:%M:%S}, and there are seals until "
                f"{newest_seal:%Y-%m-%d %H:%M:%S}: they were cut off, or are not written"
            )

    def _held(self) -> Iterator[Checkpoint]:
        told, since = self.testimony, max((restore[0].number for restore in self._restores), default=0)
        try:
            for line in self._evidence.read(CHECKPOINTS):
                told.lines, told.newest = line.number, line.at
                if line.number < len(self._named) and self._named[line.number] not in (0, _print(line.digest)):
                    self._unknown = max(self._unknown, line.number)
                checkpoint = read_checkpoint(line)
                if checkpoint:
                    told.tenants |= checkpoint.heads.keys() if line.number >= since else set()
                    yield checkpoint
        except BrokenEvidenceError as error:
            told.broken = str(error)
        told.restores = [(restore[0].at, restore[0].reason) for restore in self._restores]

    async def _check(self, waiting: Mapping[UUID, list[tuple[Checkpoint, Head]]]) -> None:
        for tenant, heads in waiting.items():
            if tenant not in self.testimony.faults:
                fault = await self._fault(tenant, heads)
                if fault:
                    self.testimony.faults[tenant] = fault

    async def _fault(self, tenant: UUID, heads: list[tuple[Checkpoint, Head]]) -> str | None:
        expected = [(checkpoint, head) for checkpoint, head in heads if self._expected(tenant, checkpoint, head)]
        async with self._database.transaction(tenant) as connection:
            seals = await repository.seals_at(connection, {head.sequence for _, head in expected})
        for checkpoint, head in expected:
            fault = _missing(head, seals.get(head.sequence)) or await self._tail(tenant, checkpoint, head)
            if fault:
                return f"{fault}, says the checkpoint {checkpoint.number} of {checkpoint.at:%Y-%m-%d %H:%M:%S}"
        return None

    async def _tail(self, tenant: UUID, checkpoint: Checkpoint, head: Head) -> str | None:
        if not head.tail or self._bound(tenant, checkpoint) == head.sequence:
            return None
        async with self._database.transaction(tenant) as connection:
            entries = await repository.unsealed_then(connection, head.upto_xid, checkpoint.snapshot, TAIL)
        if len(entries) == head.tail and digest(head.digest, entries) == head.tail_digest:
            return None
        return f"{head.tail} entries followed on seal {head.sequence}, of which one is missing or changed"

    def _expected(self, tenant: UUID, checkpoint: Checkpoint, head: Head) -> bool:
        bound = self._bound(tenant, checkpoint)
        return bound is None or head.sequence <= bound

    def _bound(self, tenant: UUID, checkpoint: Checkpoint) -> int | None:
        """Return the last seal that a later restore has left of those that were there; None if there was no restore."""
        later = [parts for parts in self._restores if parts[0].number > checkpoint.number]
        return min((_left(parts, tenant) for parts in later), default=None)

    def _replaced(self, tenant: UUID, sequence: int) -> bool:
        return any(sequence <= _left(parts, tenant) for parts in self._restores)


def _restores(evidence: Evidence) -> list[list[Checkpoint]]:
    """Return the restores, each of as many lines as were needed for all tenants: they share a snapshot.

    A line that nobody of ours has signed is passed over: the check of all lines will stop at it.
    """
    found: dict[str, list[Checkpoint]] = {}
    held = evidence.custody(CHECKPOINTS)
    for line in filter(held.signed, evidence.unverified(CHECKPOINTS, Kind.RESTORED)):
        checkpoint = read_checkpoint(line)
        if checkpoint:
            found.setdefault(checkpoint.snapshot, []).append(checkpoint)
    return list(found.values())


def _left(parts: list[Checkpoint], tenant: UUID) -> int:
    return max((part.heads[tenant].sequence for part in parts if tenant in part.heads), default=0)


def _missing(head: Head, seal: Seal | None) -> str | None:
    if head.sequence == 0:
        return None if head.digest == GENESIS else "its beginning is another"
    if seal is None:
        return f"seal {head.sequence} was there, and is missing"
    same = seal.digest == head.digest and seal.upto_xid == head.upto_xid
    return None if same else f"seal {head.sequence} was another one"


def _print(digest: bytes) -> int:
    return int.from_bytes(digest[:8])
