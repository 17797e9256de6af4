"""Requests meet here: the next batch forms while the current one runs."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.trace import Span
from pydantic import BaseModel

from slipway.errors import Overloaded
from slipway.serving.batch_trace import traced_batch
from slipway.serving.places import Place, Places
from slipway.serving.predictor import PredictError, Predictor, Result
from slipway.serving.throughput import Throughput
from slipway.settings import Settings
from slipway.telemetry import catalogue, spans
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import NO_TRACING, Tracing

_LONGEST_RETRY_AFTER = 30
_ANSWERED_AT_ONCE = 4
"""A caller's work with its answer takes about a millisecond: this is how long the loop is busy at a stretch."""


@dataclass(slots=True)
class _Waiting:
    item: BaseModel
    answer: asyncio.Future[Result]
    request: Span
    predictor: Predictor
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """A bounded queue in front of the model, first in, first out. Inputs of many requests share batches.

    Requests are admitted before their bodies are read, and whoever was admitted is served. Nobody is admitted while
    the wait would be too long: by the inputs ahead and the throughput of late, or by what the oldest has waited so far.
    One full batch may always wait, however slow the model is, so that it never runs dry.

    Where a request wants another model than the default one, it waits in the same queue: models take turns, whoever has
    waited longest first, and a batch has inputs of one model only.
    """

    def __init__(
        self, predictor: Predictor, settings: Settings, metrics: Metrics, tracing: Tracing = NO_TRACING
    ) -> None:
        self._predictor = predictor
        self._tracing = tracing
        self._most_inputs = settings.batch_queue_inputs
        self._most_seconds = settings.batch_queue_seconds
        self._wait = settings.batch_wait
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._running = 0
        self._places = Places()
        self._handing_out: set[asyncio.Task[None]] = set()
        self._throughput = Throughput()
        self._metrics = metrics
        name = predictor.workload.name
        metrics.follow(catalogue.BATCH_QUEUE, lambda: float(len(self._queue)), workload=name)
        metrics.follow(catalogue.BATCH_QUEUE_WAIT, self._estimate, workload=name)

    @property
    def overloaded(self) -> bool:
        """Whether the next request is to be refused. Cheap enough to be asked for each."""
        waiting = len(self._queue) + self._places.inputs
        if waiting < min(self._predictor.workload.max_batch, self._most_inputs):
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
            loop = asyncio.get_running_loop()
            chosen = predictor or self._predictor
            return await self._answers([_Waiting(item, loop.create_future(), span, chosen) for item in items])

    async def run(self) -> None:
        """Form and run batches until cancelled; whoever waits then is cancelled too."""
        batch: list[_Waiting] = []
        try:
            while True:
                await self._arrived.wait()
                if len(self._queue) < self._predictor.workload.max_batch and self._wait:
                    await asyncio.sleep(self._wait)
                batch = self._take()
                self._running = len(batch)
                if batch:
                    self._observe_waits(batch)
                    await self._run_batch(batch)
                self._running = 0
        finally:
            await asyncio.gather(*self._handing_out)
            for entry in (*batch, *self._queue):
                entry.answer.cancel()
            self._queue.clear()

    async def _answers(self, waiting: list[_Waiting]) -> list[Result]:
        self._queue.extend(waiting)
        self._arrived.set()
        try:
            return list(await asyncio.gather(*(entry.answer for entry in waiting)))
        except BaseException:
            self._drop(waiting)
            raise

    def _refuse(self) -> Overloaded:
        self._metrics.inc(catalogue.REJECTED, reason="overloaded")
        seconds = min(max(math.ceil(self._longest_wait()), 1), _LONGEST_RETRY_AFTER)
        headers = {"Retry-After": str(seconds)}
        return Overloaded("Too many inputs are waiting for the model. Try again soon.", headers=headers)

    def _estimate(self, arriving: float = 0.0) -> float:
        """Return how many seconds an input that came now would wait, by the throughput of late; 0: nobody knows."""
        rate = self._throughput.rate
        return (len(self._queue) + self._running + arriving) / rate if rate else 0.0

    def _longest_wait(self) -> float:
        """Return the estimate, or how long the oldest has waited already, on its way here or in the queue.

        What has waited tells what throughput cannot: that the model hangs, or the process has no time for requests.
        """
        waited = time.monotonic() - self._queue[0].since if self._queue else 0.0
        return max(self._estimate(self._places.inputs), waited, self._places.age)

    def _drop(self, gone: list[_Waiting]) -> None:
        """Take back the inputs of a caller who went away, or has an error already."""
        for entry in gone:
            entry.answer.cancel()
        self._queue = deque(entry for entry in self._queue if not entry.answer.done())

    def _take(self) -> list[_Waiting]:
        """Take a batch for the model of who has waited longest; who waits for another one keeps his place."""
        batch: list[_Waiting] = []
        others: list[_Waiting] = []
        while self._queue and len(batch) < self._predictor.workload.max_batch:
            entry = self._queue.popleft()
            if entry.answer.done():
                continue
            same = not batch or entry.predictor is batch[0].predictor
            (batch if same else others).append(entry)
        self._queue.extendleft(reversed(others))
        if not self._queue:
            self._arrived.clear()
        return batch

    def _observe_waits(self, batch: list[_Waiting]) -> None:
        now, workload = time.monotonic(), self._predictor.workload.name
        for entry in batch:
            self._metrics.observe(catalogue.BATCH_WAIT, now - entry.since, workload=workload)

    async def _run_batch(self, batch: list[_Waiting]) -> None:
        began = time.monotonic()
        try:
            with traced_batch(self._tracing, [(entry.request, entry.since) for entry in batch]):
                results = await batch[0].predictor.predict([entry.item for entry in batch])
        except PredictError as error:
            await self._blame_one(batch, error)
        except Exception as error:  # noqa: BLE001  # each caller gets it, and the batcher lives on
            _fail(batch, error)
        else:
            self._throughput.record(len(batch), time.monotonic() - began)
            # Beside the next batch: the model need not wait for what the callers make of their answers.
            task = asyncio.create_task(_hand_out(batch, results))
            self._handing_out.add(task)
            task.add_done_callback(self._handing_out.discard)

    async def _blame_one(self, batch: list[_Waiting], error: PredictError) -> None:
        """Run the inputs of a failed batch one by one, so that nobody pays for somebody else's input."""
        if len(batch) == 1:
            _fail(batch, error)
            return
        for entry in batch:
            if not entry.answer.done():
                await self._run_batch([entry])


async def _hand_out(batch: list[_Waiting], results: list[Result]) -> None:
    """Answer a few at a time: if all callers went on at once, the loop would be deaf for as long as that takes."""
    for number, (entry, result) in enumerate(zip(batch, results, strict=True)):
        if number % _ANSWERED_AT_ONCE == 0:
            await asyncio.sleep(0)
        if not entry.answer.done():
            entry.answer.set_result(result)


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for entry in batch:
        if not entry.answer.done():
            entry.answer.set_exception(error)
