"""Calls a workload's `predict` within its limits, and checks what it returns."""

import asyncio
import inspect
import time
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from slipway.errors import ModelTimeout
from slipway.serving.hangs import Hangs
from slipway.serving.observation import Drifts, Observer
from slipway.serving.thread import CallThread
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import annotate
from slipway.workload import Failure
from slipway.workload.loader import AnyWorkload

Result = BaseModel | Failure


class PredictError(Exception):
    """`predict` raised, or broke its contract. The cause is a defect of the workload."""


class Predictor:
    """One model in one process. Batches that do not fit the workload's limits are cut into ones that do."""

    def __init__(
        self, workload: AnyWorkload, metrics: Metrics, hangs: Hangs | None = None, drifts: Drifts | None = None
    ) -> None:
        """Serve a workload. Models of one process share what they know of calls that hang, and what drift they show."""
        self.workload = workload
        self._metrics = metrics
        self._is_async = inspect.iscoroutinefunction(workload.predict)
        self._thread = CallThread("model")
        self._hangs = hangs or Hangs(workload.name, metrics)
        self._observer = Observer(workload, metrics, drifts or Drifts(workload.name, metrics))
        self._thread_free = asyncio.Lock()

    async def load(self) -> None:
        """Load and warm the model, off the event loop.

        Raises:
            TimeoutError: it took longer than the workload's limit for it.
        """
        limit = self.workload.load_limit
        try:
            async with asyncio.timeout(limit):
                await self._thread.call(self.workload.load)
        except TimeoutError as error:
            raise TimeoutError(f"{self.workload.name}.load took longer than {limit:g} seconds (load_limit)") from error
        self._observer.start()

    async def predict(self, items: Sequence[BaseModel]) -> list[Result]:
        """Answer each input, in order.

        Raises:
            ModelTimeout: a batch took longer than the workload's time limit.
            PredictError: the workload raised, or returned something else than one result for each input.
        """
        results: list[Result | None] = [None] * len(items)
        for batch in self._batches(items):
            for position, result in zip(batch, await self._batch([items[i] for i in batch]), strict=True):
                results[position] = result
        return [result for result in results if result is not None]

    def close(self) -> None:
        """Let go of the thread; a call that hangs in it is not waited for."""
        self._thread.close()

    def _batches(self, items: Sequence[BaseModel]) -> list[list[int]]:
        """Cut positions into batches, the cheapest first, so that inputs of like length share a batch."""
        limit, budget = self.workload.max_batch, self.workload.max_batch_cost
        costs = self._costs(items)
        batches: list[list[int]] = []
        for position in sorted(range(len(items)), key=costs.__getitem__):
            full = not batches or len(batches[-1]) >= limit or (len(batches[-1]) + 1) * costs[position] > budget
            if full:
                batches.append([])
            batches[-1].append(position)
        padded = sum(len(batch) * costs[batch[-1]] for batch in batches)
        annotate(model=self.workload.version, model_calls=len(batches), padded_tokens=padded)
        return batches

    def _costs(self, items: Sequence[BaseModel]) -> list[int]:
        try:
            return [max(self.workload.cost(item), 1) for item in items]
        except Exception as error:
            raise PredictError(f"{self.workload.name}.cost raised {type(error).__name__}") from error

    async def _batch(self, batch: list[BaseModel]) -> Sequence[Result]:
        if self._is_async:
            return await self._timed(batch)
        # One call at a time: the time limit is for the model, not for the wait.
        async with self._thread_free:
            return await self._timed(batch)

    async def _timed(self, batch: list[BaseModel]) -> Sequence[Result]:
        name, began = self.workload.name, time.perf_counter()
        limit = asyncio.timeout(self.workload.time_limit)
        try:
            async with limit:
                results = await self._call(batch)
        except Exception as error:
            if limit.expired():
                self._abandon_thread()
                raise ModelTimeout(f"The model took longer than {self.workload.time_limit:g} seconds.") from error
            raise PredictError(f"{name}.predict raised {type(error).__name__}") from error
        self._hangs.answered()
        self._metrics.observe(catalogue.MODEL_DURATION, time.perf_counter() - began, workload=name)
        self._metrics.observe(catalogue.BATCH_SIZE, len(batch), workload=name)
        checked = self._checked(batch, results)
        self._observer.observe(checked)
        return checked

    async def _call(self, batch: list[BaseModel]) -> Any:
        if self._is_async:
            return await self.workload.predict(batch)  # type: ignore[misc]  # a coroutine, as `_is_async` says
        return await self._thread.call(self.workload.predict, batch)

    def _checked(self, batch: list[BaseModel], results: Any) -> Sequence[Result]:
        expected = (self.workload.Output, Failure)
        if not isinstance(results, Sequence) or len(results) != len(batch):
            raise PredictError(f"{self.workload.name}.predict must return one result for each input, in order")
        if not all(isinstance(result, expected) for result in results):
            raise PredictError(f"{self.workload.name}.predict must return {self.workload.Output.__name__} or Failure")
        return results

    def _abandon_thread(self) -> None:
        """Go on with a new thread: the hanging call cannot be stopped, and must not hold up the next one."""
        if not self._is_async:
            self._thread.close()
            self._hangs.add(self._thread)
            self._thread = CallThread("model")
