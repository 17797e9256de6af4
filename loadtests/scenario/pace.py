"""Dawdling, and how long it took."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import gevent

from loadtests.scenario.call import Slowness


@dataclass(slots=True)
class Pause:
    """Waits, and remembers how long."""

    seconds: float
    spent: float = 0.0

    def wait(self) -> None:
        """Wait once."""
        began = time.monotonic()
        gevent.sleep(self.seconds)
        self.spent += time.monotonic() - began


@dataclass(frozen=True, slots=True)
class SlowBody:
    """A body that comes piece by piece. It has no length, so it is sent in chunks."""

    body: bytes
    slowness: Slowness
    pause: Pause

    def __iter__(self) -> Iterator[bytes]:
        size = -(-len(self.body) // self.slowness.pieces)
        for start in range(0, len(self.body), size):
            if start:
                self.pause.wait()
            yield self.body[start : start + size]
