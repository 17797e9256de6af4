"""Compares the database with the checkpoints that are kept apart from it."""

from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from slipway.audit import repository
from slipway.audit.chain import GENESIS
from slipway.audit.chain_check import UNREADABLE, UNREADABLE_ERRORS
from slipway.audit.checkpoint import CHECKPOINTS, Checkpoint, Head, read_checkpoint
from slipway.audit.heads import read_tail
from slipway.audit.history import Event, History
from slipway.audit.repository import Seal
from slipway.database import Database
from slipway.evidence import BrokenEvidenceError, Evidence

_HEADS_AT_ONCE = 2_000
PROMISED = timedelta(seconds=60)
"""An entry is covered by a checkpoint at most so long after it was written."""

_Heads = list[tuple[Checkpoint, Head]]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A checkpoint that the database does not bear out. `left`: the last seal that it does not contradict."""

    tenant: UUID
    checkpoint: Checkpoint
    left: int
    what: str

    def __str__(self) -> str:
        return f"{self.what}, says the checkpoint {self.checkpoint.number} of {self.checkpoint.at:%Y-%m-%d %H:%M:%S}"


@dataclass
class Testimony:
    """What the checkpoints say of the database. One fault a tenant is kept, the first."""

    lines: int = 0
    newest: datetime | None = None
    broken: str | None = None
    faults: dict[UUID, str] = field(default_factory=dict)
    tenants: set[UUID] = field(default_factory=set)
    """Those that the database must have: since the last restore, if there was one."""
    events: list[Event] = field(default_factory=list)
    """What was declared, in the order of time."""


class Comparison:
    """Holds the database against each checkpoint. First it is shown all seals, then it reads the checkpoints.

    In this order a log may be checked that is being written: what a seal names has been written before it, and so has
    what a checkpoint names. In memory are eight bytes for each checkpoint.
    """

    def __init__(self, database: Database, evidence: Evidence) -> None:
        """Look through the lines for what is not to be expected of the database any more.

        Raises:
            EvidenceError: the folder cannot be read.
        """
        self._database = database
        self._evidence = evidence
        self._named = array("Q", [0])
        self._unknown = 0
        self.history = History(evidence)
        self.testimony = Testimony(events=sorted(self.history.events, key=lambda event: event.when))

    async def compare(self) -> Testimony:
        """Check the lines themselves, and that the database has every seal and every unsealed entry that they name.

        To be called once all seals were seen.
        """
        try:
            async for found in self.contradictions():
                self.testimony.faults.setdefault(found.tenant, str(found))
        except BrokenEvidenceError as error:
            self.testimony.broken = str(error)
        return self.testimony

    async def contradictions(self) -> AsyncIterator[Contradiction]:
        """Yield, in the order of the checkpoints, what the database does not have of what it must.

        Raises:
            BrokenEvidenceError: a line does not hold; what is before it was compared.
        """
        for heads in self._batches():
            for tenant, theirs in heads.items():
                for found in await self._of_tenant(tenant, theirs):
                    yield found

    def see(self, tenant: UUID, seal: Seal) -> None:
        """Remember the newest checkpoint that the sealer of a seal knew."""
        confirmed = self.history.confirmed(tenant, seal.sequence)
        if seal.checkpoint is None or seal.checkpoint_digest is None or confirmed:
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

    def _batches(self) -> Iterator[dict[UUID, _Heads]]:
        heads: dict[UUID, _Heads] = defaultdict(list)
        broken = None
        try:
            for checkpoint in self._checkpoints():
                for tenant, head in checkpoint.heads.items():
                    heads[tenant].append((checkpoint, head))
                if sum(map(len, heads.values())) >= _HEADS_AT_ONCE:
                    yield heads
                    heads = defaultdict(list)
        except BrokenEvidenceError as error:
            broken = error
        yield heads
        if broken:
            raise broken

    def _checkpoints(self) -> Iterator[Checkpoint]:
        told = self.testimony
        for line in self._evidence.read(CHECKPOINTS):
            told.lines, told.newest = line.number, line.at
            if line.number < len(self._named) and self._named[line.number] not in (0, _print(line.digest)):
                self._unknown = max(self._unknown, line.number)
            checkpoint = read_checkpoint(line)
            if checkpoint:
                told.tenants |= self.history.present(checkpoint)
                yield checkpoint

    async def _of_tenant(self, tenant: UUID, heads: _Heads) -> list[Contradiction]:
        expected = [(checkpoint, head) for checkpoint, head in heads if self.history.expects(tenant, checkpoint, head)]
        try:
            async with self._database.transaction(tenant) as connection:
                seals = await repository.seals_at(connection, {head.sequence for _, head in expected})
            each = [await self._compare(tenant, *pair, seals.get(pair[1].sequence)) for pair in expected]
        except UNREADABLE_ERRORS:
            return [Contradiction(tenant, heads[0][0], 0, UNREADABLE)]
        return [found for found in each if found]

    async def _compare(
        self, tenant: UUID, checkpoint: Checkpoint, head: Head, seal: Seal | None
    ) -> Contradiction | None:
        fault = _missing(head, seal)
        if fault:
            return Contradiction(tenant, checkpoint, head.sequence - 1, fault)
        if not head.tail or self.history.bound(tenant, checkpoint.number) == head.sequence:
            return None
        async with self._database.transaction(tenant) as connection:
            tail = await read_tail(connection, head.upto_xid, checkpoint.snapshot, head.digest)
        if tail == (head.tail, head.tail_digest):
            return None
        what = f"{head.tail} entries followed on seal {head.sequence}, of which one is missing or changed"
        return Contradiction(tenant, checkpoint, head.sequence, what)


def _missing(head: Head, seal: Seal | None) -> str | None:
    if head.sequence == 0:
        return None if head.digest == GENESIS else "its beginning is another"
    if seal is None:
        return f"seal {head.sequence} was there, and is missing"
    same = seal.digest == head.digest and seal.upto_xid == head.upto_xid
    return None if same else f"seal {head.sequence} was another one"


def _print(digest: bytes) -> int:
    return int.from_bytes(digest[:8])
