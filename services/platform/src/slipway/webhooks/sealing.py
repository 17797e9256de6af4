"""Seals what is secret of an endpoint: its address, which may carry a token, and its signing secrets."""

from uuid import UUID

from slipway.keys.envelope import Aad, open_sealed, seal
from slipway.keys.schemas import Keyset


class EndpointSealer:
    """Opens and seals the columns of one endpoint."""

    def __init__(self, keyset: Keyset, endpoint_id: UUID) -> None:
        self._keyset = keyset
        self._id = endpoint_id

    def seal(self, column: str, value: str) -> bytes:
        """Seal a value for its column, under the tenant's newest key, in a transaction of `Keyring.transaction`."""
        return seal(self._keyset.current, value.encode(), self._aad(column))

    def open(self, column: str, sealed: bytes) -> str:
        """Open a column.

        Raises:
            KeysOutdated: it was sealed with a newer version of the tenant's key than these.
            SealBroken: it was changed or moved.
        """
        return open_sealed(self._keyset.opener(sealed), sealed, self._aad(column)).decode()

    def _aad(self, column: str) -> Aad:
        return Aad(self._keyset.tenant, "webhook_endpoints", column, str(self._id))
