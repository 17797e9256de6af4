"""Which traces are recorded: all while there are few, and as many a second as the settings say when there are many."""

import threading
import time
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind
from opentelemetry.util.types import Attributes

from slipway.settings import Settings

BURST_SECONDS = 10.0
"""After a pause, so many seconds' worth of traces may begin at once."""
CALLERS_FACTOR = 10
"""How many times as many traces are recorded that a caller has decided on, as begin here."""

_DROPPED = SamplingResult(Decision.DROP)


class Allowance:
    """A token bucket: so many a second in the long run, and what was not used in the last ten seconds. Thread-safe."""

    def __init__(self, per_second: float) -> None:
        """Start full. 0 allows nothing."""
        self._interval = 1 / per_second if per_second else None
        self._spent_until = -BURST_SECONDS
        """The moment at which the bucket is empty: each token moves it on by an interval."""
        self._taking = threading.Lock()

    def take(self) -> bool:
        """Take a token, if there is one."""
        if self._interval is None:
            return False
        now = time.monotonic()
        with self._taking:
            spent_until = max(self._spent_until, now - BURST_SECONDS)
            if spent_until > now:
                return False
            self._spent_until = spent_until + self._interval
            return True


class Limited(Sampler):
    """Records what another sampler would, as far as an allowance goes."""

    def __init__(self, sampler: Sampler, allowance: Allowance) -> None:
        self._sampler = sampler
        self._allowance = allowance

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        *_: object,
    ) -> SamplingResult:
        """Decide on a span; OpenTelemetry describes the arguments."""
        found = self._sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)
        return found if found.decision is Decision.RECORD_AND_SAMPLE and self._allowance.take() else _DROPPED

    def get_description(self) -> str:
        """Name the sampler, for OpenTelemetry."""
        return f"Limited{{{self._sampler.get_description()}}}"


def sampler(settings: Settings, *, collected: bool) -> Sampler:
    """Return what decides in a process of these settings.

    A trace that begins here is recorded by `trace_ratio`, and within the allowance of `traces_per_second`. A caller's
    decision to record is followed within an allowance of its own, ten times as large: whoever can send a request could
    otherwise have all of them recorded. What a span of ours decided holds for the spans below it.

    Args:
        settings: of the process.
        collected: whether somebody takes the spans; else no new trace is recorded.
    """
    begun, continued = settings.traces_per_second, settings.traces_per_second * CALLERS_FACTOR
    root = TraceIdRatioBased(settings.trace_ratio) if collected else ALWAYS_OFF
    return ParentBased(Limited(root, Allowance(begun)), remote_parent_sampled=Limited(ALWAYS_ON, Allowance(continued)))
