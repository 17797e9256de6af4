"""What the test finds wrong."""

from collections.abc import Callable, Sequence
from time import monotonic, sleep


class UnmetError(Exception):
    """Something is not as it must be. The text says what; `services` are those whose logs may tell why."""

    def __init__(self, text: str, *services: str) -> None:
        super().__init__(text)
        self.services: Sequence[str] = services


def demand(holds: object, text: str, *services: str) -> None:
    """Raise a failure unless something holds."""
    if not holds:
        raise UnmetError(text, *services)


def wait_for(what: str, holds: Callable[[], object], seconds: float, *services: str, every: float = 1.0) -> float:
    """Return after how many seconds something held.

    Raises:
        UnmetError: it did not, within `seconds`.
    """
    began = monotonic()
    while not holds():
        demand(monotonic() - began < seconds, f"{what}: not within {seconds:.0f} s.", *services)
        sleep(every)
    return monotonic() - began
