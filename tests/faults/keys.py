"""A key provider that fails on demand: it stands for a key management service behind a network."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from tests.faults.proxy import Fault

from slipway.keys.envelope import DataKey, SealBroken
from slipway.keys.local import LocalKeyProvider
from slipway.settings import Settings


class FailingKeys:
    """The local provider, as far away as it is told."""

    fault: ClassVar[Fault] = Fault.NONE

    def __init__(self, local: LocalKeyProvider) -> None:
        self._local = local
        self.id = local.id

    @classmethod
    def load(cls, settings: Settings) -> "FailingKeys":
        return cls(LocalKeyProvider.load(settings))

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        await self._travel()
        return await self._local.wrap(key, tenant=tenant)

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        await self._travel()
        return await self._local.unwrap(wrapped, tenant=tenant)

    async def _travel(self) -> None:
        match FailingKeys.fault:
            case Fault.DOWN:
                raise ConnectionError("the key service is away")
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
