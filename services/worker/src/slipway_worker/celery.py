"""All Celery wiring. A message is a doorbell: no result, no retry, acknowledged early; PostgreSQL has the truth."""

from typing import Any

from celery import Celery
from kombu import Queue

from slipway.jobs.doorbell import queue_name
from slipway.logstore import retention
from slipway.settings import Settings
from slipway.workload.loader import find_workload

SWEEP = "slipway.sweep"
"""Name of the task that takes back expired leases."""
EXPIRE_LOGS = "slipway.expire_logs"
"""Name of the task that deletes old days of logs."""


def create_celery(settings: Settings) -> Celery:
    """Return the Celery application of the worker and of the scheduler."""
    workload = find_workload(settings)
    queue = queue_name(workload.name)
    app = Celery("slipway", broker=settings.redis_url.get_secret_value(), set_as_current=True)
    app.conf.update(
        task_default_queue=queue,
        task_queues=[Queue(queue)],
        task_ignore_result=True,
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": 10 * settings.redis_timeout,
            "socket_connect_timeout": settings.redis_timeout,
        },
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule={
            "sweep": _every(settings.sweep_seconds, SWEEP, queue),
            "expire_logs": _every(retention.EVERY_SECONDS, EXPIRE_LOGS, queue),
        },
    )
    return app


def _every(seconds: float, task: str, queue: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": seconds,
        "options": {"queue": queue, "expires": seconds, "ignore_result": True},
    }
