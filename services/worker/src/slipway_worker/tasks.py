"""The tasks: each a line into the runtime."""

from contextlib import nullcontext
from typing import Any

from celery import Celery

from slipway.jobs.doorbell import TASK, TRACEPARENT
from slipway.telemetry import spans
from slipway.telemetry.tracing import Tracing
from slipway_worker.celery import EXPIRE_LOGS, SWEEP
from slipway_worker.runtime import Runtime


def register(app: Celery, runtime: Runtime, tracing: Tracing) -> None:
    """Give the application its tasks."""

    @app.task(name=TASK, bind=True)
    def ring(message: Any) -> None:
        """Answer the doorbell: work until nothing is left, or the turn is over."""
        traceparent = message.request.get(TRACEPARENT)
        with tracing.continue_trace(traceparent, spans.DOORBELL_ANSWER) if traceparent else nullcontext():
            more = runtime.turn()
        if more:
            # Whose turn comes next has nothing to do with who rang: no trace.
            app.send_task(TASK, retry=False)

    @app.task(name=SWEEP)
    def sweep() -> None:
        """Take back expired leases and abandoned uploads."""
        runtime.sweep()

    @app.task(name=EXPIRE_LOGS)
    def expire_logs() -> None:
        """Delete the days of logs that are old enough."""
        runtime.expire_logs()
