"""The Ed25519 key that signs the audit log's seals."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from slipway.keys.files import KeyFileError, read_key_file
from slipway.settings import Settings


class AuditSigner:
    """Signs with Ed25519. Whoever has `public_key` can verify."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Use `load`; this is for those who hold a key already."""
        self._key = key
        self.public_key = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        """32 bytes."""
        self.key_id = key_id_of(self.public_key)
        """Tells keys apart; stored beside each signature."""

    @classmethod
    def load(cls, settings: Settings) -> "AuditSigner":
        """Read the key of the settings, PKCS #8 in PEM.

        Raises:
            KeyFileError: the file is absent, open to other users, or no Ed25519 key.
        """
        path = settings.audit_key_file
        try:
            return cls.parse(read_key_file(path))
        except ValueError as error:
            raise KeyFileError(f"{path}: {error}") from error

    @classmethod
    def parse(cls, pem: bytes) -> "AuditSigner":
        """Read a key, PKCS #8 in PEM.

        Raises:
            ValueError: this is no Ed25519 key.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise ValueError("this is not a private key in PEM without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("this is another kind of key than Ed25519")
        return cls(key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(data)


def signed_by(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether the key with this public half, 32 bytes, signed exactly this data. Wrong sizes are a no."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id_of(public_key: bytes) -> str:
    """Return the name of a key: 16 hexadecimal digits of its public half's SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def new_signing_key() -> bytes:
    """Make a key, PKCS #8 in PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
