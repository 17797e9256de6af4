"""Rings the workers through Celery, by the name of the task."""

import asyncio

from celery import Celery

from slipway.jobs.doorbell import TASK, TRACEPARENT, queue_name
from slipway.serving.thread import CallThread
from slipway.settings import Settings
from slipway.telemetry import catalogue, spans
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import NO_TRACING, Tracing, current_traceparent
from slipway_api.breaker import TRIAL_SECONDS, Breaker
from slipway_api.calls import measured

_EXPIRES_SECONDS = 60

log = get_logger(__name__)


class CeleryDoorbell:
    """Rings off the event loop, within a short time, and never fails: workers also look by themselves."""

    def __init__(self, settings: Settings, workload: str, metrics: Metrics, tracing: Tracing = NO_TRACING) -> None:
        limit = settings.redis_timeout
        self._celery = Celery("slipway-api", broker=settings.redis_url.get_secret_value())
        self._celery.conf.update(
            task_ignore_result=True,
            broker_transport_options={"socket_timeout": limit, "socket_connect_timeout": limit, "max_retries": 0},
        )
        self._queue = queue_name(workload)
        self._limit = limit
        self._metrics = metrics
        self._tracing = tracing
        self._breaker = Breaker(TRIAL_SECONDS)
        # Not one of the loop's, which also look up the addresses of servers: a Redis that hangs holds this one only.
        self._thread = CallThread("doorbell")

    async def ring(self) -> None:
        """Send the message that says: work exists."""
        if not self._breaker.may_try():
            self._count("skipped")
            return
        try:
            with measured(self._metrics, "doorbell"), self._tracing.span(spans.DOORBELL_SEND):
                async with asyncio.timeout(2 * self._limit):
                    await self._thread.call(self._send)
        except Exception as error:  # noqa: BLE001  # whatever ails Redis: the job is safe, and workers look by themselves
            self._breaker.trip()
            self._count("failed")
            log.warning("doorbell.failed", reason=type(error).__name__)
        else:
            self._breaker.close()
            self._count("rung")

    def close(self) -> None:
        """Let go of the thread, without waiting for a message that is under way."""
        self._thread.close()

    def _send(self) -> None:
        traceparent = current_traceparent()
        headers = {TRACEPARENT: traceparent} if traceparent else {}
        self._celery.send_task(TASK, queue=self._queue, expires=_EXPIRES_SECONDS, retry=False, headers=headers)

    def _count(self, outcome: str) -> None:
        self._metrics.inc(catalogue.DOORBELLS, outcome=outcome)
