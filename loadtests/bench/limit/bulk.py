"""Many texts through a model, on all lanes at once, as fast as it goes."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from loadtests.bench.limit.cutting import cut
from loadtests.bench.limit.model import Model
from loadtests.bench.limit.setting import Setting


@dataclass(frozen=True, slots=True)
class Cost:
    """What some messages took."""

    messages: int
    seconds: float
    cpu_seconds: float
    """Of all threads of this process."""

    @property
    def messages_per_s(self) -> float:
        """Return the throughput."""
        return self.messages / self.seconds

    @property
    def cpu_s_per_1000(self) -> float:
        """Return the processor seconds for 1,000 messages."""
        return 1e3 * self.cpu_seconds / self.messages

    def __add__(self, other: "Cost") -> "Cost":
        """Return both together."""
        return Cost(self.messages + other.messages, self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)


NOTHING = Cost(0, 0.0, 0.0)


def answer_all(model: Model, setting: Setting, texts: Sequence[str]) -> tuple[list[tuple[int, float]], Cost]:
    """Tokenise, run and decide about all texts; return the answers in order, and what they took."""
    work = _Work(model, setting, texts)
    with ThreadPoolExecutor(setting.lanes) as pool:
        began, cpu = time.perf_counter(), time.process_time()
        for lane in [pool.submit(work.lane) for _ in range(setting.lanes)]:
            lane.result()
        cost = Cost(len(texts), time.perf_counter() - began, time.process_time() - cpu)
    return work.answers, cost


class _Work:
    """Windows still to be tokenised and cut, and runs still to be made. Whoever is free takes a run, else a window.

    Who finds neither waits for the windows that others have open: their runs are for all lanes.
    """

    def __init__(self, model: Model, setting: Setting, texts: Sequence[str]) -> None:
        self._model, self._setting, self._texts = model, setting, texts
        self._windows = deque(range(0, len(texts), setting.window))
        self._runs: deque[tuple[list[int], list[list[int]]]] = deque()
        self._open_windows = 0
        self._changed = threading.Condition()
        self.answers: list[tuple[int, float]] = [(-1, 0.0)] * len(texts)

    def lane(self) -> None:
        while task := self._next():
            task()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._runs and not self._windows:
                if not self._open_windows:
                    return None
                self._changed.wait()
            if self._runs:
                return partial(self._make, *self._runs.popleft())
            self._open_windows += 1
            return partial(self._open, self._windows.popleft())

    def _open(self, first: int) -> None:
        found: list[tuple[list[int], list[list[int]]]] = []
        try:
            found = self._cut(first)
        finally:
            with self._changed:
                self._runs.extend(found)
                self._open_windows -= 1
                self._changed.notify_all()

    def _cut(self, first: int) -> list[tuple[list[int], list[list[int]]]]:
        setting = self._setting
        tokens = self._model.tokenise(self._texts[first : first + setting.window])
        runs = cut([len(each) for each in tokens], setting.padded_tokens, setting.padding, by_length=setting.by_length)
        return [([first + at for at in run], [tokens[at] for at in run]) for run in runs]

    def _make(self, positions: list[int], tokens: list[list[int]]) -> None:
        for at, answer in zip(positions, self._model.answer(tokens), strict=True):
            self.answers[at] = answer
