"""POSTs that change something: once for each Idempotency-Key, in one transaction with what they change."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.idempotency.service import IdempotencyKey, begin, complete, release
from slipway.keys.schemas import Keyset
from slipway.tenants.schemas import Principal
from slipway_api.repeats import alone
from slipway_api.state import Api

ResultT = TypeVar("ResultT")


async def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Once(Generic[ResultT]):
    """A POST that changes something, and how to answer its repeat."""

    route: str
    client_key: str | None
    make: Callable[[AsyncConnection, Keyset], Awaitable[tuple[UUID, ResultT]]]
    """Changes it; returns the id of what came of it, and the answer."""
    find: Callable[[AsyncConnection, Keyset, UUID], Awaitable[ResultT]]
    """Returns the answer as it is now."""
    asked: str = ""
    """All that makes the request another one."""
    prepare: Callable[[], Awaitable[None]] = nothing
    """What takes long and needs no transaction; not done for a repeat."""

    async def run(self, api: Api, principal: Principal) -> tuple[ResultT, bool]:
        """Return the answer, and whether an earlier request with the same key had made the change."""
        keyring = api.platform.keyring
        if self.client_key is None:
            await self.prepare()
            async with keyring.transaction(principal.tenant_id) as (connection, keyset):
                return (await self.make(connection, keyset))[1], False
        keyset = await keyring.keyset(principal.tenant_id)
        key = IdempotencyKey.of(keyset, self.route, self.client_key)
        with alone(api, key):
            async with api.platform.database.transaction(principal.tenant_id) as connection:
                earlier = await begin(connection, key)
            if earlier is None:
                return await self._first(api, key), False
        earlier.check(keyset.hash(self.asked))
        async with keyring.transaction(principal.tenant_id) as (connection, keyset):
            return await self.find(connection, keyset, earlier.resource), True

    async def _first(self, api: Api, key: IdempotencyKey) -> ResultT:
        try:
            await self.prepare()
            async with api.platform.keyring.transaction(key.tenant_id) as (connection, keyset):
                resource, result = await self.make(connection, keyset)
                await complete(connection, key, resource, keyset.hash(self.asked))
        except BaseException:
            # Also when the client has gone: the key may be used again.
            await asyncio.shield(_release(api, key))
            raise
        return result


async def _release(api: Api, key: IdempotencyKey) -> None:
    async with api.platform.database.transaction(key.tenant_id) as connection:
        await release(connection, key)
