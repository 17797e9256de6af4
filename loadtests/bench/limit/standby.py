"""One graph in a process that waits between slices, and measures one when it is told to: a line in, a line out."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from loadtests.bench.limit.bulk import answer_all
from loadtests.bench.limit.model import Model
from loadtests.bench.limit.setting import Setting
from loadtests.bench.messages import requests
from loadtests.overload.figures import percentile

READY = "ready"
"""Printed once, before the first line is read."""
_WARM = 256
_AT_A_TIME = 32


@dataclass(slots=True)
class Slices:
    """Measures slices of a graph. The messages of a slice are those that the servers are asked in the same turn."""

    model: Model
    setting: Setting
    single: Callable[[], Model]
    """Opens the graph as it makes single calls: with one thread inside a run."""
    texts: Sequence[str]
    rate: float = 0.0
    """Messages a second in the last slice in bulk: the next has as many as take the time."""

    def warm(self) -> None:
        """Find out how fast it is."""
        self.rate = answer_all(self.model, self.setting, self._messages(0, _WARM))[1].messages_per_s

    def bulk(self, seconds: float, seed: int) -> dict[str, float]:
        """Return messages and processor seconds for 1,000 of a slice of about so many seconds."""
        count = max(_AT_A_TIME, round(self.rate * seconds))
        cost = answer_all(self.model, self.setting, self._messages(seed, count))[1]
        self.rate = cost.messages_per_s
        return {
            "messages": cost.messages,
            "seconds": cost.seconds,
            "messages_per_s": cost.messages_per_s,
            "cpu_s_per_1000": cost.cpu_s_per_1000,
        }

    def calls(self, seconds: float, seed: int) -> dict[str, float]:
        """Return percentiles of single calls, in milliseconds, one after the other for so many seconds."""
        model, taken = self.single(), list[float]()
        began, cpu = time.perf_counter(), time.process_time()
        for text in chain.from_iterable(requests(self.texts, 1, seed)):
            start = time.perf_counter()
            model.answer(model.tokenise([text]))
            taken.append(1e3 * (time.perf_counter() - start))
            if time.perf_counter() - began >= seconds:
                break
        spent, ordered = time.perf_counter() - began, sorted(taken)
        found = {f"p{percent}": percentile(ordered, percent) or 0.0 for percent in (50, 95, 99)}
        cpu_s_per_1000 = 1e3 * (time.process_time() - cpu) / len(taken)
        rate = len(taken) / spent
        return found | {
            "messages": len(taken),
            "seconds": spent,
            "messages_per_s": rate,
            "cpu_s_per_1000": cpu_s_per_1000,
        }

    def answer(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield a line of JSON for each line that asks: `{"what": "bulk" or "calls", "seconds": ..., "seed": ...}`."""
        for line in lines:
            asked = json.loads(line)
            measure = self.bulk if asked["what"] == "bulk" else self.calls
            yield json.dumps(measure(asked["seconds"], asked["seed"]))

    def _messages(self, seed: int, count: int) -> list[str]:
        stream, found = requests(self.texts, _AT_A_TIME, seed), list[str]()
        while len(found) < count:
            found += next(stream, []) or self._messages(seed + 1, count - len(found))
        return found[:count]
