"""Looks for the highest rate that is held, with few trials."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from loadtests.capacity.trial import Limits, Trial
from loadtests.overload.figures import middle

_RISE = 3.0
"""How the rate grows while nothing fails."""
_OF_THROUGHPUT = (0.93, 1.03)
"""Where the limit is looked for first: around what the target still answered when it got too much."""
_STEP_DOWN = 0.93
"""What is tried when a rate was held once, but not again."""
_LEAST_RATE = 0.2
_MARGIN = 1.02
"""By how much rates must differ to be worth a trial."""
_MOST_ATTEMPTS = 6
"""To confirm; then the rate stands as it is, however often it was held."""


class NothingHeldError(Exception):
    """Not even the lowest rate was held. The text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is looked for."""

    first: float = 15.0
    """Requests a second of the first trial."""
    tolerance: float = 0.07
    """How close the lowest rate that failed must be to the highest that was held, as a share of that."""
    confirmations: int = 2
    """How often the rate that was found must be held again."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found."""

    capacity_rps: float
    p95_ms: float | None
    """Median of the trials at the capacity."""
    spread: float
    """From the capacity to the lowest rate that failed, as a share of the capacity."""
    confirmed: int
    """How often the capacity was held again."""
    trials: list[Trial]


@dataclass(slots=True)
class Search:
    """Trials narrow the gap between the highest rate that was held and the lowest that was not."""

    run: Callable[[float], Trial]
    has_time: Callable[[], bool]
    """Whether there is time for another trial besides those that confirm."""
    plan: Plan = field(default_factory=Plan)
    _low: float = 0.0
    _high: float = math.inf
    _guesses: list[float] | None = None
    """None: nothing has failed yet."""
    _trials: list[Trial] = field(default_factory=list)
    _repeats: int = 2
    """How many trials may still be repeated."""

    def find(self) -> Finding:
        """Return the highest rate that is held, again and again.

        Raises:
            NothingHeldError: there is none.
        """
        while not self._is_close() and (self.has_time() or not self._low):
            self._try(self._next())
        return self._confirm()

    def _is_close(self) -> bool:
        return self._high <= self._low * (1 + self.plan.tolerance)

    def _next(self) -> float:
        if math.isinf(self._high):
            return self._low * _RISE or self.plan.first
        while self._guesses:
            guess = self._guesses.pop(0)
            if max(self._low * _MARGIN, _LEAST_RATE) < guess < self._high / _MARGIN:
                return guess
        if self._low:
            return math.sqrt(self._low * self._high)
        if self._high <= _LEAST_RATE:
            why = max(self._trials, key=lambda trial: trial.requests).complaint(self.plan.limits)
            raise NothingHeldError(f"Not even {self._high:g} requests/s were held: {why}.")
        return max(self._high / _RISE, _LEAST_RATE)

    def _try(self, rate: float) -> bool:
        trial = self._run(rate)
        held = trial.complaint(self.plan.limits) is None
        if held:
            self._low = max(self._low, rate)
        else:
            self._high = min(self._high, rate)
            if self._guesses is None:
                self._guesses = [share * trial.ok_rps for share in _OF_THROUGHPUT]
        return held

    def _run(self, rate: float) -> Trial:
        """Run a trial; one that failed while the generator was late says little of the target, and is repeated."""
        trial = self.run(rate)
        self._trials.append(trial)
        while self._repeats and trial.generator_late and trial.complaint(self.plan.limits) and self.has_time():
            self._repeats -= 1
            trial = self.run(rate)
            self._trials.append(trial)
        return trial

    def _confirm(self) -> Finding:
        rate, confirmed = self._low, 0
        for _ in range(_MOST_ATTEMPTS):
            if confirmed == self.plan.confirmations:
                break
            if self._try(rate):
                confirmed += 1
            else:
                rate, confirmed = rate * _STEP_DOWN, 0
        return self._finding(rate, confirmed)

    def _finding(self, rate: float, confirmed: int) -> Finding:
        at_rate = [trial.p95_ms for trial in self._trials if math.isclose(trial.rate_rps, rate, abs_tol=0.01)]
        spread = self._high / rate - 1 if math.isfinite(self._high) else 0.0
        return Finding(round(rate, 2), middle(at_rate), round(spread, 3), confirmed, self._trials)
