"""The thread that a workload's plain functions run in, off the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any


class ModelThread:
    """Makes calls one after another. It is a daemon: a call that hangs does not keep the process from ending."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="model", daemon=True).start()

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
