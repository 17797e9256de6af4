"""A thread for what must not run on the event loop: a workload's plain functions, a library that waits."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any

Ended = Callable[[Any, BaseException | None], None]
"""Is told what a call returned, or what it raised."""


class CallThread:
    """Makes calls one after another. It is a daemon: a call that hangs does not keep the process from ending."""

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs: after `close`, whether it still hangs in a call."""
        return self._thread.is_alive()

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the function returns, or raise what it raises. It runs in the caller's context."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.submit(partial(_settle, answer), copy_context(), _unless_gone, answer, function, *arguments)
        return await answer

    def submit(self, ended: Ended, context: Context, function: Callable[..., Any], *arguments: Any) -> None:
        """Run the function in a context, then tell `ended` about it on the event loop that this is called on."""
        loop = asyncio.get_running_loop()
        self._calls.put(partial(_call, loop, ended, partial(context.run, function, *arguments)))

    def close(self) -> None:
        """End the thread after the call that it is in, without waiting for it."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _call(loop: asyncio.AbstractEventLoop, ended: Ended, function: Callable[[], Any]) -> None:
    result, failure = None, None
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001  # the caller gets it, and the thread lives on
        failure = error
    try:
        loop.call_soon_threadsafe(ended, result, failure)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _unless_gone(answer: "asyncio.Future[Any]", function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function, unless whoever asked for it went away while it waited for the thread."""
    return None if answer.cancelled() else function(*arguments)


def _settle(answer: "asyncio.Future[Any]", result: Any, failure: BaseException | None) -> None:
    if answer.done():
        return
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)
