"""The chunks in hand: a few at a time, so that one is read or written while another is in the model.

How many calls of the model run at a time is another matter: `slipway.serving.lanes`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self


class Lanes:
    """Runs pieces of work side by side. The block ends when all of them have; cancelled, it cancels them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether any work is in hand."""
        return any(not task.done() for task in self._tasks)

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]], *, alone: bool) -> None:
        """Start the work, and return when there is room for more.

        Args:
            work: what to do.
            alone: do it when nothing else is in hand, and return when it is done. A crash then has one suspect.

        Raises:
            Exception: what went wrong in any work that has ended since.
        """
        if alone:
            await self._leave_at_most(0)
        self._tasks.add(asyncio.create_task(work()))
        await self._leave_at_most(0 if alone else self._most - 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError):
            for task in self._tasks:
                task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, BaseException) and error is None:
                raise outcome

    async def _leave_at_most(self, count: int) -> None:
        while len(self._tasks) > count:
            done, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
