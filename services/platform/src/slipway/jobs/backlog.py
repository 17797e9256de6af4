"""Measures what waits. Workers do so, and the API: when no worker is left, somebody has to tell."""

from slipway.composition import Platform
from slipway.jobs import queue
from slipway.telemetry import catalogue


async def measure_backlog(platform: Platform) -> None:
    """Set the gauges of the workload's backlog, across tenants.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    backlog = await queue.backlog(platform.database, platform.workload.name)
    platform.metrics.set(catalogue.CHUNKS, backlog.waiting, state="waiting")
    platform.metrics.set(catalogue.CHUNKS, backlog.running, state="running")
    platform.metrics.set(catalogue.OLDEST_WAITING, backlog.oldest_seconds)
    platform.metrics.set(catalogue.DEAD_LETTERS, backlog.dead)
