"""Requests a minute for each API key, counted in Redis; in this process alone while Redis is away."""

import hashlib
from types import TracebackType
from typing import Self

from limits.aio.storage import MemoryStorage

from slipway import clock
from slipway.errors import RateLimited
from slipway.settings import Settings
from slipway.telemetry import spans
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import Tracing
from slipway.tenants.schemas import Principal
from slipway_api.breaker import TRIAL_SECONDS, Breaker
from slipway_api.tally import Tally

_WINDOW = 60

log = get_logger(__name__)


class RateLimiter:
    """Fixed windows of a minute: at most one round trip to Redis for each request, none for keys over their rate."""

    def __init__(self, settings: Settings, metrics: Metrics, tracing: Tracing) -> None:
        self._tracing = tracing
        self._quota = settings.rate_limit_per_minute
        self._tally = Tally(settings, metrics, _WINDOW)
        self._memory = MemoryStorage()
        self._breaker = Breaker(TRIAL_SECONDS)
        self._window = 0
        self._exhausted: set[str] = set()
        self._refused: set[bytes] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tally.close()

    async def spend(self, principal: Principal, authorization: str) -> dict[str, str]:
        """Count one request; return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10).

        Raises:
            RateLimited: the key has no request left in this minute. What it was sent in is remembered, for `check`.
        """
        now = int(clock.now().timestamp())
        used = await self._used(principal.key_id, now // _WINDOW)
        if used > self._quota:
            if now // _WINDOW == self._window:
                self._refused.add(_digest(authorization.encode("latin-1")))
            raise self._limited(now)
        return self._headers(now, self._quota - used)

    def check(self, authorization: bytes) -> None:
        """Refuse at once whoever sends a header whose key was good, and over its rate, in this minute.

        Raises:
            RateLimited: that is so. The request is not counted: it would change nothing.
        """
        now = int(clock.now().timestamp())
        if self._refused and now // _WINDOW == self._window and _digest(authorization) in self._refused:
            raise self._limited(now)

    def _limited(self, now: int) -> RateLimited:
        headers = {**self._headers(now, 0), "Retry-After": str(_WINDOW - now % _WINDOW)}
        return RateLimited(f"This key may make {self._quota} requests a minute.", headers=headers)

    def _headers(self, now: int, left: int) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"key";q={self._quota};w={_WINDOW}',
            "RateLimit": f'"key";r={left};t={_WINDOW - now % _WINDOW}',
        }

    async def _used(self, key_id: str, window: int) -> int:
        """Return how many requests a key has made. Of one that is over its quota, that is all that is known."""
        if window != self._window:
            self._window, self._exhausted, self._refused = window, set(), set()
        if key_id in self._exhausted:
            return self._quota + 1
        used = await self._count(f"rate/{key_id}/{window}")
        if used > self._quota and window == self._window:
            self._exhausted.add(key_id)
        return used

    async def _count(self, key: str) -> int:
        if self._breaker.may_try():
            try:
                with self._tracing.span(spans.RATES_COUNT):
                    used = await self._tally.add(key)
            except Exception as error:  # noqa: BLE001  # whatever ails Redis, or speaks in its place: count here
                self._breaker.trip()
                log.warning("rates.local", reason=type(error).__name__)
            else:
                self._breaker.close()
                return used
        return await self._memory.incr(key, _WINDOW)


def _digest(authorization: bytes) -> bytes:
    """Return what can be remembered of a header that holds a key."""
    return hashlib.sha256(authorization).digest()
