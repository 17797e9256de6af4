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
_STEP_DOWN = 0.9
"""What is tried when a rate was held once, but not again."""
_LEAST_RATE = 0.2
_MARGIN = 1.02
"""By how much rates must differ to be worth a trial."""
_MOST_ATTEMPTS = 12
"""To confirm; a rate that was not held again and again by then is no capacity."""
_OVER_RATE = "a key was over its rate: give more keys, one a line, or raise SLIPWAY_RATE_LIMIT_PER_MINUTE."
_LATE = "the generator itself was late at the lowest rate that failed: let it run where it has more of a processor."


class NothingHeldError(Exception):
    """No rate was held, or none again and again. The text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is looked for."""

    first: float = 15.0
    """Requests a second of the first trial."""
    tolerance: float = 0.1
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
    doubt: str | None = None
    """Why the limit that was found may not be the target's; None: nothing says so."""


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

    def find(self) -> Finding:
        """Return the highest rate that is held, again and again.

        Raises:
            NothingHeldError: there is none, or the target's answers vary too much to tell.
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

    def _try(self, rate: float) -> None:
        """Narrow the gap. What failed is tried once more before it counts: one bad moment is no limit."""
        trial = self._run(rate)
        if self._failed(trial) and (self.has_time() or not self._low):
            trial = self._run(rate)
        if not self._failed(trial):
            self._low = max(self._low, rate)
            return
        self._high = min(self._high, rate)
        if self._guesses is None:
            self._guesses = [share * trial.ok_rps for share in _OF_THROUGHPUT]

    def _run(self, rate: float) -> Trial:
        self._trials.append(trial := self.run(rate))
        if trial.unanswered:
            raise NothingHeldError(f"None of {trial.requests} requests was answered as it should be: {trial.detail}.")
        return trial

    def _failed(self, trial: Trial) -> bool:
        return trial.complaint(self.plan.limits) is not None

    def _confirm(self) -> Finding:
        """Hold the rate again; one that fails twice running is given up for a lower one."""
        rate, confirmed, failed = self._low, 0, 0
        for _ in range(_MOST_ATTEMPTS):
            if not self._failed(self._run(rate)):
                confirmed, failed = confirmed + 1, 0
            elif failed:
                self._high = min(self._high, rate)
                rate, confirmed, failed = rate * _STEP_DOWN, 0, 0
            else:
                failed = 1
            if confirmed == self.plan.confirmations:
                return self._finding(rate, confirmed)
        raise NothingHeldError(
            f"No rate was held {self.plan.confirmations} times, not even {rate:.1f} requests/s: the target's answers "
            "vary too much. Let nothing else run on its machine, or measure for longer (--seconds)."
        )

    def _finding(self, rate: float, confirmed: int) -> Finding:
        at_rate = [trial.p95_ms for trial in self._trials if math.isclose(trial.rate_rps, rate, abs_tol=0.01)]
        spread = self._high / rate - 1 if math.isfinite(self._high) else 0.0
        return Finding(round(rate, 2), middle(at_rate), round(spread, 3), confirmed, self._trials, self._doubt())

    def _doubt(self) -> str | None:
        """Return whose limit it was, if not the target's."""
        failed = [trial for trial in self._trials if self._failed(trial)]
        lowest = min((trial.rate_rps for trial in failed), default=math.inf)
        at_limit = [trial for trial in failed if trial.rate_rps == lowest]
        if any(trial.over_rate for trial in failed):
            return _OVER_RATE
        return _LATE if at_limit and all(trial.generator_late for trial in at_limit) else None
