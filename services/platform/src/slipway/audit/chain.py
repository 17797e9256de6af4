"""What a seal covers and proves: a hash over the previous seal's digest and every entry, signed."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row

from slipway.audit.repository import Seal

GENESIS = bytes(32)
"""What the first seal of a tenant is chained to."""


class Signer(Protocol):
    """Signs seals; the public half checks them."""

    @property
    def key_id(self) -> str:
        """Name of the key pair."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return a signature of the message."""
        ...

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is of this message and this key."""
        ...


def digest(previous: bytes, entries: Iterable[Row[Any]]) -> bytes:
    """Hash the entries, each as a canonical JSON line, onto the previous digest."""
    running = hashlib.sha256(previous)
    for entry in entries:
        fields = [
            entry.id,
            entry.at.astimezone(UTC).isoformat(),
            entry.actor,
            entry.action,
            entry.resource,
            entry.detail,
            entry.trace_id,
        ]
        running.update(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return running.digest()


def statement(tenant: UUID, seal: Seal) -> bytes:
    """Return the bytes that a seal's signature is over."""
    sealed_at = seal.sealed_at.astimezone(UTC).isoformat()
    words = ("slipway.audit/1", tenant, seal.sequence, seal.upto_xid, seal.entries, seal.digest.hex(), sealed_at)
    return " ".join(map(str, words)).encode()
