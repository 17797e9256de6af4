"""Calls a workload's `predict` within its limits, and checks what it returns."""

import asyncio
import inspect
import time
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from pydantic import BaseModel

from slipway.errors import ModelTimeout
from slipway.serving.call import Call, GivenUpError
from slipway.serving.cut import cut, padded
from slipway.serving.hangs import Hangs
from slipway.serving.lanes import ModelLanes
from slipway.serving.observation import Drifts, Observer
from slipway.telemetry import catalogue
from slipway.telemetry.metrics import Metrics
from slipway.telemetry.tracing import annotate
from slipway.workload import Failure
from slipway.workload.loader import AnyWorkload

Result = BaseModel | Failure


class PredictError(Exception):
    """`predict` raised, or broke its contract. The cause is a defect of the workload."""


Outcome = Sequence[Result] | ModelTimeout | PredictError
"""What became of a batch: one result for each input, in order, or what went wrong."""


class Predictor:
    """One model in one process. Batches that do not fit the workload's limits are cut into ones that do."""

    def __init__(
        self,
        workload: AnyWorkload,
        metrics: Metrics,
        hangs: Hangs | None = None,
        drifts: Drifts | None = None,
        lanes: ModelLanes | None = None,
    ) -> None:
        """Serve a workload. Models of one process share their lanes, and what is known of hanging calls and drift."""
        self.workload = workload
        self.lanes = lanes or ModelLanes()
        self._metrics = metrics
        self._is_async = inspect.iscoroutinefunction(workload.predict)
        self._hangs = hangs or Hangs(workload.name, metrics)
        self._observer = Observer(workload, metrics, drifts or Drifts(workload.name, metrics))

    async def load(self) -> None:
        """Load and warm the model, off the event loop.

        Raises:
            TimeoutError: it took longer than the workload's limit for it.
            ValueError: the workload has no lane.
        """
        limit = self.workload.load_limit
        lane = self.lanes.take()
        try:
            async with asyncio.timeout(limit):
                await lane.thread.call(self.workload.load)
        except TimeoutError as error:
            raise TimeoutError(f"{self.workload.name}.load took longer than {limit:g} seconds (load_limit)") from error
        finally:
            self.lanes.release(lane)
        if self.workload.lanes < 1:
            raise ValueError(f"{self.workload.name}.lanes must be at least 1, not {self.workload.lanes}")
        self.lanes.widen(self.workload.lanes)
        self._observer.start()

    async def predict(self, items: Sequence[BaseModel]) -> list[Result]:
        """Answer each input, in order. All lanes work on them, as they come free.

        Raises:
            ModelTimeout: a batch took longer than the workload's time limit.
            PredictError: the workload raised, or returned something else than one result for each input.
        """
        costs = self.costs(items)
        batches = cut(costs, self.workload.max_batch, self.workload.max_batch_cost, self.lanes.count)
        annotate(model=self.workload.version, model_calls=len(batches), padded_tokens=padded(costs, batches))
        context = copy_context()
        answers = [self._queue([items[i] for i in batch], context) for batch in batches]
        try:
            done = await asyncio.gather(*answers)
        finally:
            for answer in answers:
                answer.cancel()
        results: dict[int, Result] = {}
        for batch, found in zip(batches, done, strict=True):
            results.update(zip(batch, found, strict=True))
        return [results[position] for position in range(len(items))]

    def costs(self, items: Sequence[BaseModel]) -> list[int]:
        """Return what each input costs.

        Raises:
            PredictError: the workload raised.
        """
        cost = self.workload.cost
        try:
            return [max(cost(item), 1) for item in items]
        except Exception as error:
            raise PredictError(f"{self.workload.name}.cost raised {type(error).__name__}") from error

    def begin(self, batch: Sequence[BaseModel], context: Context, done: Callable[[Outcome], None]) -> Call:
        """Begin a call in a free lane, of which there must be one, for a batch within the workload's limits.

        Args:
            batch: the inputs.
            context: of whoever asks; the call is part of the trace that is current there.
            done: is told the outcome, once, on the event loop. By then the lane is free, or has its next call already.
        """
        call = Call(batch, self.lanes.take(), context, partial(self._ended, done))
        if self._is_async:
            call.run_on_loop(self.workload)
        else:
            call.run_in_thread(self.workload)
        return call

    def close(self) -> None:
        """Let go of the threads; a call that hangs in one is not waited for."""
        self.lanes.close()

    def _queue(self, batch: list[BaseModel], context: Context) -> "asyncio.Future[Sequence[Result]]":
        """Begin a call when a lane is free for it, unless the answer was cancelled before."""
        answer: asyncio.Future[Sequence[Result]] = asyncio.get_running_loop().create_future()

        def begin() -> None:
            if not answer.done():
                call = self.begin(batch, context, partial(_settle, answer))
                answer.add_done_callback(lambda answer: call.cancel() if answer.cancelled() else None)

        self.lanes.when_free(begin)
        return answer

    def _ended(self, done: Callable[[Outcome], None], call: Call, result: Any, error: BaseException | None) -> None:
        if isinstance(error, GivenUpError) and not self._is_async:
            # Go on with a new thread: the hanging call cannot be stopped, and must not hold up the next one.
            self._hangs.add(call.lane.abandon())
        # Whatever waits for the lane begins before anything is made of these answers.
        self.lanes.release(call.lane)
        outcome = self._outcome(call, result, error)
        done(outcome)
        if not isinstance(outcome, Exception):
            self._observer.observe(outcome)

    def _outcome(self, call: Call, result: Any, error: BaseException | None) -> Outcome:
        if isinstance(error, GivenUpError):
            return ModelTimeout(f"The model took longer than {self.workload.time_limit:g} seconds.")
        if error is not None:
            defect = PredictError(f"{self.workload.name}.predict raised {type(error).__name__}")
            defect.__cause__ = error
            return defect
        self._hangs.answered()
        call.context.run(self._measure, call)
        return self._checked(call.batch, result)

    def _measure(self, call: Call) -> None:
        name = self.workload.name
        self._metrics.observe(catalogue.MODEL_DURATION, time.perf_counter() - call.began, workload=name)
        self._metrics.observe(catalogue.BATCH_SIZE, len(call.batch), workload=name)

    def _checked(self, batch: Sequence[BaseModel], results: Any) -> Outcome:
        expected = (self.workload.Output, Failure)
        if not isinstance(results, Sequence) or len(results) != len(batch):
            return PredictError(f"{self.workload.name}.predict must return one result for each input, in order")
        if not all(isinstance(result, expected) for result in results):
            return PredictError(f"{self.workload.name}.predict must return {expected[0].__name__} or Failure")
        return results


def _settle(answer: "asyncio.Future[Sequence[Result]]", outcome: Outcome) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
