"""Tells workers that there is work. It may fail: workers also look by themselves."""

from typing import Protocol

TASK = "slipway.ring"
"""Name of the worker's task that answers the doorbell."""
TRACEPARENT = "traceparent"
"""Header of the message that names the trace of whoever rang."""


def queue_name(workload: str) -> str:
    """Return the name of the message queue that the workers of a workload listen on."""
    return f"slipway.{workload}"


class Doorbell(Protocol):
    """Rings without ever failing or delaying the caller."""

    async def ring(self) -> None:
        """Ring, if that is possible within a short time."""
        ...
