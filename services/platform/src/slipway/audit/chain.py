"""What a seal covers and proves: a hash over the previous seal's digest and every entry, signed.

There are two forms. The second one also covers the number of an entry's transaction and the very text of its detail
(the first reads the detail, for which 1.0 and 1.00 are the same), the key's id, and the checkpoint that was known. What
was sealed in the first form is verified in it.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row

from slipway.audit.repository import Seal

GENESIS = bytes(32)
"""What the first seal of a tenant is chained to."""
FORMAT = 2
"""The form of new seals."""


class Signer(Protocol):
    """Signs seals."""

    @property
    def key_id(self) -> str:
        """Name of the key pair."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature of the message."""
        ...


def digest(previous: bytes, entries: Iterable[Row[Any]], form: int = FORMAT) -> bytes:
    """Hash the entries, each as a canonical JSON line and by their ids, onto the previous digest."""
    running = hashlib.sha256(previous)
    for entry in sorted(entries, key=attrgetter("id")):
        running.update(words(entry, form))
    return running.digest()


def words(entry: Row[Any], form: int = FORMAT) -> bytes:
    """Return an entry as the canonical JSON line that is hashed."""
    fields = _fields(entry) if form == 1 else [entry.xid, entry.detail_text, *_fields(entry, detailed=False)]
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def statement(tenant: UUID, seal: Seal) -> bytes:
    """Return the bytes that a seal's signature is over."""
    sealed_at = seal.sealed_at.astimezone(UTC).isoformat()
    words = (tenant, seal.sequence, seal.upto_xid, seal.entries, seal.digest.hex(), sealed_at)
    if seal.format == 1:
        return " ".join(map(str, ("slipway.audit/1", *words))).encode()
    known = (seal.checkpoint, seal.checkpoint_digest.hex() if seal.checkpoint_digest is not None else None)
    return " ".join(map(str, (f"slipway.audit/{seal.format}", *words, seal.key_id, *known))).encode()


def _fields(entry: Row[Any], *, detailed: bool = True) -> list[Any]:
    at = entry.at.astimezone(UTC).isoformat()
    detail = [entry.detail] if detailed else []
    return [entry.id, at, entry.actor, entry.action, entry.resource, *detail, entry.trace_id]
