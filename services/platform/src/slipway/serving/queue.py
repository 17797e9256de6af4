"""What waits for the model: inputs of many requests."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import Any

from opentelemetry.trace import Span
from pydantic import BaseModel

from slipway.serving.cut import cut
from slipway.serving.predictor import Predictor, Result


class Request:
    """The inputs of one caller, who waits for all of their answers."""

    __slots__ = ("answer", "gone", "predictor", "results", "since", "span", "unanswered", "waiting")

    def __init__(self, predictor: Predictor, span: Span | None = None) -> None:
        """Prepare it, on the event loop.

        Args:
            predictor: the model that is to answer.
            span: that of the request, if it is recorded.
        """
        self.predictor = predictor
        self.span = span
        self.answer: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self.results: list[Any] = []
        """The answers in order of the inputs; None for what is not answered yet."""
        self.unanswered = 0
        """Inputs without an answer."""
        self.waiting = 0
        """Inputs in the queue."""
        self.gone = False
        """Whether nobody needs its answers any more."""
        self.since = time.monotonic()


@dataclass(slots=True, eq=False)
class Waiting:
    """An input that waits, or is with the model."""

    request: Request
    position: int
    item: BaseModel
    cost: int
    taken: bool = False
    alone: bool = False
    """Whether it was in a batch that failed, and is tried again by itself."""


Batch = list[Waiting]


class Queue:
    """Forms batches of like length for lanes that are free.

    The input that has waited longest is always in the next batch, so that nobody is overtaken for ever. Where more
    waits than goes into one batch, the others are of like length, chosen from as many of the oldest as the lanes could
    take together. A batch is of one model; whose input has waited longest is next.
    """

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._alone: deque[Waiting] = deque()
        self._count = 0

    def __len__(self) -> int:
        """Return how many inputs wait."""
        return self._count

    @property
    def since(self) -> float | None:
        """Since when (`time.monotonic`) the input waits that has waited longest; None: there is none."""
        oldest = next(self._present(), None)
        return None if oldest is None else oldest.request.since

    def add(self, request: Request, items: Sequence[BaseModel]) -> None:
        """Let the inputs of a request wait; without any it is answered.

        Raises:
            PredictError: the workload cannot tell what they cost.
        """
        costs = request.predictor.costs(items)
        self._waiting.extend(map(Waiting, repeat(request), count(), items, costs))
        request.results = [None] * len(items)
        request.unanswered = request.waiting = len(items)
        self._count += len(items)
        if not items:
            request.answer.set_result([])

    def try_alone(self, batch: Batch) -> None:
        """Let inputs wait again, before all others, each for a batch of its own."""
        for entry in batch:
            if not entry.request.gone:
                entry.taken, entry.alone = False, True
                entry.request.waiting += 1
                self._count += 1
                self._alone.append(entry)

    def drop(self, request: Request) -> None:
        """Forget what waits of a request: its caller went away, or has an error already."""
        self._count -= request.waiting
        request.waiting, request.gone = 0, True

    def take(self, free: int, lanes: int) -> list[Batch]:
        """Take batches, of one model, for so many free lanes. A lane's share is left for each that is not free.

        What is left will be free to go in a moment, together with what comes until then; in one batch with the others
        it would wait for the end of that.
        """
        oldest = next(self._present(), None)
        if oldest is None:
            return []
        batches = [[oldest]] if oldest.alone else self._cut(oldest.request.predictor, lanes)
        batches = batches[:free]
        for entry in (entry for batch in batches for entry in batch):
            entry.taken = True
            entry.request.waiting -= 1
            self._count -= 1
        return batches

    def clear(self) -> list[Request]:
        """Forget all, and return whose inputs those were."""
        requests = list(dict.fromkeys(entry.request for entry in self._present()))
        for request in requests:
            self.drop(request)
        return requests

    def _cut(self, predictor: Predictor, lanes: int) -> list[Batch]:
        workload = predictor.workload
        window: Batch = []
        for entry in self._present():
            if entry.request.predictor is predictor and not entry.alone:
                window.append(entry)
                if len(window) >= lanes * workload.max_batch:
                    break
        batches = cut([entry.cost for entry in window], workload.max_batch, workload.max_batch_cost, lanes)
        batches.sort(key=min)  # positions are places in the queue
        return [[window[place] for place in batch] for batch in batches]

    def _present(self) -> Iterator[Waiting]:
        """Iterate over what waits, the oldest first, and forget at the front what no longer does."""
        for line in (self._alone, self._waiting):
            while line and _gone(line[0]):
                line.popleft()
            for entry in line:
                if not _gone(entry):
                    yield entry


def _gone(entry: Waiting) -> bool:
    return entry.taken or entry.request.gone
