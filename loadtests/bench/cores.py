"""Which processors the servers have, and which the load's generator.

With three processors or more the generator has the last one for itself. With two the servers need both, as the limit
has both: the generator is pinned to the last of them, and its share of it is part of every measurement. It is the same
for every system. With one, everybody is on it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_ENOUGH_FOR_ITS_OWN = 3


@dataclass(frozen=True)
class Cores:
    """Numbers of processors, as the system counts them."""

    servers: tuple[int, ...]
    generator: int

    @property
    def shared(self) -> bool:
        """Whether servers run beside the generator."""
        return self.generator in self.servers


def share_out(available: Sequence[int]) -> Cores:
    """Divide the processors that there are.

    Raises:
        ValueError: there are none.
    """
    if not available:
        raise ValueError("There is no processor to run on.")
    ordered = sorted(available)
    servers = ordered[:-1] if len(ordered) >= _ENOUGH_FOR_ITS_OWN else ordered
    return Cores(tuple(servers), ordered[-1])


def available() -> list[int]:
    """Return the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Pin this thread, and with it the threads and processes that it starts meanwhile; they stay so.

    Where the system cannot pin (macOS), nothing is pinned.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
