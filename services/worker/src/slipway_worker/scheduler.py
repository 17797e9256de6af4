"""`python -m slipway_worker.scheduler`: Celery beat. One is enough; two do no harm, as sweeps are decided by locks."""

import threading

from celery import signals

from slipway.settings import Environment, Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.server import ProbeServer
from slipway_worker.celery import create_celery


def serve() -> None:
    """Send the scheduled tasks until SIGTERM or SIGINT."""
    settings = Settings()
    configure_logs("scheduler", settings.log_level, strict=settings.environment is Environment.DEVELOPMENT)
    ready = threading.Event()

    def started(**_: object) -> None:
        ready.set()

    signals.beat_init.connect(started)
    probes = ProbeServer(settings.metrics_host, settings.metrics_port, Metrics().registry, ready.is_set)
    probes.start()
    try:
        create_celery(settings).Beat(quiet=True).run()
    finally:
        probes.stop()


if __name__ == "__main__":
    serve()
