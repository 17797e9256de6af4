"""When requests are due."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from loadtests.shapes.shape import Shape

SPACINGS = ("poisson", "even")


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times at which requests are due, in seconds since the beginning: the same for the same seed."""

    shape: Shape
    spacing: str = "poisson"
    """`poisson`: at random, as from many callers who know nothing of each other; `even`: with equal gaps."""
    seed: int = 1

    def times(self, index: int = 0, of: int = 1) -> Iterator[float]:
        """Yield the share of one of several processes: every `of`-th time. Together they send the whole schedule."""
        return islice(self._all(), index, None, of)

    def _all(self) -> Iterator[float]:
        gap = self._gaps()
        left = 0.5 if self.spacing == "even" else gap()  # half a gap: no request is on the edge of a phase
        for piece in self.shape.pieces():
            at = piece.start
            while piece.rate > 0 and at + left / piece.rate < piece.end:
                at += left / piece.rate
                left = gap()
                yield at
            left -= (piece.end - at) * piece.rate

    def _gaps(self) -> Callable[[], float]:
        """Return what draws the gap to the next request, in requests that are expected within it."""
        if self.spacing == "even":
            return lambda: 1.0
        dice = random.Random(self.seed)  # noqa: S311  # a load, not a secret
        return lambda: dice.expovariate(1.0)
