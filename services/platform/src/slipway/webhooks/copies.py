"""What the tenant's key itself seals of the webhooks, for the backup of the keys."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.copies import Copies, sealed_by
from slipway.webhooks import repository

_SEALED = ("url", "secret", "previous_secret")


class EndpointCopies:
    """The addresses and secrets of a tenant's endpoints, which are few."""

    name = "webhook_endpoints"

    async def dump(self, connection: AsyncConnection) -> Copies:
        """Return what is sealed of each endpoint."""
        return {row.id: _sealed(row) for row in await repository.list_sealed(connection)}

    async def lay(self, connection: AsyncConnection, copies: Copies, needed: Collection[int]) -> None:
        """Replace what cannot be opened by its copy; an endpoint without one was deleted since, and is so again."""
        for row in await repository.list_sealed(connection):
            if all(sealed_by(sealed) in needed for sealed in _sealed(row).values()):
                continue
            if row.id in copies:
                await repository.change_endpoint(connection, row.id, **_columns(copies[row.id]))
            else:
                await repository.delete_endpoint(connection, row.id)


def _sealed(row: Row[Any]) -> dict[str, bytes]:
    found = {name: getattr(row, name) for name in _SEALED}
    return {name: sealed for name, sealed in found.items() if sealed is not None}


def _columns(copy: Mapping[str, bytes]) -> dict[str, bytes | None]:
    return {name: copy.get(name) for name in _SEALED}
