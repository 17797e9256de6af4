"""Requests that are due and not yet sent."""

from collections import deque
from typing import Generic, TypeVar

from gevent.lock import Semaphore

ThingT = TypeVar("ThingT")


class Backlog(Generic[ThingT]):
    """First come, first served; those who take wait until there is something."""

    def __init__(self) -> None:
        self._waiting: deque[ThingT] = deque()
        self._there = Semaphore(0)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> ThingT | None:
        """The next one; None: nothing waits."""
        return self._waiting[0] if self._waiting else None

    def put(self, thing: ThingT) -> None:
        """Add one."""
        self._waiting.append(thing)
        self._there.release()

    def take(self) -> ThingT | None:
        """Wait for one, and remove it; None: there will be no more."""
        self._there.acquire()
        return self._waiting.popleft() if self._waiting else None

    def close(self, takers: int) -> None:
        """Forget what waits, and send so many takers home."""
        self._waiting.clear()
        for _ in range(takers):
            self._there.release()
