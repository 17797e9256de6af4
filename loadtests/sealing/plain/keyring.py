"""Transactions that need not wait for a rotation of keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.schemas import Keyset
from slipway.keys.service import Keyring


class StillKeyring(Keyring):
    """Has the tenant's keys, as idempotency keys are hashed with them, and does not hold them still."""

    @asynccontextmanager
    async def transaction(self, tenant: UUID) -> AsyncIterator[tuple[AsyncConnection, Keyset]]:
        """Open a transaction, and nothing else."""
        keyset = await self.keyset(tenant)
        async with self._database.transaction(tenant) as connection:
            yield connection, keyset
