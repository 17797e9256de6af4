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
from slipway.evidence import BrokenEvidenceError, Evidence, Line

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
    """Reads all checkpoints once, and holds the database against each. Keeps eight bytes of each line in memory."""

    def __init__(self, database: Database, evidence: Evidence) -> None:
        """Look through the lines for restores, which say what is not to be expected of the database any more.

        Raises:
            EvidenceError: the folder cannot be read.
        """
        self._database = database
        self._evidence = evidence
        self._prints = array("Q")
        self._restores = _restores(evidence)
        self._unknown = 0
        self.testimony = Testimony()

    async def compare(self) -> Testimony:
        """Check the lines themselves, and that the database has every seal and every unsealed entry that they name."""
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
        """Hold a seal, which names the newest checkpoint that its sealer knew, against the checkpoints."""
        if seal.checkpoint is None or seal.checkpoint_digest is None or self._replaced(tenant, seal.sequence):
            return
        known = seal.checkpoint <= len(self._prints)
        if not known or self._prints[seal.checkpoint - 1] != _print(seal.checkpoint_digest):
            self._unknown = max(self._unknown, seal.checkpoint)

    def judge(self, tenants: Collection[UUID], newest_seal: datetime | None, now: datetime) -> None:
        """Say what is wrong as a whole, once all seals of these tenants, whom the database has, were seen."""
        told = self.testimony
        for tenant in told.tenants.difference(tenants):
            told.faults.setdefault(tenant, "the tenant is not in the database any more")
        if told.broken:
            return
        if self._unknown:
            told.broken = f"line {self._unknown}: a seal names it, and it is missing or another one"
        elif told.newest is None and newest_seal and now - newest_seal > PROMISED:
            told.broken = f"there are none, though the database has seals since before {newest_seal:%Y-%m-%d %H:%M:%S}"
        elif told.newest and newest_seal and self._late(told.newest, newest_seal):
            told.broken = (
                f"the newest is of {told.newest:%Y-%m-%d %H:%M:%S}, and there are seals until "
                f"{newest_seal:%Y-%m-%d %H:%M:%S}: they were cut off, or are not written"
            )

    def _late(self, newest: datetime, newest_seal: datetime) -> bool:
        """Tell whether seals go on beyond the checkpoints, also beyond one that was written since they were read."""
        again = self._evidence.newest(CHECKPOINTS)
        return newest_seal - newest > PROMISED and not (again and newest_seal - again.at <= PROMISED)

    def _held(self) -> Iterator[Checkpoint]:
        told, since = self.testimony, max((restore[0].number for restore in self._restores), default=0)
        try:
            for line in self._evidence.read(CHECKPOINTS):
                self._prints.append(_print(line.digest))
                told.lines, told.newest = line.number, line.at
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
    """Return the restores, each of as many lines as were needed for all tenants: they share a snapshot."""
    found: dict[str, list[Checkpoint]] = {}
    for line in evidence.unverified(CHECKPOINTS, Kind.RESTORED):
        checkpoint = _unverified(line)
        if checkpoint:
            found.setdefault(checkpoint.snapshot, []).append(checkpoint)
    return list(found.values())


def _unverified(line: Line) -> Checkpoint | None:
    """Read a line that may have been changed; None if it makes no sense: the check of the lines will stop at it."""
    try:
        return read_checkpoint(line)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


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
