"""Requests a minute for each API key, counted in Redis; in this process alone while Redis is away."""

from types import TracebackType
from typing import Self, cast

from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from slipway import clock
from slipway.errors import RateLimited
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger
from slipway.tenants.schemas import Principal
from slipway_api.breaker import Breaker

_WINDOW = 60

log = get_logger(__name__)


class RateLimiter:
    """Fixed windows of a minute: one round trip to Redis for each request."""

    def __init__(self, settings: Settings) -> None:
        self._quota = settings.rate_limit_per_minute
        self._redis = RedisStorage(
            "async+" + settings.redis_url.get_secret_value(),
            implementation="redispy",
            socket_timeout=settings.redis_timeout,
            socket_connect_timeout=settings.redis_timeout,
        )
        self._memory = MemoryStorage()
        self._breaker = Breaker()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._redis.bridge, RedispyBridge):
            await cast("Redis", self._redis.bridge.get_connection()).aclose()

    async def spend(self, principal: Principal) -> dict[str, str]:
        """Count one request; return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10).

        Raises:
            RateLimited: the key has no request left in this minute.
        """
        now = int(clock.now().timestamp())
        used = await self._count(f"rate/{principal.key_id}/{now // _WINDOW}")
        left, reset = max(self._quota - used, 0), _WINDOW - now % _WINDOW
        headers = {
            "RateLimit-Policy": f'"key";q={self._quota};w={_WINDOW}',
            "RateLimit": f'"key";r={left};t={reset}',
        }
        if used > self._quota:
            detail = f"This key may make {self._quota} requests a minute."
            raise RateLimited(detail, headers={**headers, "Retry-After": str(reset)})
        return headers

    async def _count(self, key: str) -> int:
        if not self._breaker.open:
            try:
                return await self._redis.incr(key, _WINDOW)
            except (RedisError, OSError, TimeoutError) as error:
                self._breaker.trip()
                log.warning("rates.local", reason=type(error).__name__)
        return await self._memory.incr(key, _WINDOW)
