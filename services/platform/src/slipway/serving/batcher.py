"""Requests meet here: the next batch forms while the current one runs."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from slipway.errors import Overloaded
from slipway.serving.predictor import PredictError, Predictor, Result
from slipway.settings import Settings
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics


@dataclass(slots=True)
class _Waiting:
    item: BaseModel
    answer: asyncio.Future[Result]


class Batcher:
    """A bounded queue in front of one predictor. Inputs of many requests share batches; beyond the bound: 503."""

    def __init__(self, predictor: Predictor, settings: Settings, metrics: Metrics) -> None:
        self._predictor = predictor
        self._bound = settings.batch_queue_inputs
        self._wait = settings.batch_wait
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._metrics = metrics
        metrics.follow(catalogue.BATCH_QUEUE, lambda: float(len(self._queue)), workload=predictor.workload.name)

    @property
    def full(self) -> bool:
        """Whether the next request will be refused; ask before its body is parsed."""
        return len(self._queue) >= self._bound

    def refuse(self) -> Overloaded:
        """Count a refusal and return the error that tells the caller."""
        self._metrics.inc(catalogue.REJECTED, reason="overloaded")
        return Overloaded("Too many inputs are waiting for the model. Try again soon.", headers={"Retry-After": "1"})

    async def predict(self, items: Sequence[BaseModel]) -> list[Result]:
        """Answer the inputs of one request, in order.

        Raises:
            Overloaded: the queue is full.
            ModelTimeout: the model hangs.
            PredictError: the workload has a defect.
        """
        if len(self._queue) + len(items) > self._bound:
            raise self.refuse()
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(item, loop.create_future()) for item in items]
        self._queue.extend(waiting)
        self._arrived.set()
        try:
            return list(await asyncio.gather(*(entry.answer for entry in waiting)))
        except asyncio.CancelledError:
            for entry in waiting:
                entry.answer.cancel()
            raise

    async def run(self) -> None:
        """Form and run batches until cancelled; whoever waits then is cancelled too."""
        batch: list[_Waiting] = []
        try:
            while True:
                await self._arrived.wait()
                if len(self._queue) < self._predictor.workload.max_batch and self._wait:
                    await asyncio.sleep(self._wait)
                batch = self._take()
                await self._run_batch(batch)
        finally:
            for entry in (*batch, *self._queue):
                entry.answer.cancel()
            self._queue.clear()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < self._predictor.workload.max_batch:
            entry = self._queue.popleft()
            if not entry.answer.done():
                batch.append(entry)
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _run_batch(self, batch: list[_Waiting]) -> None:
        try:
            results = await self._predictor.predict([entry.item for entry in batch])
        except PredictError as error:
            await self._blame_one(batch, error)
        except Exception as error:  # noqa: BLE001  # each caller gets it, and the batcher lives on
            _fail(batch, error)
        else:
            for entry, result in zip(batch, results, strict=True):
                if not entry.answer.done():
                    entry.answer.set_result(result)

    async def _blame_one(self, batch: list[_Waiting], error: PredictError) -> None:
        """Run the inputs of a failed batch one by one, so that nobody pays for somebody else's input."""
        if len(batch) == 1:
            _fail(batch, error)
            return
        for entry in batch:
            await self._run_batch([entry])


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for entry in batch:
        if not entry.answer.done():
            entry.answer.set_exception(error)
