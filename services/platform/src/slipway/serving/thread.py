"""A thread for what must not run on the event loop: a workload's plain functions, a library that waits."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any


class CallThread:
    """Makes calls one after another. It is a daemon: a call that hangs does not keep the process from ending."""

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs: after `close`, whether it still hangs in a call."""
        return self._thread.is_alive()

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the function returns, or raise what it raises. It runs in the caller's context."""
        answer: Future[Any] = Future()
        self._calls.put((answer, partial(copy_context().run, function, *arguments)))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """End the thread after the call that it is in, without waiting for it."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            answer, function = call
            if answer.set_running_or_notify_cancel():
                _settle(answer, function)


def _settle(answer: Future[Any], function: Callable[[], Any]) -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001  # the caller gets it, and the thread lives on
        answer.set_exception(error)
    else:
        answer.set_result(result)
