"""What a process does beside its main work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from slipway.errors import Unavailable
from slipway.telemetry.logs import get_logger

log = get_logger(__name__)


class Background:
    """Tasks that end with the process. One that fails is logged; a periodic one goes on at its next time."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it is cancelled."""
        self._tasks.append(asyncio.create_task(_watch(name, work), name=name))

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do something at once, and again every so many seconds."""
        self.run(name, _repeat(seconds, name, work))


async def _watch(name: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("background.failed", task=name)


async def _repeat(seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Unavailable:
            log.warning("background.postponed", task=name, reason="unavailable")
        except Exception:
            log.exception("background.failed", task=name)
        await asyncio.sleep(seconds)
