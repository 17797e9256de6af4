"""Keys as they are stored, and a tenant's keys as they are used."""

from dataclasses import dataclass

from slipway.keys.envelope import Aad, DataKey, key_version, unwrap_key


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A tenant's key, sealed by a key provider."""

    provider: str
    wrapped: bytes


@dataclass(frozen=True)
class Keyset:
    """All versions of one tenant's key, open. Kept in memory for minutes, never stored."""

    tenant: str
    versions: dict[int, DataKey]

    @property
    def current(self) -> DataKey:
        """The newest version: it wraps new subject keys."""
        return self.versions[max(self.versions)]

    @property
    def first(self) -> DataKey:
        """The oldest version: pseudonyms derive from it, so that they outlive a rotation."""
        return self.versions[min(self.versions)]

    def subject_key(self, subject: str, wrapped: bytes) -> DataKey:
        """Open a subject's key.

        Raises:
            SealBroken: it was changed, or belongs to another subject or tenant.
        """
        parent = self.versions[key_version(wrapped)]
        return unwrap_key(parent, wrapped, subject_aad(self.tenant, subject))


def subject_aad(tenant: str, subject: str) -> Aad:
    """Return where a subject's wrapped key belongs."""
    return Aad(tenant, "subject_keys", "wrapped", subject)
