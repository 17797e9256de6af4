"""What keeps the keys of tenant keys: files in development, a key management service in production.

Each version of a tenant's key is wrapped by a key of its own at the provider, so that destroying that one kills every
copy of the wrapped key, in backups too. What `wrap` returns is, whoever made it,

    1 byte    kind of the provider: 2 local, 3 AWS KMS, 4 Vault transit
    4 bytes   version of the tenant's key, big endian
    n bytes   what the provider made of the key
"""

import re
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from slipway.keys.envelope import DataKey, SealBroken

_HEADER = struct.Struct(">BI")
_VERSION = struct.Struct(">I")
_TENANT = re.compile(r"[0-9A-Za-z-]{1,64}")


class KeyProviderError(Exception):
    """The provider did not do what it was asked. The message names no secret."""


class KeyProviderGone(KeyProviderError):  # noqa: N818  # it says what happened
    """The provider did not answer in time, or says that it cannot work now. It may be asked again."""


class KeyProviderDenied(KeyProviderError):  # noqa: N818  # it says what happened
    """The provider answers, and refuses this process: its credentials or its permissions are wrong."""


class KeyProviderMisconfigured(KeyProviderError):  # noqa: N818  # it says what happened
    """The settings do not lead to a provider. The message says what to set."""


class KeyDestroyed(KeyProviderError):  # noqa: N818  # it says what happened
    """What wrapped this version is no longer at the provider, or waits for its deletion. The key opens no more."""


class KeyIndestructible(KeyProviderError):  # noqa: N818  # it says what happened
    """What wrapped this version wraps others as well. Copies in backups open until the backups are deleted."""


class KeyProvider(Protocol):
    """Wraps tenant keys, and nothing else. What it returns may be stored in the database.

    Every call may raise `KeyProviderGone` or `KeyProviderDenied`. None may be made inside a transaction.
    """

    @property
    def id(self) -> str:
        """Name of the provider and of its place there, stored beside each wrapped key. No secret."""
        ...

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a version of a tenant's key, bound to the tenant and the version."""
        ...

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another provider or another of its keys.
            KeyDestroyed: what wrapped it was destroyed.
        """
        ...

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        """Destroy what wrapped this version, for ever; return from when on nobody can open it.

        From the return on the version opens for nobody who asks the provider. The returned time is later where the
        provider keeps the key for a while so that its owner may change their mind. Doing it twice does no harm.

        Raises:
            SealBroken: `wrapped` is of another version, or was wrapped by another provider.
            KeyIndestructible: what wrapped it wraps others as well; nothing was destroyed.
        """
        ...

    async def check(self) -> None:
        """Return if the provider answers, knows this process, and lets it open keys. Changes nothing there."""
        ...

    async def close(self) -> None:
        """Give back connections and threads."""
        ...


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of which tenant's key something is bound to."""

    tenant: str
    number: int

    def __post_init__(self) -> None:
        """Refuse a tenant's name that would reach another place at a provider, where names become paths.

        Raises:
            ValueError: the tenant's id has other characters than letters, digits and hyphens.
        """
        if not _TENANT.fullmatch(self.tenant):
            raise ValueError("a tenant's id has letters, digits and hyphens only, 64 at most")


def pack(kind: int, version: int, content: bytes) -> bytes:
    """Put the header before what a provider made."""
    return _HEADER.pack(kind, version) + content


def unpack(kind: int, wrapped: bytes) -> tuple[int, bytes]:
    """Return the version in the header, and what the provider made; trust the version only once the key opens.

    Raises:
        SealBroken: these bytes are of another provider, or no wrapped key.
    """
    if len(wrapped) <= _HEADER.size or wrapped[0] != kind:
        raise SealBroken("this key was wrapped by another kind of provider than the one of SLIPWAY_KEY_PROVIDER")
    return int(_HEADER.unpack_from(wrapped)[1]), wrapped[_HEADER.size :]


def plain(key: DataKey) -> bytes:
    """Return what a provider is given to encrypt: the version and the secret."""
    return _VERSION.pack(key.version) + key.secret


def data_key(content: bytes, version: int) -> DataKey:
    """Read what a provider decrypted.

    Raises:
        SealBroken: it is no key, or one of another version.
    """
    try:
        key = DataKey(_VERSION.unpack_from(content)[0], content[_VERSION.size :])
    except (struct.error, ValueError):
        raise SealBroken("what the provider opened is no key") from None
    if key.version != version:
        raise SealBroken(f"this key is of version {key.version}, and says that it is of version {version}")
    return key
