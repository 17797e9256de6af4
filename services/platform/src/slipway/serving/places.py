"""Requests that were let in, and whose inputs are still on their way."""

import asyncio
import time
from collections import OrderedDict
from types import TracebackType

_PATIENCE_SECONDS = 1.0
"""How long a body that is being read counts. After that it is the client who is slow: he may not keep others out."""
_REMEMBERED = 16
"""How many inputs a request brings is guessed from about so many before it."""


class Places:
    """Knows about how many inputs are on their way."""

    def __init__(self) -> None:
        self._taken: OrderedDict[Place, float] = OrderedDict()
        self._typical = 1.0

    @property
    def inputs(self) -> float:
        """About how many inputs those bring that were let in."""
        return len(self._taken) * self._typical

    @property
    def age(self) -> float:
        """Seconds since the one was let in that has been on its way for longest; 0: there is none."""
        oldest = next(iter(self._taken.values()), None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def take(self) -> "Place":
        """Let one in."""
        place = Place(self._taken)
        self._taken[place] = time.monotonic()
        return place

    def learn(self, inputs: int) -> None:
        """Note how many inputs a request brought."""
        self._typical += (inputs - self._typical) / _REMEMBERED


class Place:
    """One request's. Whoever has it is served, whatever waits by then; read the body in a `with` block."""

    def __init__(self, taken: "OrderedDict[Place, float]") -> None:
        self._taken = taken
        self._timer: asyncio.TimerHandle | None = None

    def release(self) -> None:
        """Let it count no longer: the inputs are there, or will never be. More than once is once."""
        self._taken.pop(self, None)

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self.release)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        if self._timer is not None:
            self._timer.cancel()
