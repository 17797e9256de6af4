"""Requests meet here: the next batches form while the current ones run."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial

from pydantic import BaseModel

from slipway.errors import Overloaded
from slipway.serving.answers import Answers
from slipway.serving.batch_trace import BatchTrace, trace_batch
from slipway.serving.call import Call
from slipway.serving.lag import Lag
from slipway.serving.places import Place, Places
from slipway.serving.predictor import Outcome, PredictError, Predictor, Result
from slipway.serving.queue import Batch, Queue, Request
from slipway.serving.throughput import Throughput
from slipway.settings import Settings
from slipway.telemetry import catalogue, spans
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import NO_TRACING, Tracing

_LONGEST_RETRY_AFTER = 30
_GATHERING_SECONDS = 0.002
"""The longest that a free lane waits for inputs that are on their way."""
_WAITS_FOR_LOOP = 2
"""A request waits for the event loop at least so often: to be read, and for its answer to be written."""


class Batcher:
    """A bounded queue in front of the model. Inputs of many requests share batches.

    A lane that is free takes at once what waits: an idle model adds no delay, and while it is busy, the next batches
    grow. Only where another lane works and requests are on their way, which were let in and are still read, a lane
    waits for their company, two milliseconds at most: callers who were answered together come again together, and the
    first of them would have a batch for himself. There is nothing to set.

    Requests are admitted before their bodies are read, and whoever was admitted is served. Nobody is admitted while
    the wait would be too long: by the inputs ahead, the throughput of late and how late the event loop is, or by what
    the oldest has waited so far. One full batch for each lane may always wait, however slow the model is, so that it
    never runs dry.

    Where a request wants another model than the default one, it waits in the same queue: models take turns, whoever has
    waited longest first, and a batch has inputs of one model only.
    """

    def __init__(
        self, predictor: Predictor, settings: Settings, metrics: Metrics, tracing: Tracing = NO_TRACING
    ) -> None:
        self._predictor = predictor
        self._lanes = predictor.lanes
        self._tracing = tracing
        self._most_inputs = settings.batch_queue_inputs
        self._most_seconds = settings.batch_queue_seconds
        self._queue = Queue()
        self._places = Places()
        self._answers = Answers()
        self._throughput = Throughput()
        self._lag = Lag()
        self._context: Context | None = None
        self._asked = False
        self._gathering: asyncio.TimerHandle | None = None
        self._running: set[_Running] = set()
        self._metrics = metrics
        name = predictor.workload.name
        metrics.follow(catalogue.BATCH_QUEUE, lambda: float(len(self._queue)), workload=name)
        metrics.follow(catalogue.BATCH_QUEUE_WAIT, self._estimate, workload=name)

    @property
    def overloaded(self) -> bool:
        """Whether the next request is to be refused. Cheap enough to be asked for each."""
        waiting = len(self._queue) + self._places.inputs
        if waiting < min(self._predictor.workload.max_batch * self._lanes.count, self._most_inputs):
            return False
        return waiting >= self._most_inputs or self._longest_wait() > self._most_seconds

    def admit(self) -> Place:
        """Let a request in, before its body is read; release the place when its inputs are there, or never will be.

        Raises:
            Overloaded: too much waits.
        """
        if self.overloaded:
            raise self._refuse()
        return self._places.take()

    async def predict(self, items: Sequence[BaseModel], predictor: Predictor | None = None) -> list[Result]:
        """Answer the inputs of one request, in order, by the default model or another. Nobody is refused here.

        Raises:
            ModelTimeout: the model hangs.
            PredictError: the workload has a defect.
        """
        self._places.learn(len(items))
        with self._tracing.span(spans.BATCHER_PREDICT, inputs=len(items)) as span:
            request = Request(predictor or self._predictor, span if span.is_recording() else None)
            self._queue.add(request, items)
            self._begin()
            try:
                return await request.answer
            finally:
                self._queue.drop(request)

    async def run(self) -> None:
        """Form and run batches until cancelled; whoever waits then is cancelled too."""
        self._context = copy_context()
        try:
            self._begin()
            await self._lag.follow()
        finally:
            self._context = None
            self._answers.give_all()
            for running in self._running:
                running.cancel()
            for request in self._queue.clear():
                request.answer.cancel()

    def _begin(self) -> None:
        """Begin batches, unless it is better to wait for company."""
        if self._lanes.free and self._running and self._expects_company():
            if self._gathering is None:
                self._gathering = asyncio.get_running_loop().call_later(_GATHERING_SECONDS, self._begin_now)
        else:
            self._begin_now()

    def _expects_company(self) -> bool:
        return bool(self._places.inputs) and 0 < len(self._queue) < self._predictor.workload.max_batch

    def _begin_now(self) -> None:
        """Begin batches while something waits and a lane is free; then ask for the next lane that will be."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._context is None:
            return
        while self._lanes.free:
            batches = self._queue.take(self._lanes.free, self._lanes.count)
            for batch in batches:
                self._call(batch, self._context.copy())
            if not batches:
                return
        if not self._asked:
            self._asked = True
            self._lanes.when_free(self._begin_next)

    def _begin_next(self) -> None:
        self._asked = False
        self._begin()

    def _call(self, batch: Batch, context: Context) -> None:
        self._observe_waits(batch)
        running = _Running(batch, trace_batch(self._tracing, batch, context))
        self._running.add(running)
        items = [entry.item for entry in batch]
        running.call = batch[0].request.predictor.begin(items, context, partial(self._ended, running))

    def _observe_waits(self, batch: Batch) -> None:
        now, workload = time.monotonic(), self._predictor.workload.name
        waits = [now - entry.request.since for entry in batch if not entry.alone]
        self._metrics.observe_all(catalogue.BATCH_WAIT, waits, workload=workload)

    def _ended(self, running: "_Running", outcome: Outcome) -> None:
        self._running.discard(running)
        batch, error = running.batch, outcome if isinstance(outcome, Exception) else None
        if running.trace is not None:
            running.trace.end(error)
        if not isinstance(outcome, Exception):
            self._throughput.record(len(batch), (time.monotonic() - running.began) / self._lanes.count)
            self._answers.give((request, None) for request in _completed(batch, outcome))
        elif isinstance(error, PredictError) and len(batch) > 1:
            # So that nobody pays for somebody else's input.
            self._queue.try_alone(batch)
            self._begin()
        else:
            self._fail(batch, outcome)

    def _fail(self, batch: Batch, error: Exception) -> None:
        requests = dict.fromkeys(entry.request for entry in batch)
        for request in requests:
            self._queue.drop(request)
        self._answers.give((request, error) for request in requests)

    def _refuse(self) -> Overloaded:
        self._metrics.inc(catalogue.REJECTED, reason="overloaded")
        seconds = min(max(math.ceil(self._longest_wait()), 1), _LONGEST_RETRY_AFTER)
        headers = {"Retry-After": str(seconds)}
        return Overloaded("Too many inputs are waiting for the model. Try again soon.", headers=headers)

    def _estimate(self, arriving: float = 0.0) -> float:
        """Return how many seconds an input that came now would wait, by the throughput of late; 0: nobody knows."""
        rate = self._throughput.rate
        running = sum(len(running.batch) for running in tuple(self._running))
        return (len(self._queue) + running + arriving) / rate if rate else 0.0

    def _longest_wait(self) -> float:
        """Return the estimate, or how long the oldest has waited already, on its way here or in the queue.

        What has waited tells what throughput cannot: that the model hangs, or the process has no time for requests.
        The wait for the loop comes on top: it is not in any queue that could be seen from here.
        """
        since = self._queue.since
        waited = 0.0 if since is None else time.monotonic() - since
        ahead = max(self._estimate(self._places.inputs), waited, self._places.age)
        return ahead + _WAITS_FOR_LOOP * self._lag.seconds


@dataclass(slots=True, eq=False)
class _Running:
    batch: Batch
    trace: BatchTrace | None
    call: Call | None = None
    began: float = field(default_factory=time.monotonic)

    def cancel(self) -> None:
        """Stop what can be stopped, and tell whoever waits for it."""
        if self.call is not None:
            self.call.cancel()
        for entry in self.batch:
            entry.request.answer.cancel()


def _completed(batch: Batch, results: Sequence[Result]) -> Iterator[Request]:
    """Keep the results of a batch; iterate over the requests that have all of theirs now."""
    for entry, result in zip(batch, results, strict=True):
        request = entry.request
        request.results[entry.position] = result
        request.unanswered -= 1
        if request.unanswered == 0:
            yield request
