"""Gives the secrets of the webhooks, which the tenant's key itself seals, to its next version."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.envelope import SealBroken, key_version
from slipway.keys.holders import Batch, last_of
from slipway.keys.schemas import Keyset
from slipway.webhooks import repository
from slipway.webhooks.sealing import EndpointSealer

_SEALED = ("url", "secret", "previous_secret")


class Endpoints:
    """The endpoints of a tenant, which are few: which version sealed them is read from their envelopes."""

    async def needs(self, connection: AsyncConnection, version: int) -> bool:
        """Tell whether any has something that this version sealed."""
        return await self.count(connection, version) > 0

    async def count(self, connection: AsyncConnection, version: int) -> int:
        """Return how many have something that this version sealed, or that is no envelope any more.

        Nobody knows which version that was: while it is there, none is destroyed.
        """
        rows = await repository.list_sealed(connection)
        return sum(1 for row in rows if _sealed_by(row, version))

    async def rewrap(self, connection: AsyncConnection, keyset: Keyset, old: int, after: UUID, most: int, /) -> Batch:
        """Seal the next ones again."""
        rows = await repository.lock_sealed(connection, after, most)
        outcomes = [await _resealed(connection, keyset, row, old) for row in rows if _sealed_by(row, old)]
        return Batch(last_of(rows, most), sum(outcomes), len(outcomes) - sum(outcomes))


async def _resealed(connection: AsyncConnection, keyset: Keyset, row: Row[Any], old: int) -> bool:
    sealer = EndpointSealer(keyset, row.id)
    try:
        values = {name: sealer.seal(name, sealer.open(name, getattr(row, name))) for name in _sealed_by(row, old)}
    except SealBroken:
        return False
    await repository.change_endpoint(connection, row.id, **values)
    return True


def _sealed_by(row: Row[Any], version: int) -> list[str]:
    """Return the columns that this version sealed, or may have."""
    found = {name: getattr(row, name) for name in _SEALED}
    return [name for name, sealed in found.items() if sealed is not None and _version_of(sealed) in {version, None}]


def _version_of(sealed: bytes) -> int | None:
    try:
        return key_version(sealed)
    except SealBroken:
        return None
