"""The one place that reads the wall clock. Durations are measured with `time.monotonic`, leases by the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)


_clock: ContextVar[Clock] = ContextVar("slipway.clock", default=_system)


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return _clock.get()()


def is_the_machines() -> bool:
    """Return whether `now()` is the time of this machine, and nobody has set another clock."""
    return _clock.get() is _system


@contextmanager
def use_clock(clock: Clock) -> Iterator[None]:
    """Let `now()` answer with another clock, in this context and the tasks that it starts.

    The clock must return aware times in UTC.
    """
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
