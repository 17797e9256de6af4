"""Whether the processor time of a path has grown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from loadtests.bench.guard.estimate import Estimate

TOLERANCE = 0.08
"""How far a ratio may be over its reference. docs/performance.md says how it was found."""
PRECISION = 0.015
"""Relative standard error at which measuring ends: the tolerance is five of them."""


class Outcome(Enum):
    """What can be said."""

    HELD = 0
    GROWN = 1
    UNCLEAR = 2
    """The machine was so noisy that a ratio over the tolerance could be chance, or one within it luck."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one path."""

    path: str
    measured: Estimate
    reference: float

    @property
    def outcome(self) -> Outcome:
        """Return what can be said of it."""
        bound = self.reference * (1 + TOLERANCE)
        if abs(self.measured.value - bound) <= self.measured.error:
            return Outcome.UNCLEAR
        return Outcome.GROWN if self.measured.value > bound else Outcome.HELD

    def __str__(self) -> str:
        """Return a sentence for the person who has to act."""
        change = self.measured.value / self.reference - 1
        said = (
            f"{self.path}: {self.measured.value:.3f} (± {self.measured.error:.3f}) times the processor time of the "
            f"model alone; the reference is {self.reference:.3f}: {change:+.1%}, allowed {TOLERANCE:+.0%}."
        )
        return f"{said} {self._advice(change)}".rstrip()

    def _advice(self, change: float) -> str:
        if self.outcome is Outcome.GROWN:
            return "It has grown: profile the path, or, if it is worth it, say why and write a new reference (--write)."
        if self.outcome is Outcome.UNCLEAR:
            return "The machine is too noisy to tell: run it again, with --most-rounds 30 or when less goes on."
        return "It has become cheaper: write a new reference (--write), or it may creep back." * (change < -TOLERANCE)


def judge(measured: Mapping[str, Estimate], reference: Mapping[str, float]) -> list[Finding]:
    """Return what is found of each path of the reference."""
    return [Finding(path, measured[path], ratio) for path, ratio in reference.items()]


def worst(findings: list[Finding]) -> Outcome:
    """Return what holds of all: grown if any has, else unclear if any is."""
    outcomes = {finding.outcome for finding in findings}
    return next((each for each in (Outcome.GROWN, Outcome.UNCLEAR) if each in outcomes), Outcome.HELD)
