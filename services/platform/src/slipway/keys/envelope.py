"""The sealed envelope that everything personal is stored in, and the keys that seal it.

An envelope is

    1 byte    version of the format, 1
    4 bytes   version of the key, big endian
    12 bytes  nonce, random
    n bytes   AES-256-GCM ciphertext
    16 bytes  its tag

The tag also covers the two versions and where the value belongs (`Aad`), so that a value that was moved to another
tenant, table, column or row does not open. With random nonces one key is good for 2**32 envelopes (NIST SP 800-38D,
section 8.3); subject keys and tenant keys stay far below.
"""

import hashlib
import hmac
import os
import struct
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORMAT = 1
_HEADER = struct.Struct(">BI")
_LENGTH = struct.Struct(">I")
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32
_VALUE = b"slipway.value"
_KEY = b"slipway.key"


class SealBroken(Exception):  # noqa: N818  # it says what happened
    """An envelope did not open: it was changed, belongs elsewhere, or was sealed with another key."""


class DataKey:
    """An AES-256 key and its version. Its representation never shows the secret."""

    def __init__(self, version: int, secret: bytes) -> None:
        """Keep a key of 32 bytes; versions count from 1.

        Raises:
            ValueError: the secret has another length, or the version does not fit into four bytes.
        """
        if len(secret) != _KEY_BYTES:
            raise ValueError(f"a data key has {_KEY_BYTES} bytes, this one has {len(secret)}")
        if not 1 <= version < 2**32:
            raise ValueError(f"key versions go from 1 to 2**32 - 1, this one is {version}")
        self.version = version
        self.secret = secret

    def __repr__(self) -> str:
        return f"DataKey(version={self.version})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DataKey)
            and self.version == other.version
            and hmac.compare_digest(self.secret, other.secret)
        )

    __hash__ = None  # type: ignore[assignment]  # a secret has no place in a set or as a dictionary's key

    @cached_property
    def cipher(self) -> AESGCM:
        """The cipher, made once."""
        return AESGCM(self.secret)

    @cached_property
    def pseudonym_key(self) -> bytes:
        """The key for `pseudonym`, derived once: no key has two uses."""
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"slipway.pseudonym").derive(self.secret)


@dataclass(frozen=True, slots=True)
class Aad:
    """Where a sealed value belongs. It opens nowhere else."""

    tenant: str
    table: str
    column: str
    row: str
    """Primary key of the row; several columns are joined by `/`."""

    def encode(self) -> bytes:
        """Encode unambiguously: each part behind its length."""
        parts = [part.encode() for part in (self.tenant, self.table, self.column, self.row)]
        return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def new_data_key(version: int = 1) -> DataKey:
    """Make a key from the system's random numbers."""
    return DataKey(version, os.urandom(_KEY_BYTES))


def seal(key: DataKey, plaintext: bytes, aad: Aad) -> bytes:
    """Seal a value for one place; the envelope is 33 bytes longer than the value."""
    return _seal(key, plaintext, _VALUE, aad)


def open_sealed(key: DataKey, sealed: bytes, aad: Aad) -> bytes:
    """Open a value that was sealed for this place.

    Raises:
        SealBroken: it was changed, belongs elsewhere, or was sealed with another key.
    """
    return _open(key, sealed, _VALUE, aad)


def key_version(sealed: bytes) -> int:
    """Return the version of the key that an envelope says it was sealed with; trust it only once it opens.

    Raises:
        SealBroken: these bytes are no envelope.
    """
    if len(sealed) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
        raise SealBroken(f"{len(sealed)} bytes are too few for an envelope")
    form, version = _HEADER.unpack_from(sealed)
    if form != _FORMAT:
        raise SealBroken(f"envelope format {form} is unknown to this release, which reads format {_FORMAT}")
    return int(version)


def wrap_key(parent: DataKey, child: DataKey, aad: Aad) -> bytes:
    """Seal a key and its version under a parent key. It never opens as a value, nor a value as a key."""
    return _seal(parent, _LENGTH.pack(child.version) + child.secret, _KEY, aad)


def unwrap_key(parent: DataKey, wrapped: bytes, aad: Aad) -> DataKey:
    """Open a key that was wrapped for this place.

    Raises:
        SealBroken: it was changed, belongs elsewhere, or was wrapped with another key.
    """
    content = _open(parent, wrapped, _KEY, aad)
    return DataKey(_LENGTH.unpack_from(content)[0], content[_LENGTH.size :])


def pseudonym(key: DataKey, value: str) -> bytes:
    """Return 32 bytes that stand for a value: `keyed_hash` under a key derived (HKDF) from `key`."""
    return keyed_hash(key.pseudonym_key, value)


def keyed_hash(secret: bytes, value: str) -> bytes:
    """Return 32 bytes that stand for a value: HMAC-SHA-256.

    The value is normalised to Unicode NFC first, so that `é` typed in two ways is one person. Case and white space
    count: they may tell identifiers apart.
    """
    return hmac.digest(secret, unicodedata.normalize("NFC", value).encode(), hashlib.sha256)


def _seal(key: DataKey, plaintext: bytes, purpose: bytes, aad: Aad) -> bytes:
    header = _HEADER.pack(_FORMAT, key.version)
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + key.cipher.encrypt(nonce, plaintext, header + purpose + aad.encode())


def _open(key: DataKey, sealed: bytes, purpose: bytes, aad: Aad) -> bytes:
    version = key_version(sealed)
    if version != key.version:
        raise SealBroken(f"sealed with key version {version}, not {key.version}")
    header, nonce = sealed[: _HEADER.size], sealed[_HEADER.size : _HEADER.size + _NONCE_BYTES]
    try:
        ciphertext = sealed[_HEADER.size + _NONCE_BYTES :]
        return key.cipher.decrypt(nonce, ciphertext, header + purpose + aad.encode())
    except InvalidTag:
        raise SealBroken("it was changed, belongs elsewhere, or was sealed with another key") from None
