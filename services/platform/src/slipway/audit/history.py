"""What the checkpoints say of a log's life: restores, tenants that were removed, keys that were retired."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from slipway.audit.checkpoint import CHECKPOINTS, Checkpoint, Head, Kind, read_checkpoint
from slipway.audit.repository import Seal
from slipway.evidence import Evidence, Line
from slipway.keys.signer import key_id_of

_ANY = 2**63


@dataclass(frozen=True, slots=True)
class _Restore:
    """How far each chain went then, and of those that were not as checkpoints before had said, up to where they are."""

    number: int
    heads: dict[UUID, int]
    agreed: dict[UUID, int]

    def left(self, tenant: UUID) -> int | None:
        """Return the last seal that is still as it was; None if all are."""
        return self.agreed.get(tenant) if tenant in self.heads else 0


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody declared of the log: `when` is ISO 8601 in UTC."""

    what: str
    when: str
    why: str


class History:
    """Of the lines that a key of ours has signed, those that say more than how far chains go.

    A line that nobody of ours has signed is passed over: the check of all lines will stop at it.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Look through the lines.

        Raises:
            EvidenceError: the folder cannot be read.
        """
        self.keys = evidence.keys(CHECKPOINTS)
        """The public keys that may have signed seals, by id."""
        self.events: set[Event] = set()
        """Those in lines that were moved away are told by the line that let them go."""
        self._removed: dict[UUID, int] = {}
        self._restores: list[_Restore] = []
        self._confirmed: list[dict[UUID, int]] = []
        self._until: dict[str, dict[UUID, int]] = {}
        for line in evidence.signed(CHECKPOINTS, "tenant"):
            self._removed[UUID(line.body["tenant"])] = line.number
            self.events.add(_event(line))
        for line in evidence.signed(CHECKPOINTS, "past"):
            self.events |= {Event(*told) for told in line.body["past"]}
        self._take_in(evidence)

    def _take_in(self, evidence: Evidence) -> None:
        retired = {_retired(line): line.number for line in evidence.signed(CHECKPOINTS, "retired")}
        retired.pop(evidence.key_id, None)
        for parts in _wholes(evidence.signed(CHECKPOINTS, "whole")):
            first, last, heads = parts[0], parts[-1], _sequences(parts)
            if first.kind is Kind.RESTORED:
                agreed = {tenant: sequence for part in parts for tenant, sequence in part.agreed.items()}
                self._restores.append(_Restore(first.number, heads, agreed))
                self._back(heads, agreed)
                self.events.add(Event(_restored(last), last.at.isoformat(), last.reason))
            if first.kind is not Kind.CHECKPOINT:
                self._confirmed.append(heads)
            ended = {key for key, number in retired.items() if number < first.number}
            gone = {key for part in parts for key in part.keys if key not in retired and key != evidence.key_id}
            for key in (ended | gone) - self._until.keys():
                self._until[key] = dict(heads)

    def _back(self, heads: dict[UUID, int], agreed: dict[UUID, int]) -> None:
        """Let a retired key have sealed what a restore has brought back: another server may have gone on with it."""
        for until in self._until.values():
            until |= {tenant: max(heads[tenant], until.get(tenant, 0)) for tenant in agreed.keys() & heads.keys()}

    def retired(self, tenant: UUID, seal: Seal) -> bool:
        """Tell whether the key of a seal had been retired before the seal was made.

        The successor's first checkpoints name all chains: what comes behind them is not for the retired key any more.
        """
        until = self._until.get(seal.key_id)
        return until is not None and seal.sequence > until.get(tenant, 0)

    def bound(self, tenant: UUID, number: int) -> int | None:
        """Return the last seal that is left of those that the checkpoint of this number knew.

        None: all are. 0: none, also where the tenant was gone after a restore, or its log has been removed since.
        """
        if self._removed.get(tenant, 0) > number:
            return 0
        later = [restore.left(tenant) for restore in self._restores if restore.number > number]
        return min((left for left in later if left is not None), default=None)

    def expects(self, tenant: UUID, checkpoint: Checkpoint, head: Head) -> bool:
        """Tell whether the database still must have the newest seal of a checkpoint."""
        bound = self.bound(tenant, checkpoint.number)
        return bound is None or head.sequence <= bound

    def present(self, checkpoint: Checkpoint) -> set[UUID]:
        """Return the tenants of a checkpoint whom the database still must have."""
        if any(checkpoint.number < restore.number for restore in self._restores):
            return set()
        return {tenant for tenant in checkpoint.heads if self._removed.get(tenant, 0) < checkpoint.number}

    def confirmed(self, tenant: UUID, sequence: int) -> bool:
        """Tell whether a restore, or a line that let others go, has named a seal or one behind it.

        Then the checkpoint that the seal itself names need not be there.
        """
        return any(sequence <= heads.get(tenant, 0) for heads in self._confirmed)


def _wholes(lines: Iterable[Line]) -> Iterator[list[Checkpoint]]:
    """Yield the lines that name all chains together, once they are complete: some process was killed in between."""
    open_: dict[str, list[Checkpoint]] = defaultdict(list)
    for checkpoint in filter(None, map(read_checkpoint, lines)):
        if checkpoint.whole:
            open_[checkpoint.whole.id].append(checkpoint)
            if len(open_[checkpoint.whole.id]) == checkpoint.whole.parts:
                yield open_.pop(checkpoint.whole.id)


def _sequences(parts: list[Checkpoint]) -> dict[UUID, int]:
    """Return how far each chain went; of one that could not be read, nothing is known."""
    known = {tenant: head.sequence for part in parts for tenant, head in part.heads.items()}
    return {tenant: _ANY for part in parts for tenant in part.lacks} | known


def _restored(line: Checkpoint) -> str:
    since = f", without what checkpoints say of the log since {line.since}" if line.since else ""
    return f"restored from a backup{since}"


def _event(line: Line) -> Event:
    body: Any = line.body
    return Event(f"tenant {body['tenant']} removed", line.at.isoformat(), body["reason"])


def _retired(line: Line) -> str:
    return key_id_of(bytes.fromhex(line.body["retired"]))
