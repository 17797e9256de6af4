"""Gives callers their answers, a few at a time."""

import asyncio
from collections import deque
from collections.abc import Iterable

from slipway.serving.queue import Request

_AT_ONCE = 4
"""A caller's work with its answer takes about a millisecond: this is how long the loop is busy at a stretch."""

Due = tuple[Request, Exception | None]
"""Whose turn it is: all answers are there, or something went wrong."""


class Answers:
    """If all callers went on at once, the event loop would be deaf for as long as that takes."""

    def __init__(self) -> None:
        self._due: deque[Due] = deque()
        self._pending = False

    def give(self, due: Iterable[Due]) -> None:
        """Answer some now, and the rest in the next rounds of the loop."""
        self._due.extend(due)
        if not self._pending:
            self._give_some()

    def give_all(self) -> None:
        """Answer all now: there will be no more rounds."""
        while self._due:
            _settle(*self._due.popleft())

    def _give_some(self) -> None:
        for _ in range(min(len(self._due), _AT_ONCE)):
            _settle(*self._due.popleft())
        self._pending = bool(self._due)
        if self._pending:
            asyncio.get_running_loop().call_soon(self._give_some)


def _settle(request: Request, error: Exception | None) -> None:
    if request.answer.done():
        return
    if error is None:
        request.answer.set_result(request.results)
    else:
        request.answer.set_exception(error)
