"""One line of evidence: canonical JSON that names the line before it by digest, and is signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

GENESIS = "0" * 64
"""What the first line of a stream is chained to."""
_FIELDS = {"at", "body", "key", "number", "previous", "signature", "stream"}


@dataclass(frozen=True)
class Line:
    """A line as it is in the file. Times are UTC; `previous` and `signature` are hexadecimal."""

    stream: str
    number: int
    at: datetime
    previous: str
    key: str
    body: Mapping[str, Any]
    signature: str = ""

    @cached_property
    def raw(self) -> bytes:
        """The line's bytes, without the line feed."""
        return _canonical(self._values() | {"signature": self.signature})

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of `raw`, by which the next line names this one."""
        return hashlib.sha256(self.raw).digest()

    def statement(self) -> bytes:
        """Return the bytes that the signature is over."""
        return b"slipway.evidence/1 " + _canonical(self._values())

    def signed(self, signature: bytes) -> "Line":
        """Return the line with its signature."""
        return replace(self, signature=signature.hex())

    def _values(self) -> dict[str, Any]:
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        known = {"stream": self.stream, "number": self.number, "at": at, "previous": self.previous}
        return known | {"key": self.key, "body": self.body}


def parse(raw: bytes) -> Line | None:
    """Read a line; None if this is none, or not byte for byte as it would be written."""
    try:
        values = json.loads(raw)
        if not isinstance(values, dict) or values.keys() != _FIELDS or not isinstance(values["body"], dict):
            return None
        line = Line(**values | {"at": datetime.fromisoformat(values["at"])})
        return line if line.raw == raw and isinstance(line.number, int) else None
    except (ValueError, TypeError):  # of somebody else's making, or half written when a machine died
        return None


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
