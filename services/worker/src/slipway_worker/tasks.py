"""The tasks: each a line into the runtime."""

from celery import Celery

from slipway.jobs.doorbell import TASK
from slipway_worker.celery import SWEEP
from slipway_worker.runtime import Runtime


def register(app: Celery, runtime: Runtime) -> None:
    """Give the application its tasks."""

    @app.task(name=TASK)
    def ring() -> None:
        """Answer the doorbell: work until nothing is left, or the turn is over."""
        if runtime.turn():
            app.send_task(TASK, retry=False)

    @app.task(name=SWEEP)
    def sweep() -> None:
        """Take back expired leases, abandoned uploads and old idempotency keys."""
        runtime.sweep()
