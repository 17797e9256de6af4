"""What a checkpoint says: how far each tenant's chain went, and what was written beyond it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from slipway.evidence import Line

CHECKPOINTS = "checkpoints"
"""The stream of evidence that they are in."""


class Kind(StrEnum):
    """What a line of the stream tells; a change of the key is told by the evidence itself."""

    CHECKPOINT = "checkpoint"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a chain (sequence 0: none yet), and the entries that no seal covered at the snapshot.

    `tail` counts them, `tail_digest` is over them as a seal's would be.
    """

    sequence: int
    digest: bytes
    upto_xid: int
    tail: int
    tail_digest: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A line that was read. `heads` has the chains that had changed; after a restore, all."""

    number: int
    at: datetime
    kind: Kind
    snapshot: str
    heads: Mapping[UUID, Head]
    reason: str


def body(kind: Kind, snapshot: str, heads: Mapping[UUID, Head], reason: str = "") -> dict[str, Any]:
    """Return a checkpoint as the body of a line."""
    told = {
        str(tenant): [head.sequence, head.digest.hex(), head.upto_xid, head.tail, head.tail_digest.hex()]
        for tenant, head in heads.items()
    }
    return {"kind": str(kind), "snapshot": snapshot, "heads": told} | ({"reason": reason} if reason else {})


def read_checkpoint(line: Line) -> Checkpoint | None:
    """Read a line; None if it tells of something else."""
    if line.body.get("kind") not in set(Kind):
        return None
    heads = {UUID(tenant): _head(*told) for tenant, told in line.body["heads"].items()}
    kind, reason = Kind(line.body["kind"]), line.body.get("reason", "")
    return Checkpoint(line.number, line.at, kind, line.body["snapshot"], heads, reason)


def _head(sequence: int, digest: str, upto_xid: int, tail: int, tail_digest: str) -> Head:
    return Head(sequence, bytes.fromhex(digest), upto_xid, tail, bytes.fromhex(tail_digest))
