"""What keeps the master key: a file in development, a key management service in production."""

from typing import Protocol

from slipway.keys.envelope import DataKey


class KeyProvider(Protocol):
    """Wraps tenant keys, and nothing else. What it returns may be stored in the database."""

    @property
    def id(self) -> str:
        """Name of the provider and its master key, stored beside each wrapped key. No secret."""
        ...

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a tenant's key, bound to the tenant."""
        ...

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another master key.
        """
        ...
