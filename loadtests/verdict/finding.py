"""What is said about a run, and what it weighs."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is about."""

    HELD = "held"
    # What fails a run.
    DID_NOT_SCALE = "did_not_scale"
    SCALED_LATE = "scaled_late"
    SCALED_WITHOUT_NEED = "scaled_without_need"
    OSCILLATED = "oscillated"
    DROPPED_ON_SCALE_DOWN = "dropped_on_scale_down"
    ERRORS = "errors"
    REFUSED = "refused"
    SLOW = "slow"
    DRAINED_OFF_PREDICTION = "drained_off_prediction"
    LOST = "lost"
    INTERRUPTED = "interrupted"
    # What makes it prove nothing.
    NO_DATA = "no_data"
    CUT_SHORT = "cut_short"
    PLAN = "plan"
    LOAD_DIFFERS = "load_differs"
    GENERATOR_SATURATED = "generator_saturated"
    OVER_RATE = "over_rate"
    NO_CAPACITY = "no_capacity"
    CAPACITY_DOUBTFUL = "capacity_doubtful"
    NO_NEED = "no_need"
    TOO_SHORT = "too_short"
    WATCH_GAP = "watch_gap"
    CLOCKS = "clocks"


_TIMING = {Kind.DID_NOT_SCALE, Kind.SCALED_LATE, Kind.SCALED_WITHOUT_NEED}
_SHARES = {Kind.ERRORS, Kind.REFUSED, Kind.SLOW}
_BURST = {Kind.DRAINED_OFF_PREDICTION, Kind.LOST}

EXPLAINS: dict[Kind, frozenset[Kind]] = {
    Kind.NO_DATA: frozenset({*_TIMING, *_SHARES, *_BURST}),
    Kind.CUT_SHORT: frozenset({Kind.DID_NOT_SCALE, Kind.SCALED_LATE, *_SHARES, *_BURST}),
    Kind.PLAN: frozenset({*_TIMING, *_SHARES, Kind.OSCILLATED}),
    Kind.LOAD_DIFFERS: frozenset({*_TIMING, *_SHARES, Kind.OSCILLATED}),
    # Whether it scaled is judged by what was sent, so that a weak generator is no excuse for that.
    Kind.GENERATOR_SATURATED: frozenset({Kind.SCALED_LATE, *_SHARES}),
    # What a key may not send reaches no pod.
    Kind.OVER_RATE: frozenset({*_TIMING, Kind.REFUSED, Kind.SLOW}),
    Kind.NO_CAPACITY: frozenset({*_TIMING, Kind.SLOW, Kind.DRAINED_OFF_PREDICTION}),
    Kind.CAPACITY_DOUBTFUL: frozenset(_TIMING),
    Kind.NO_NEED: frozenset(),
    Kind.TOO_SHORT: frozenset(),
    Kind.WATCH_GAP: frozenset({*_TIMING, Kind.DRAINED_OFF_PREDICTION}),
    Kind.CLOCKS: frozenset({*_TIMING, Kind.SLOW, Kind.DROPPED_ON_SCALE_DOWN, Kind.DRAINED_OFF_PREDICTION}),
}
"""What makes a run INVALID, and the failures that it could be the cause of. The others stay failures."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a run, with the figure and the limit that it is about, if there are any."""

    kind: Kind
    text: str
    value: float | None = None
    limit: float | None = None
    certain: bool = False
    """A failure that nothing about the recording could explain."""

    @property
    def invalidates(self) -> bool:
        """Whether the run proves nothing."""
        return self.kind in EXPLAINS

    @property
    def fails(self) -> bool:
        """Whether an objective was missed."""
        return not self.invalidates and self.kind is not Kind.HELD


class Verdict(StrEnum):
    """What a run comes to."""

    PASS = "PASS"  # noqa: S105  # no password
    FAIL = "FAIL"
    INVALID = "INVALID"


def weigh(findings: list[Finding]) -> Verdict:
    """Return the verdict.

    INVALID as soon as one finding says that the run proves nothing, unless there is a failure that none of those
    findings could be the cause of: that one is true whatever else went wrong. PASS is for a run without either.
    """
    causes = [finding for finding in findings if finding.invalidates]
    failures = [finding for finding in findings if finding.fails]
    explained: set[Kind] = set().union(*(EXPLAINS[cause.kind] for cause in causes))
    if any(failure.certain or failure.kind not in explained for failure in failures):
        return Verdict.FAIL
    return Verdict.INVALID if causes else Verdict.PASS
