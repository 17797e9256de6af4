"""Seals what is secret of an endpoint: its address, which may carry a token, and its signing secrets."""

from uuid import UUID

from slipway.keys.envelope import Aad, key_version, open_sealed, seal
from slipway.keys.schemas import Keyset


class EndpointSealer:
    """Opens and seals the columns of one endpoint."""

    def __init__(self, keyset: Keyset, endpoint_id: UUID) -> None:
        self._keyset = keyset
        self._id = endpoint_id

    def seal(self, column: str, value: str) -> bytes:
        """Seal a value for its column, under the tenant's newest key."""
        return seal(self._keyset.current, value.encode(), self._aad(column))

    def open(self, column: str, sealed: bytes) -> str:
        """Open a column.

        Raises:
            SealBroken: it was changed or moved.
        """
        key = self._keyset.versions[key_version(sealed)]
        return open_sealed(key, sealed, self._aad(column)).decode()

    def _aad(self, column: str) -> Aad:
        return Aad(self._keyset.tenant, "webhook_endpoints", column, str(self._id))
