"""A key provider that fails on demand: it stands for a key management service behind a network."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import ClassVar

from tests.faults.proxy import Fault

from slipway.keys.envelope import DataKey, SealBroken
from slipway.keys.local import LocalKeyProvider
from slipway.keys.provider import KeyProviderGone
from slipway.settings import Settings


class FailingKeys:
    """The local provider, as far away as it is told."""

    fault: ClassVar[Fault] = Fault.NONE

    def __init__(self, settings: Settings) -> None:
        self._local = LocalKeyProvider.load(settings)
        self.id = self._local.id

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        await self._travel()
        return await self._local.wrap(key, tenant=tenant)

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        await self._travel()
        return await self._local.unwrap(wrapped, tenant=tenant)

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        await self._travel()
        return await self._local.destroy(tenant=tenant, version=version, wrapped=wrapped)

    async def check(self) -> None:
        await self._travel()

    async def close(self) -> None:
        await self._local.close()

    async def _travel(self) -> None:
        match FailingKeys.fault:
            case Fault.DOWN:
                raise KeyProviderGone("the key service is away")
            case Fault.SLOW:
                await asyncio.sleep(0.2)
            case Fault.FROZEN:
                await asyncio.sleep(60)
            case Fault.GARBAGE:
                raise SealBroken("the key service answers nonsense")


@contextmanager
def failing_keys(fault: Fault) -> Iterator[None]:
    """Let every provider in this process fail inside the block."""
    FailingKeys.fault = fault
    try:
        yield
    finally:
        FailingKeys.fault = Fault.NONE
