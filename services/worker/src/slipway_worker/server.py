"""Runs a worker: Celery in the main thread, the runtime beside it."""

import signal

from celery import signals
from celery.platforms import EX_OK
from celery.worker import state

from slipway.keys.requirement import require_keys
from slipway.process import begin
from slipway.telemetry.tracing import configure_tracing
from slipway_worker.celery import create_celery
from slipway_worker.runtime import Runtime
from slipway_worker.tasks import register


def serve() -> None:
    """Work until SIGTERM or SIGINT; then finish the chunks in hand, or give them back."""
    settings = begin("worker")
    require_keys(settings)
    tracing = configure_tracing("worker", settings)
    runtime = Runtime(settings, tracing)
    app = create_celery(settings)
    register(app, runtime, tracing)

    def drain(**_: object) -> None:
        runtime.drain()

    def stop_early(*_: object) -> None:
        # An exception raised here could be lost in a destructor; Celery looks at its state once it runs.
        setattr(state, "should_stop", EX_OK)  # noqa: B010  # the stubs declare it as None
        runtime.drain()

    signals.worker_shutting_down.connect(drain)
    signal.signal(signal.SIGTERM, stop_early)  # until Celery takes the signal over
    try:
        runtime.start()
        # One process, no pool: one metrics registry, and no fork after the model is loaded.
        worker = app.Worker(
            pool="solo", concurrency=1, quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True
        )
        if state.should_stop is None:
            worker.start()
    finally:
        runtime.stop()
