"""Fixtures of the serving's tests: a workload of numbers that does as it is told."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from pydantic import BaseModel

from slipway.serving.predictor import Predictor
from slipway.telemetry.metrics import Metrics
from slipway.workload import Context, Failure, Workload


class Number(BaseModel):
    """A number, and what to do with it: `fail`, `raise`, `hang`, `cost`."""

    value: int
    cost: int = 1
    act: str = ""


class Double(BaseModel):
    """Twice as much."""

    value: int


class Tally:
    """How many calls run, and how many did at the most."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def add(self, calls: int) -> None:
        """Note that some began, or that they ended."""
        with self._lock:
            self.running += calls
            self.most = max(self.most, self.running)


class Doubler(Workload[Number, Double]):
    """Plain functions, so they run in the model's thread."""

    name = "doubler"
    Input = Number
    Output = Double
    max_batch: ClassVar[int] = 4
    max_batch_cost: ClassVar[int] = 40
    time_limit: ClassVar[float] = 0.4

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.batches: list[list[int]] = []
        self.threads: set[int] = set()
        self.go_on = threading.Event()
        self.began = threading.Event()
        self.width = 1
        self.tally = Tally()

    @property
    def lanes(self) -> int:
        return self.width

    def cost(self, item: Number) -> int:
        if item.act == "cost":
            raise ValueError("the text of an input that has no place in a log")
        return item.cost

    def predict(self, batch: Sequence[Number]) -> Sequence[Double | Failure]:
        self.threads.add(threading.get_ident())
        acts = self.begin(batch)
        if "hang" in acts:
            self.go_on.wait(30)
        if "slow" in acts:
            time.sleep(0.15)
        self.tally.add(-1)
        return self.answers(batch)

    def begin(self, batch: Sequence[Number]) -> set[str]:
        """Note a call, and return what to do."""
        self.batches.append([item.value for item in batch])
        self.tally.add(1)
        self.began.set()
        return {item.act for item in batch}

    def answers(self, batch: Sequence[Number]) -> Sequence[Double | Failure]:
        """Double what is to be doubled."""
        if any(item.act == "raise" for item in batch):
            raise RuntimeError("the text of an input that has no place in a log")
        return [Failure("no", "No.") if item.act == "fail" else Double(value=2 * item.value) for item in batch]


class AsyncDoubler(Doubler):
    """The same, as a coroutine."""

    async def predict(self, batch: Sequence[Number]) -> Sequence[Double | Failure]:  # type: ignore[override]
        acts = self.begin(batch)
        await asyncio.sleep(30 if "hang" in acts else 0.15 if "slow" in acts else 0)
        self.tally.add(-1)
        return self.answers(batch)


@pytest.fixture
def context(tmp_path) -> Context:
    """What the platform tells a workload."""
    return Context(models_dir=tmp_path, model="doubler")


@pytest.fixture(params=[Doubler, AsyncDoubler])
def workload(request: pytest.FixtureRequest, context: Context) -> Doubler:
    """The workload, plain and async."""
    return request.param(context)


@pytest.fixture
def predictor(workload: Doubler) -> Predictor:
    """The predictor around it."""
    predictor = Predictor(workload, Metrics())
    yield predictor
    workload.go_on.set()
    predictor.close()


@pytest.fixture
async def wide(workload: Doubler, predictor: Predictor) -> Predictor:
    """The predictor with two lanes."""
    workload.width = 2
    await predictor.load()
    return predictor


@pytest.fixture
def numbers() -> Callable[..., list[Number]]:
    """A function that makes inputs of values, all with the same act and cost."""
    return lambda *values, **more: [Number(value=value, **more) for value in values]
