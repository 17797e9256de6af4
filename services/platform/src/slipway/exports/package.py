"""The package as the requester gets it: parts, each encrypted to them by HPKE (RFC 9180), one after another.

    slipway-export/1 <id of the export>     and a line feed, 0x0A
    then for each part
        4 bytes     length of what follows, big endian
        32 bytes    encapsulated key
        n bytes     ciphertext, and its tag of 16 bytes

HPKE is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM in the base mode, one message a part. Its `info` is the
first line, the number of the part from 0, and `more` or `last`, with a space between them: a part that was lost,
repeated, moved, cut off at the end or taken from another package does not open. Opened and joined, the parts are a tar
archive. As no part needs another, a package of any size is made and opened in the memory of one part.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

_LENGTH = struct.Struct(">I")
_NAME = b"slipway-export/1"
_LONGEST_HEAD = 100
_LONGEST_PART = 2**26
"""64 MiB. Parts are of 256 KiB, or of one record where that is longer."""


class PackageBroken(ValueError):  # noqa: N818  # it says what happened
    """A package does not open: it was changed or cut off, or is for somebody else."""


def head(export_id: UUID) -> bytes:
    """Return the first line of a package."""
    return _NAME + b" " + str(export_id).encode() + b"\n"


def encrypt_part(recipient: X25519PublicKey, export_id: UUID, number: int, content: bytes, *, last: bool) -> bytes:
    """Return a part as it stands in the package, its length in front."""
    message = SUITE.encrypt(content, recipient, _info(head(export_id).strip(), number, last=last))
    return _LENGTH.pack(len(message)) + message


def decrypt_parts(package: BinaryIO, key: X25519PrivateKey) -> Iterator[bytes]:
    """Yield the contents of a package, part by part.

    Raises:
        PackageBroken: it was changed or cut off, or is for another key. What was yielded before is not all of it.
    """
    first = package.readline(_LONGEST_HEAD)
    if not (first.startswith(_NAME + b" ") and first.endswith(b"\n")):
        raise PackageBroken("This is no export of Slipway's, or of a version that this one does not know.")
    number, length = 0, package.read(_LENGTH.size)
    if not length:
        raise PackageBroken("The package has no parts: fetch it again.")
    while length:
        message = _message(package, length)
        length = package.read(_LENGTH.size)
        try:
            yield SUITE.decrypt(message, key, _info(first.strip(), number, last=not length))
        except (InvalidTag, ValueError):
            raise PackageBroken(
                f"Part {number} does not open: the package is for another key, or was changed or cut off."
            ) from None
        number += 1


def _message(package: BinaryIO, length: bytes) -> bytes:
    size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else 0
    message = package.read(size) if 0 < size <= _LONGEST_PART else b""
    if not message or len(message) != size:
        raise PackageBroken("The package was changed or cut off: fetch it again.")
    return message


def _info(first: bytes, number: int, *, last: bool) -> bytes:
    return b"%b %d %b" % (first, number, b"last" if last else b"more")
