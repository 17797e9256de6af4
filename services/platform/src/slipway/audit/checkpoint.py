"""What a checkpoint says: how far each tenant's chain went, and what was written beyond it."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from slipway.evidence import Line
from slipway.keys.signer import key_id_of

CHECKPOINTS = "checkpoints"
"""The stream of evidence that they are in."""


class Kind(StrEnum):
    """What a line of the stream tells; a change of the key is told by the evidence itself."""

    CHECKPOINT = "checkpoint"
    RESTORED = "restored"
    ARCHIVED = "archived"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a chain (sequence 0: none yet), and the entries that no seal covered at the snapshot.

    `tail` counts them, `tail_digest` is over them as a seal's would be, in the order of their transactions.
    """

    sequence: int
    digest: bytes
    upto_xid: int
    tail: int
    tail_digest: bytes


@dataclass(frozen=True, slots=True)
class Whole:
    """Says that all chains are named, in so many lines with the same id, of which this is one; the first is 1."""

    id: str
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A line that was read. Unless it is part of a whole, `heads` has the chains that had changed."""

    number: int
    at: datetime
    kind: Kind
    snapshot: str
    heads: Mapping[UUID, Head]
    whole: Whole | None = None
    reason: str = ""
    agreed: Mapping[UUID, int] = field(default_factory=dict)
    """At a restore: of chains that are not as checkpoints before said, up to which seal they still are."""
    since: str = ""
    """When the first checkpoint was made that is not borne out (ISO 8601, UTC)."""
    lacks: frozenset[UUID] = frozenset()
    """Whose chain could not be read."""
    keys: tuple[str, ...] = ()
    """Where older lines were moved away: the ids of all keys until then."""


def body(
    kind: Kind, snapshot: str, heads: Mapping[UUID, Head], whole: Whole | None = None, **more: Any
) -> dict[str, Any]:
    """Return a checkpoint as the body of a line; of what else it says, what is not empty."""
    told = {
        str(tenant): [head.sequence, head.digest.hex(), head.upto_xid, head.tail, head.tail_digest.hex()]
        for tenant, head in heads.items()
    }
    known = {"kind": str(kind), "snapshot": snapshot, "heads": told} | ({"whole": astuple(whole)} if whole else {})
    return known | {name: value for name, value in more.items() if value}


def read_checkpoint(line: Line) -> Checkpoint | None:
    """Read a line; None if it tells of something else."""
    body = line.body
    if body.get("kind") not in set(Kind):
        return None
    return Checkpoint(
        line.number,
        line.at,
        Kind(body["kind"]),
        body["snapshot"],
        {UUID(tenant): _head(*told) for tenant, told in body["heads"].items()},
        Whole(*body["whole"]) if "whole" in body else None,
        body.get("reason", ""),
        {UUID(tenant): sequence for tenant, sequence in body.get("agreed", {}).items()},
        body.get("since", ""),
        frozenset(map(UUID, body.get("lacks", []))),
        tuple(key_id_of(bytes.fromhex(key)) for key in body.get("keys", [])),
    )


def _head(sequence: int, digest: str, upto_xid: int, tail: int, tail_digest: str) -> Head:
    return Head(sequence, bytes.fromhex(digest), upto_xid, tail, bytes.fromhex(tail_digest))
