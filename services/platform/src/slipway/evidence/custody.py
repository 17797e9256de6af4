"""Which key signs which lines: a change of the key is a line that both keys sign.

Trust begins at the key that is in use. It has signed for the whole stream before its first line, and so for the key
that was in use until then; and so on, back to the first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slipway.evidence.line import Line
from slipway.keys.signer import AuditSigner, key_id_of, signed_by

KIND = "key"
"""`kind` of the body of a line that changes the key."""


@dataclass(frozen=True, slots=True)
class Custody:
    """The keys of a stream, from the first to the one in use: their public halves by id."""

    keys: Mapping[str, bytes]

    def first(self) -> str:
        """Return the id of the key that signed the first line."""
        return next(iter(self.keys))

    def signed(self, line: Line) -> bool:
        """Tell whether the key that the line names has signed it, and is one of ours."""
        public = self.keys.get(line.key)
        return public is not None and signed_by(public, line.statement(), _bytes(line.signature))


def handing_over(line: Line, signer: AuditSigner, successor: AuditSigner) -> Line:
    """Return the line as the one by which `signer` gives the stream to `successor`, who has signed for it already."""
    body = {"kind": KIND, "retired": signer.public_key.hex(), "public": successor.public_key.hex()}
    accepted = successor.sign(_acceptance(line, body))
    return replace(line, body=body | {"accepted": accepted.hex()})


def next_key(line: Line) -> str:
    """Return the id of the key that signs the line after this one."""
    return key_id_of(_bytes(line.body.get("public"))) if line.body.get("kind") == KIND else line.key


def custody(changes: Iterable[Line], current: AuditSigner) -> Custody:
    """Return the keys that the one in use vouches for, by the lines that changed the key."""
    keys = [(current.key_id, current.public_key), *_retired(list(changes), current.public_key)]
    return Custody(dict(reversed(keys)))


def _retired(changes: list[Line], vouching: bytes) -> Iterator[tuple[str, bytes]]:
    for line in reversed(changes):
        retired = _bytes(line.body.get("retired"))
        told = {name: value for name, value in line.body.items() if name != "accepted"}
        if _bytes(line.body.get("public")) != vouching or key_id_of(retired) != line.key:
            return
        if not signed_by(vouching, _acceptance(line, told), _bytes(line.body.get("accepted"))):
            return
        yield line.key, retired
        vouching = retired


def _acceptance(line: Line, body: Mapping[str, Any]) -> bytes:
    words = (line.stream, line.number, line.previous, body["retired"], body["public"])
    return " ".join(map(str, ("slipway.evidence.key/1", *words))).encode()


def _bytes(value: object) -> bytes:
    """Return what our own hexadecimal digits say; nothing for any other spelling, which would be another line."""
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
    return found if found.hex() == value else b""
