"""A key provider whose calls are counted and timed, by how they ended."""

import time
from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from slipway.keys.envelope import DataKey, SealBroken
from slipway.keys.provider import (
    KeyDestroyed,
    KeyIndestructible,
    KeyProvider,
    KeyProviderDenied,
    KeyProviderGone,
    KeyProviderMisconfigured,
)
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics

AnswerT = TypeVar("AnswerT")

CHECK_SECONDS = 30.0
"""Between two looks whether the provider answers: keys in memory would hide an outage for minutes."""
_OUTCOMES: tuple[tuple[type[Exception], str], ...] = (
    (KeyProviderGone, "gone"),
    (KeyProviderDenied, "denied"),
    (KeyProviderMisconfigured, "misconfigured"),
    (KeyDestroyed, "destroyed"),
    (SealBroken, "broken"),
    (KeyIndestructible, "succeeded"),  # it answered as it should
)


class WatchedProvider:
    """Does what another provider does, and measures it."""

    def __init__(self, provider: KeyProvider, metrics: Metrics) -> None:
        self._provider, self._metrics = provider, metrics

    @property
    def id(self) -> str:
        """That of the provider."""
        return self._provider.id

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """See `KeyProvider`."""
        return await self._measured(self._provider.wrap(key, tenant=tenant))

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """See `KeyProvider`."""
        return await self._measured(self._provider.unwrap(wrapped, tenant=tenant))

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        """See `KeyProvider`."""
        return await self._measured(self._provider.destroy(tenant=tenant, version=version, wrapped=wrapped))

    async def check(self) -> None:
        """See `KeyProvider`."""
        await self._measured(self._provider.check())

    async def close(self) -> None:
        """See `KeyProvider`."""
        await self._provider.close()

    async def _measured(self, call: Awaitable[AnswerT]) -> AnswerT:
        began, outcome = time.monotonic(), "cancelled"  # by whoever waits no longer, if nothing else ends it
        try:
            answer = await call
            outcome = "succeeded"
        except Exception as error:
            outcome = next((name for kind, name in _OUTCOMES if isinstance(error, kind)), "failed")
            raise
        finally:
            self._metrics.observe(catalogue.KEY_PROVIDER_DURATION, time.monotonic() - began, outcome=outcome)
        return answer
