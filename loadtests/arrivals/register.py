"""Joins what the generator's processes tell, and writes it down."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.arrivals.clock import now
from loadtests.arrivals.generator import Report
from loadtests.arrivals.lateness import Culprit, culprit
from loadtests.arrivals.meter import Second
from loadtests.arrivals.schedule import Schedule
from loadtests.samples.recorder import Recorder

_PATIENCE_SECONDS = 2
"""How long a second's figures are waited for when a process does not tell its own."""


@dataclass(slots=True)
class Register:
    """The files of a load: `samples.ndjson`, `generator.ndjson` and `load.json`."""

    folder: Path
    schedule: Schedule
    begins: float
    processes: int
    about: dict[str, Any]
    """What else is to be told in `load.json`."""
    _left: dict[str, int] = field(default_factory=dict)
    _unfollowed: dict[str, int] = field(default_factory=dict)
    _seconds: dict[int, list[Second]] = field(default_factory=lambda: defaultdict(list))
    _written: int = 0
    _samples: Recorder = field(init=False)
    _generator: Recorder = field(init=False)
    _wanted: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self._samples = Recorder(self.folder / "samples.ndjson")
        self._generator = Recorder(self.folder / "generator.ndjson")
        self._wanted = per_second(self.schedule)
        self._write_about(ended=None)

    @property
    def left(self) -> int:
        """What the processes still have to do; one that was never heard of has everything before it."""
        return sum(self._left.values()) + self.processes - len(self._left)

    def take(self, process: str, report: Report) -> None:
        """Take a report of one of the processes."""
        self._samples.add(report["lines"])
        self._left[process], self._unfollowed[process] = report["left"], report["unfollowed"]
        for number, told in report["seconds"]:
            if number > self._written:
                self._seconds[number].append(Second(**told))
        while self._is_complete(self._written + 1):
            self._write_next()
        self.flush()

    def flush(self) -> None:
        """Write what is held."""
        self._samples.flush()
        self._generator.flush()

    def close(self, *, completed: bool) -> None:
        """Write the rest, and how the load ended."""
        while self._seconds:
            self._write_next()
        self.flush()
        unfollowed = sum(self._unfollowed.values())
        self._write_about(ended=now(), completed=completed, left=self.left, unfollowed=unfollowed)

    def _is_complete(self, number: int) -> bool:
        latest = max(self._seconds, default=0)
        return len(self._seconds.get(number, ())) >= self.processes or latest > number + _PATIENCE_SECONDS

    def _write_next(self) -> None:
        self._written += 1
        wanted = next(self._wanted, 0)
        row = joined(self._seconds.pop(self._written, []), wanted)
        self._generator.add([json.dumps({"at": round(self.begins + self._written, 3), **row})])

    def _write_about(self, **more: Any) -> None:
        shape = self.schedule.shape
        about = {
            **self.about,
            "shape": shape.name,
            "parameters": dict(shape.parameters()),
            "arrivals": self.schedule.spacing,
            "seed": self.schedule.seed,
            "processes": self.processes,
            "started": self.begins,
            "phases": shape.record(self.begins),
            **more,
        }
        (self.folder / "load.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def joined(seconds: list[Second], wanted: int) -> dict[str, Any]:
    """Return a line of `generator.ndjson`: sums over the processes, and the worst of what cannot be summed.

    Args:
        seconds: of each process that told; one that did not leaves what it should have sent unsent.
        wanted: requests that were due by the schedule.
    """
    lag, loop_lag = (max((getattr(x, name) for x in seconds), default=0.0) for name in ("lag", "loop_lag"))
    busy, clients, backlog, followups, sent = (
        sum(getattr(x, name) for x in seconds) for name in ("busy", "clients", "backlog", "followups", "sent")
    )
    blamed = {culprit(x.lag, x.loop_lag, x.busy, x.clients) for x in seconds}
    # The generator before the target: with it to blame, it is no measurement.
    late_by = next((one for one in (Culprit.GENERATOR, Culprit.TARGET) if one in blamed), None)
    return {
        "wanted_rps": wanted + followups,
        "sent_rps": sent,
        "lag_s": round(lag, 4),
        "cpu": round(max((x.cpu for x in seconds), default=0.0), 4),
        "loop_lag_s": round(loop_lag, 4),
        "busy": busy,
        "clients": clients,
        "backlog": backlog,
        "processes": len(seconds),
        "late_by": late_by,
    }


def per_second(schedule: Schedule) -> Iterator[int]:
    """Yield how many requests are due in each second of a schedule."""
    number, count = 1, 0
    for time in schedule.times():
        while time >= number:
            yield count
            number, count = number + 1, 0
        count += 1
    yield count
