"""Seals what the tables of an export hold, by the key of the person whom it is about: it is gone with them."""

from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from slipway.exports.lines import Opener
from slipway.keys.envelope import Aad, DataKey, seal
from slipway.keys.schemas import Keyset

_RECIPIENT = ("subject_exports", "recipient")
_CONTENT = ("subject_export_parts", "content")


class NoKeyError(LookupError):
    """The person has no key: nothing of what is held about them can be read."""


class ExportSealer:
    """Opens and seals the columns of one export."""

    def __init__(self, tenant: UUID, export_id: UUID, keys: Mapping[int, DataKey]) -> None:
        self._tenant = tenant
        self._id = export_id
        self._keys = keys
        self.opener = Opener(tenant, keys)

    @classmethod
    def of(cls, keyset: Keyset, subject: UUID, export_id: UUID, wrapped: Sequence[bytes]) -> Self:
        """Open a subject's keys.

        Raises:
            KeysOutdated: they were wrapped with a newer version of the tenant's key than these.
            SealBroken: one was changed, or is another subject's.
            NoKeyError: there are none.
        """
        keys = [keyset.subject_key(str(subject), each) for each in wrapped]
        if not keys:
            raise NoKeyError(f"subject {subject} has no key")
        return cls(UUID(keyset.tenant), export_id, {key.version: key for key in keys})

    def seal_recipient(self, recipient: X25519PublicKey) -> bytes:
        """Seal the requester's public key."""
        return self._seal(_RECIPIENT, str(self._id), recipient.public_bytes_raw())

    def open_recipient(self, sealed: bytes) -> X25519PublicKey:
        """Open the requester's public key.

        Raises:
            SealBroken: it was changed or moved.
        """
        return X25519PublicKey.from_public_bytes(self.opener.open(*_RECIPIENT, str(self._id), sealed))

    def seal_part(self, number: int, content: bytes) -> bytes:
        """Seal a part, as it stands in the package, for its place."""
        return self._seal(_CONTENT, f"{self._id}/{number}", content)

    def open_part(self, number: int, sealed: bytes) -> bytes:
        """Open a part; it is still encrypted to the requester.

        Raises:
            SealBroken: it was changed or moved.
        """
        return self.opener.open(*_CONTENT, f"{self._id}/{number}", sealed)

    def _seal(self, place: tuple[str, str], row: str, content: bytes) -> bytes:
        return seal(self._keys[max(self._keys)], content, Aad(str(self._tenant), *place, row))
