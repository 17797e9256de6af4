"""A whole number that changes now and then: the replicas of a Deployment, over time."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadtests.verdict.records import Deployment


@dataclass(frozen=True, slots=True)
class Stairs:
    """What was seen at which time; between two looks it stays what it was."""

    times: tuple[float, ...]
    values: tuple[int, ...]

    @classmethod
    def of(cls, looks: Sequence[Deployment], value: Callable[[Deployment], int]) -> "Stairs":
        """Return what the looks saw."""
        return cls(tuple(look.at for look in looks), tuple(value(look) for look in looks))

    def at(self, time: float) -> int:
        """Return the value at a time; before the first look, what that saw. 0: nobody ever looked."""
        if not self.values:
            return 0
        return self.values[max(0, bisect_right(self.times, time) - 1)]

    def most(self, begin: float, end: float) -> int:
        """Return the largest value within a time."""
        return max([self.at(begin), *(value for at, value in self._between(begin, end))])

    def least(self, begin: float, end: float) -> int:
        """Return the smallest value within a time."""
        return min([self.at(begin), *(value for at, value in self._between(begin, end))])

    def reached(self, value: int, begin: float, end: float, hold: float) -> float | None:
        """Return the first time from which it was at least so much for `hold` seconds, or to the end; None: never."""
        starts = [begin, *(at for at, _ in self._between(begin, end))]
        found = (at for at in starts if self.least(at, min(at + hold, end)) >= value)
        return next(found, None)

    def time_of_area(self, area: float, begin: float, end: float) -> float | None:
        """Return when the sum of value times seconds since `begin` comes to `area`; None: never.

        After `end` the value stays what it was then.
        """
        left, at = area, begin
        edges = [time for time, _ in self._between(begin, end) if time < end]
        for edge in [*edges, end]:
            gained = self.at(at) * (edge - at)
            if gained >= left and gained > 0:
                return at + left / self.at(at)
            left, at = left - gained, edge
        last = self.at(end)
        return at + left / last if last else None

    def changes(self) -> list[tuple[float, int, int]]:
        """Return when it changed, from what, and to what."""
        looks = pairwise(zip(self.times, self.values, strict=True))
        return [(at, before, after) for (_, before), (at, after) in looks if before != after]

    def _between(self, begin: float, end: float) -> list[tuple[float, int]]:
        looks = zip(self.times, self.values, strict=True)
        return [(at, value) for at, value in looks if begin < at <= end]
