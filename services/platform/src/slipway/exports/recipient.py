"""The public key that an export is encrypted to: X25519, as the requester sends it."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from slipway.exports.package import SUITE

_PEM = "-----BEGIN PUBLIC KEY-----"
_PRIVATE = "PRIVATE KEY-----"
_BYTES = 32


class RecipientRefused(ValueError):  # noqa: N818  # it says what happened
    """It is no key that an export can be encrypted to. The text says what to send, and repeats nothing."""


def parse_recipient(text: str) -> X25519PublicKey:
    """Return the key: PEM (`BEGIN PUBLIC KEY`), or its 32 bytes in base64, of either alphabet.

    Raises:
        RecipientRefused: it is something else.
    """
    if _PRIVATE in text:
        raise RecipientRefused(
            "This is a private key, which nobody else may have: make a new pair, send the public one."
        )
    key = _from_pem(text) if text.strip().startswith(_PEM) else _from_base64(text)
    try:
        SUITE.encrypt(b"", key)
    except ValueError:
        raise RecipientRefused(
            "Nothing can be encrypted to this key: everybody could open it. Make a new pair."
        ) from None
    return key


def _from_pem(text: str) -> X25519PublicKey:
    try:
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise RecipientRefused("The PEM cannot be read: send what `openssl pkey -pubout` prints.") from None
    if not isinstance(key, X25519PublicKey):
        raise RecipientRefused("The key is of another kind: make it with `openssl genpkey -algorithm x25519`.")
    return key


def _from_base64(text: str) -> X25519PublicKey:
    compact = "".join(text.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        content = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != _BYTES:
        raise RecipientRefused("Send an X25519 public key: as PEM, or its 32 bytes in base64.")
    return X25519PublicKey.from_public_bytes(content)
