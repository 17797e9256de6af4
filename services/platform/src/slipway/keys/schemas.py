"""Keys as they are stored, and a tenant's keys as they are used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from slipway.keys.envelope import Aad, DataKey, SealBroken, key_version, unwrap_key
from slipway.keys.index import IndexKey


class KeysOutdated(SealBroken):
    """An envelope was sealed with a newer version of the tenant's key than there is in this keyset."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A tenant's key, sealed by a key provider."""

    provider: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class FirstKeys(WrappedKey):
    """What a new tenant gets: the first version of its key, and the index key that this wraps."""

    index: bytes


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """A version of a tenant's key, without the key."""

    version: int
    created_at: datetime
    retired_at: datetime | None
    """From then on it opens, and wraps nothing."""
    emptied_at: datetime | None
    """Nothing needed it any more, and it was deleted from the database."""
    destroyed_at: datetime | None
    """From then on it opens nothing, in no backup; None while it does, or where the provider cannot destroy it."""
    rewrapped_at: datetime | None
    """From then on, by PostgreSQL's clock, nothing in the database needed it, and nothing may be sealed with it."""
    backed_up_at: datetime | None
    """Everything that this version wrapped at that moment, by PostgreSQL's clock, is in a backup of the keys that was
    finished. None: in no backup."""

    @property
    def ending(self) -> bool:
        """It is retired, and something may still need it."""
        return self.retired_at is not None and self.emptied_at is None


@dataclass(frozen=True)
class Keyset:
    """All versions of one tenant's key that are not destroyed, open. Kept in memory for minutes, never stored.

    An old one that is damaged is not among them.
    """

    tenant: str
    versions: Mapping[int, DataKey]
    index: IndexKey

    @property
    def current(self) -> DataKey:
        """The newest version: it wraps new keys."""
        return self.versions[max(self.versions)]

    def hash(self, value: str) -> bytes:
        """Return 32 bytes that stand for a value, always the same ones for this tenant."""
        return self.index.pseudonym(value)

    def opener(self, sealed: bytes) -> DataKey:
        """Return the version of the key that an envelope was sealed with.

        Raises:
            KeysOutdated: it is newer than these.
            SealBroken: it was destroyed, or is damaged, or these bytes are no envelope.
        """
        version = key_version(sealed)
        if version in self.versions:
            return self.versions[version]
        if version > self.current.version:
            raise KeysOutdated(f"sealed with version {version} of the tenant's key, which is not known here")
        raise SealBroken(f"sealed with version {version} of the tenant's key, which was destroyed or is damaged")

    def subject_key(self, subject: str, wrapped: bytes) -> DataKey:
        """Open a subject's key.

        Raises:
            KeysOutdated: it was wrapped with a newer version than these.
            SealBroken: it was changed, belongs to another subject or tenant, or its version was destroyed or is
                damaged.
        """
        return unwrap_key(self.opener(wrapped), wrapped, subject_aad(self.tenant, subject))


def subject_aad(tenant: str, subject: str) -> Aad:
    """Return where a subject's wrapped key belongs."""
    return Aad(tenant, "subject_keys", "wrapped", subject)
