"""Pods that ended during a run, and the requests that failed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.verdict.records import Pod, Sample

_HEARD_SECONDS = 5.0
"""For so long after a pod is gone, a gateway may still send requests to its address."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A pod's end: from when its deletion was asked for, until nobody sends to its address any more."""

    pod: str
    begin: float
    end: float


def removals(pods: Sequence[Pod], begin: float, end: float) -> list[Removal]:
    """Return the pods that were deleted from `begin` to `end`; of one whose end nobody saw, it is the run's."""
    asked = {pod.name: pod.deleted_at for pod in reversed(pods) if pod.deleted_at is not None}
    gone = {pod.name: pod.gone_at + _HEARD_SECONDS for pod in pods if pod.gone_at is not None}
    found = [Removal(name, at, max(at, gone.get(name, end))) for name, at in asked.items()]
    return sorted((one for one in found if begin <= one.end and one.begin <= end), key=lambda one: (one.begin, one.pod))


def failed_on_removal(samples: Sequence[Sample], ended: Sequence[Removal]) -> list[Sample]:
    """Return the requests that failed and were in flight while a pod ended: from its deletion to 5 s after it was gone.

    In flight is from when a request was sent to the end of its answer, or of the wait for one. Refusals do not count.
    """
    return [
        sample
        for sample in samples
        if sample.outcome == "error" and any(sample.began <= one.end and one.begin <= sample.done for one in ended)
    ]
