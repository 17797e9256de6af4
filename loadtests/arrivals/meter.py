"""How the generator itself fares, second by second."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import gevent

_TICK_SECONDS = 0.05


@dataclass(slots=True)
class Second:
    """What one process did in one second of the load."""

    sent: int = 0
    followups: int = 0
    """Requests that became due because of answers, not by the schedule."""
    lag: float = 0.0
    """Longest that a request had waited to be sent, in seconds."""
    loop_lag: float = 0.0
    """Latest that the process woke up after a sleep, in seconds."""
    busy: int = 0
    """Most clients that waited for an answer at the same time."""
    clients: int = 0
    backlog: int = 0
    """Requests that were due and not sent at the end of the second."""
    cpu: float = 0.0
    """Share of one core that the process used."""

    def told(self) -> dict[str, Any]:
        """Return it as plain numbers, for a message."""
        return asdict(self)


class Meter:
    """Counts, and hands out a second's figures at its end."""

    def __init__(self) -> None:
        self._now = Second()
        self._processor, self._wall, self._cpu = time.process_time(), time.monotonic(), 0.0

    def sent(self, lag: float, busy: int) -> None:
        """Note that a request was sent so many seconds late, and how many clients are at work with it."""
        self._now.sent += 1
        self._now.lag = max(self._now.lag, lag)
        self._now.busy = max(self._now.busy, busy)

    def followed_up(self) -> None:
        """Note that a request became due because of an answer."""
        self._now.followups += 1

    def tick(self) -> None:
        """Measure for ever how late this process wakes up."""
        while True:
            planned = time.monotonic() + _TICK_SECONDS
            gevent.sleep(_TICK_SECONDS)
            self._now.loop_lag = max(self._now.loop_lag, time.monotonic() - planned)

    def turn(self, *, lag: float, busy: int, clients: int, backlog: int) -> Second:
        """Return the figures since the last call, with what is so at this moment."""
        done, self._now = self._now, Second()
        done.lag, done.busy = max(done.lag, lag), max(done.busy, busy)
        done.clients, done.backlog, done.cpu = clients, backlog, self._share()
        return done

    def _share(self) -> float:
        processor, wall = time.process_time(), time.monotonic()
        # After a halt, the seconds that were missed are told at once: they have no share of their own.
        if wall - self._wall > _TICK_SECONDS:
            self._cpu = (processor - self._processor) / (wall - self._wall)
            self._processor, self._wall = processor, wall
        return self._cpu
