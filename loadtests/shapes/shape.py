"""What every shape can tell: its rate at a time, and its phases."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_PIECE_SECONDS = 0.25
"""How finely a rate that changes all the time is cut into pieces of constant rate."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a load. Times are seconds since its beginning."""

    name: str
    start: float
    end: float
    rate: float
    """Requests a second; where they change within the phase, their mean."""


class Shape(ABC):
    """A rate over time."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As it is asked for on the command line."""

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """Return the phases, without gaps between them, from 0 on."""

    @abstractmethod
    def parameters(self) -> Mapping[str, float]:
        """Return what it was made from: rates in requests a second, times in seconds."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.phases()[-1].end

    def phase(self, at: float) -> Phase | None:
        """Return the phase at a time, in seconds since the beginning; None: before or after the load."""
        return next((phase for phase in self.phases() if phase.start <= at < phase.end), None)

    def rate(self, at: float) -> float:
        """Return the requests a second that are wanted at a time; none before the beginning and after the end."""
        phase = self.phase(at)
        return phase.rate if phase else 0.0

    def pieces(self) -> Iterator[Phase]:
        """Yield stretches within which the rate does not change."""
        yield from self.phases()

    def record(self, started: float) -> list[dict[str, Any]]:
        """Return the phases as `run.json` has them, for a load that started at a time (Unix seconds)."""
        return [
            {"name": x.name, "from": started + x.start, "to": started + x.end, "rate_rps": x.rate}
            for x in self.phases()
        ]


@dataclass(frozen=True, slots=True)
class Flat(Shape):
    """One constant rate after another."""

    called: str
    stretches: tuple[tuple[str, float, float], ...]
    """Each (name, seconds, requests a second)."""
    made_from: Mapping[str, float]

    @property
    def name(self) -> str:
        """As it is asked for on the command line."""
        return self.called

    def phases(self) -> tuple[Phase, ...]:
        """Return a phase for each stretch."""
        found: list[Phase] = []
        for name, seconds, rate in self.stretches:
            start = found[-1].end if found else 0.0
            found.append(Phase(name, start, start + seconds, rate))
        return tuple(found)

    def parameters(self) -> Mapping[str, float]:
        """Return what it was made from."""
        return self.made_from


def cut(phase: Phase) -> Iterator[tuple[float, float]]:
    """Yield (start, end) of pieces that are short enough to take the rate as constant."""
    count = max(1, round((phase.end - phase.start) / _PIECE_SECONDS))
    edges = [phase.start + (phase.end - phase.start) * number / count for number in range(count + 1)]
    yield from pairwise(edges)
