"""Counters in Redis, which many requests add to with one call."""

import asyncio
from collections import Counter
from contextlib import suppress
from contextvars import Context

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected

from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics
from slipway_api.calls import measured

_PREFIX = "LIMITS:"
"""What the library `limits` puts before the names of its counters: processes that use it share ours."""
_REMEMBERED = 10_000

Waiting = tuple[str, asyncio.Future[int]]


class Tally:
    """Adds one to a counter for each who asks. Who asks while a call is on its way shares the next with all others.

    There is one call at a time, on one connection: nothing is taken from a pool, and each call has one time limit.
    """

    def __init__(self, settings: Settings, metrics: Metrics, seconds: int) -> None:
        """Connect later. A counter ends so many seconds after it was first added to, or a little later."""
        self._limit = settings.redis_timeout
        self._metrics = metrics
        self._seconds = seconds
        pool: ConnectionPool = ConnectionPool.from_url(settings.redis_url.get_secret_value(), socket_timeout=None)
        self._connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # it has no types
        self._ending: set[str] = set()
        """Counters that have been told when to end: once is enough, as their names have the minute in them."""
        self._waiting: list[Waiting] = []
        self._calling: asyncio.Task[None] | None = None

    def add(self, name: str) -> asyncio.Future[int]:
        """Add one; the answer is the sum as if each who asked had added alone, one after another.

        Raises, where it is awaited:
            TimeoutError: Redis did not answer in time.
            RedisError: it answered something else, or could not be reached.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        self._waiting.append((name, answer))
        if self._calling is None:
            # The first who asks may leave, and what is done for all is no part of his trace.
            self._calling = loop.create_task(self._call_for_all(), context=Context())
        return answer

    async def close(self) -> None:
        """Stop a call that is under way, and hang up."""
        if self._calling is not None:
            self._calling.cancel()
            with suppress(asyncio.CancelledError):
                await self._calling
        await self._connection.disconnect(nowait=True)

    async def _call_for_all(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                try:
                    await self._call_for(together)
                except Exception as error:  # noqa: BLE001  # whoever waits gets it
                    # Nor will those be kept waiting for another time limit who came meanwhile.
                    _fail([*together, *self._waiting], error)
                    self._waiting = []
        finally:
            self._calling = None

    async def _call_for(self, together: list[Waiting]) -> None:
        added = Counter(name for name, _ in together)
        with measured(self._metrics, "rates"):
            async with asyncio.timeout(self._limit):
                sums = await self._increase(added)
        for name, answer in reversed(together):
            if not answer.done():
                answer.set_result(sums[name])
            sums[name] -= 1

    async def _increase(self, by: Counter[str]) -> dict[str, int]:
        was_connected = self._connection.is_connected
        try:
            return await self._ask(by)
        except Disconnected:
            if not was_connected:
                raise
        return await self._ask(by)  # Redis was started anew, or hung up on who was idle

    async def _ask(self, by: Counter[str]) -> dict[str, int]:
        endless = [name for name in by if name not in self._ending]
        commands = [
            *(("INCRBY", _PREFIX + name, amount) for name, amount in by.items()),
            *(("EXPIRE", _PREFIX + name, self._seconds) for name in endless),
        ]
        connection = self._connection
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            answers = [int(await connection.read_response()) for _ in commands]
        except BaseException:
            # What is still to come would be taken for the answers to the next call.
            await connection.disconnect(nowait=True)
            raise
        self._remember(endless)
        return dict(zip(by, answers, strict=False))

    def _remember(self, ending: list[str]) -> None:
        if len(self._ending) > _REMEMBERED:
            self._ending.clear()
        self._ending.update(ending)


def _fail(waiting: list[Waiting], error: Exception) -> None:
    for _, answer in waiting:
        if not answer.done():
            answer.set_exception(error)
