"""Tells how a run goes, from the files that it writes."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from loadtests.shapes.shape import Shape

_EVERY_SECONDS = 5.0
_WINDOW_SECONDS = 10.0
_BEGAN = time.monotonic()

Line = dict[str, Any]


def say(text: str) -> None:
    """Tell whoever waits in front of the terminal."""
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", flush=True)


@dataclass(slots=True)
class Tail:
    """What was added to a file of lines since the last look."""

    file: Path
    _read: int = 0

    def news(self) -> list[Line]:
        """Return the whole lines that are new; none where the file is not there yet."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as opened:
            opened.seek(self._read)
            whole, newline, _ = opened.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]


@dataclass(slots=True)
class Progress:
    """What the latest lines of a run's files say."""

    folder: Path
    component: str
    requests: bool = True
    """Whether requests are sent at a rate, which is worth telling of."""
    _tails: dict[str, Tail] = field(default_factory=dict)
    _latest: dict[str, Line] = field(default_factory=dict)
    _samples: list[Line] = field(default_factory=list)
    _FILES: ClassVar[tuple[str, ...]] = ("generator", "cluster", "samples")

    @property
    def started(self) -> float:
        """When the load began, in Unix seconds, as its generator says; 0: it has not."""
        try:
            about = json.loads((self.folder / "load.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):  # not written yet, or not to its end
            return 0.0
        return float(about["started"])

    def look(self, now: float) -> str:
        """Return one line: what was wanted and sent, the replicas, the p95 and the errors of the last ten seconds."""
        news = {name: self._tail(name).news() for name in self._FILES}
        news["cluster"] = [line for line in news["cluster"] if self._is_ours(line)]
        self._latest |= {name: lines[-1] for name, lines in news.items() if lines}
        recent = [*self._samples, *news["samples"]]
        self._samples = [sample for sample in recent if sample["due"] + sample["seconds"] > now - _WINDOW_SECONDS]
        if not self.requests:
            return self._replicas()
        return ", ".join([self._rates(), self._replicas(), latencies(self._samples)])

    def _is_ours(self, line: Line) -> bool:
        return bool(line["kind"] == "deployment" and line["component"] == self.component)

    def _tail(self, name: str) -> Tail:
        return self._tails.setdefault(name, Tail(self.folder / f"{name}.ndjson"))

    def _rates(self) -> str:
        if not (second := self._latest.get("generator")):
            return "nothing sent yet"
        return f"wanted {second['wanted_rps']:.1f}/s, sent {second['sent_rps']:.1f}/s"

    def _replicas(self) -> str:
        if not (seen := self._latest.get("cluster")):
            return "no replicas seen yet"
        return f"{seen['ready']} of {seen['desired']} replicas ready"


def latencies(samples: list[Line]) -> str:
    """Return what a person wants to know of some requests."""
    answered = sorted(sample["seconds"] for sample in samples if sample["outcome"] == "ok")
    counts = {outcome: sum(1 for one in samples if one["outcome"] == outcome) for outcome in ("refused", "error")}
    bad = "".join(f", {count} {outcome}" for outcome, count in counts.items() if count)
    if not answered:
        return f"no answer in {_WINDOW_SECONDS:.0f} s{bad}"
    return f"p95 {1000 * answered[int(0.95 * (len(answered) - 1))]:.0f} ms{bad}"


@contextmanager
def told(folder: Path, component: str, shape: Shape | None = None) -> Iterator[None]:
    """Tell how the run in a folder goes, every five seconds, until the block ends."""
    progress, over = Progress(folder, component, requests=shape is not None), threading.Event()

    def tell() -> None:
        while not over.wait(_EVERY_SECONDS):
            now = time.time()
            phase = shape.phase(now - progress.started) if shape else None
            say(f"{phase.name if phase else '-':<10} {progress.look(now)}")

    teller = threading.Thread(target=tell, name="progress")
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
