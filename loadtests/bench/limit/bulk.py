"""Many texts through a model, on all lanes at once, as fast as it goes."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

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
    """Windows still to be tokenised and cut, and runs still to be made. Whoever is free takes a run, else a window."""

    def __init__(self, model: Model, setting: Setting, texts: Sequence[str]) -> None:
        self._model, self._setting, self._texts = model, setting, texts
        self._windows = deque(range(0, len(texts), setting.window))
        self._runs: deque[tuple[list[int], list[list[int]]]] = deque()
        self._lock = threading.Lock()
        self.answers: list[tuple[int, float]] = [(-1, 0.0)] * len(texts)

    def lane(self) -> None:
        while True:
            with self._lock:
                run = self._runs.popleft() if self._runs else None
                window = self._windows.popleft() if run is None and self._windows else None
            if run is not None:
                self._make(*run)
            elif window is not None:
                self._open(window)
            else:
                return

    def _open(self, first: int) -> None:
        setting = self._setting
        tokens = self._model.tokenise(self._texts[first : first + setting.window])
        runs = cut([len(each) for each in tokens], setting.padded_tokens, setting.padding, by_length=setting.by_length)
        with self._lock:
            self._runs.extend(([first + at for at in run], [tokens[at] for at in run]) for run in runs)

    def _make(self, positions: list[int], tokens: list[list[int]]) -> None:
        for at, answer in zip(positions, self._model.answer(tokens), strict=True):
            self.answers[at] = answer
