"""`python -m slipway_worker.scheduler`: Celery beat. One is enough; two do no harm, as sweeps are decided by locks."""

import threading

from celery import signals

from slipway.process import announce_ready, begin
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.server import ProbeServer
from slipway_worker.celery import create_celery

log = get_logger(__name__)


def serve() -> None:
    """Send the scheduled tasks until SIGTERM or SIGINT."""
    settings = begin("scheduler")
    ready = threading.Event()

    def started(**_: object) -> None:
        ready.set()
        log.info("scheduler.ready")
        announce_ready(settings)

    signals.beat_init.connect(started)
    probes = ProbeServer(
        settings.metrics_host, settings.metrics_port, Metrics().registry, started=ready.is_set, ready=ready.is_set
    )
    probes.start()
    try:
        create_celery(settings).Beat(quiet=True).run()
    finally:
        probes.stop()


if __name__ == "__main__":
    serve()
