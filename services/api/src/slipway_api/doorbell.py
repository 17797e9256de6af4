"""Rings the workers through Celery, by the name of the task."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from slipway.jobs.doorbell import TASK, TRACEPARENT, queue_name
from slipway.serving.thread import CallThread
from slipway.settings import Settings
from slipway.telemetry import catalogue, spans
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import NO_TRACING, Tracing, current_traceparent
from slipway_api.breaker import TRIAL_SECONDS, Breaker
from slipway_api.calls import measured

if TYPE_CHECKING:
    from celery import Celery

_EXPIRES_SECONDS = 60

log = get_logger(__name__)


class CeleryDoorbell:
    """Rings off the event loop, within a short time, and never fails: workers also look by themselves."""

    def __init__(self, settings: Settings, workload: str, metrics: Metrics, tracing: Tracing = NO_TRACING) -> None:
        self._broker = settings.redis_url
        self._queue = queue_name(workload)
        self._limit = settings.redis_timeout
        self._metrics = metrics
        self._tracing = tracing
        self._breaker = Breaker(TRIAL_SECONDS)
        # Not one of the loop's, which also look up the addresses of servers: a Redis that hangs holds this one only.
        self._thread = CallThread("doorbell")

    async def open(self) -> None:
        """Import what ringing needs, off the loop: it takes long, and the first to ring would pay for it."""
        await self._thread.call(self._prepare)

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

    @cached_property
    def _celery(self) -> "Celery":
        from celery import Celery  # noqa: PLC0415  # slow to import: beside the load of the model, not before it

        celery = Celery("slipway-api", broker=self._broker.get_secret_value())
        options = {"socket_timeout": self._limit, "socket_connect_timeout": self._limit, "max_retries": 0}
        celery.conf.update(task_ignore_result=True, broker_transport_options=options)
        return celery

    def _prepare(self) -> None:
        # Both are imported when they are first asked for; neither opens a connection.
        self._celery.amqp.queues  # noqa: B018
        self._celery.connection_for_write().transport_cls  # noqa: B018

    def _send(self) -> None:
        traceparent = current_traceparent()
        headers = {TRACEPARENT: traceparent} if traceparent else {}
        self._celery.send_task(TASK, queue=self._queue, expires=_EXPIRES_SECONDS, retry=False, headers=headers)

    def _count(self, outcome: str) -> None:
        self._metrics.inc(catalogue.DOORBELLS, outcome=outcome)
