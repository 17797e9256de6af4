"""One call of a workload's `predict`, from its beginning to its end or its time limit."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any

from pydantic import BaseModel

from slipway.serving.lanes import Lane
from slipway.workload.loader import AnyWorkload


class GivenUpError(Exception):
    """The call took longer than the workload's time limit, and goes on."""


class Call:
    """A call in a lane of its own. Its end is told once, on the event loop, whatever happens."""

    def __init__(
        self,
        batch: Sequence[BaseModel],
        lane: Lane,
        context: Context,
        ended: Callable[["Call", Any, BaseException | None], None],
    ) -> None:
        """Prepare it.

        Args:
            batch: the inputs.
            lane: taken for it.
            context: the call runs in a copy.
            ended: is told what was returned or raised, or that the call was given up.
        """
        self.batch = batch
        self.lane = lane
        self.context = context
        self.began = time.perf_counter()
        self._ended = ended
        self._over = False
        self._limit: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None

    def run_in_thread(self, workload: AnyWorkload) -> None:
        """Begin, in the thread of the lane."""
        self._set_limit(workload)
        self.lane.thread.submit(self._end, self.context.copy(), workload.predict, self.batch)

    def run_on_loop(self, workload: AnyWorkload) -> None:
        """Begin, as a task: `predict` is a coroutine function."""
        self._set_limit(workload)
        work = _awaited(workload, self.batch)
        self._task = asyncio.get_running_loop().create_task(work, context=self.context.copy())
        self._task.add_done_callback(self._end_task)

    def cancel(self) -> None:
        """Stop a coroutine, for nobody waits for it. A thread cannot be stopped: what it is in goes on to its end."""
        if self._task is not None:
            self._task.cancel()

    def _set_limit(self, workload: AnyWorkload) -> None:
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(workload.time_limit, self._give_up, context=self.context.copy())

    def _give_up(self) -> None:
        self.cancel()
        self._end(None, GivenUpError())

    def _end_task(self, task: "asyncio.Task[Any]") -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._end(None if error else task.result(), error)

    def _end(self, result: Any, error: BaseException | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        if not self._over:  # it is when a call that was given up ends after all
            self._over = True
            self._ended(self, result, error)


async def _awaited(workload: AnyWorkload, batch: Sequence[BaseModel]) -> Any:
    return await workload.predict(batch)  # type: ignore[misc]  # whoever runs it on the loop knows
