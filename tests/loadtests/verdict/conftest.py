"""Runs that never were: a queue before some pods, an autoscaler that does as it is told, and what would be recorded."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from loadtests.verdict.judge import judge
from loadtests.verdict.objectives import read_objectives
from loadtests.verdict.recording import read_recording

START = 1_790_000_000.0
CAPACITY, BASE = 10.0, 6.0
_SERVICE_SECONDS, _REFUSE_SECONDS = 0.05, 20.0
_START_SECONDS, _END_SECONDS = 8.0, 20.0
STEP = (("1x", 90.0, BASE), ("5x", 180.0, 5 * BASE), ("1x again", 150.0, BASE))
GOOD = ((0.0, 1), (112.0, 4), (330.0, 1))
"""What the autoscaler wants, and when: from 1 to 4 replicas 22 s after the step."""


@dataclass
class Simulation:
    """A run of a shape. Times count from its start; each pod takes CAPACITY requests a second, from a common queue."""

    phases: tuple = STEP
    desired: tuple = GOOD
    shape: str = "step"
    scenario: str = "single"
    parameters: dict = field(default_factory=dict)
    rate: object = None
    """A function of time, for loads that change all the time."""
    refuse_after: float = _REFUSE_SECONDS
    """Seconds of waiting that the queue allows for."""
    pinned: bool = False

    @property
    def seconds(self):
        return sum(phase[1] for phase in self.phases)

    def files(self):
        """Return the lines of each file, as dictionaries that a test may spoil."""
        return {
            "run.json": self._run(),
            "samples.ndjson": self._samples(),
            "generator.ndjson": self._ticks(),
            "cluster.ndjson": self._cluster(),
        }

    def _run(self):
        phases, at = [], START
        for name, seconds, rate in self.phases:
            phases.append({"name": name, "from": at, "to": at + seconds, "rate_rps": rate})
            at += seconds
        return {
            "scenario": self.scenario, "shape": self.shape, "started": START, "ended": at + 2, "capacity_rps": CAPACITY,
            "base_rps": BASE, "phases": phases, "parameters": self.parameters, "pinned": self.pinned,
            "namespace": "slipway", "release": "slipway",
        }  # fmt: skip

    def rate_at(self, at):
        if self.rate:
            return self.rate(at)
        end = 0.0
        for _, seconds, rate in self.phases:
            end += seconds
            if at < end:
                return rate
        return 0.0

    def wanted_replicas(self, at):
        return [count for time, count in self.desired if time <= at][-1]

    def ready_replicas(self, at):
        """As many as are wanted and have been for the time that a pod takes to start."""
        known = [0.0, *(time for time, _ in self.desired if at - _START_SECONDS < time <= at), at]
        return min(self.wanted_replicas(time) for time in (max(0.0, at - _START_SECONDS), *known[1:]))

    def _samples(self):
        found, at, queue, draw = [], 0.0, 0.0, random.Random(1)
        while at < self.seconds:
            gap, speed = 1 / self.rate_at(at), CAPACITY * self.ready_replicas(at)
            queue = max(0.0, queue - speed * gap)
            refused = queue / speed > self.refuse_after
            took = 0.01 if refused else _SERVICE_SECONDS * draw.uniform(0.8, 1.6) + queue / speed
            queue += not refused
            found.append({
                "due": START + at, "began": START + at + 0.001, "seconds": took, "name": "triage",
                "status": 503 if refused else 200, "outcome": "refused" if refused else "ok", "detail": "",
            })  # fmt: skip
            at += gap
        return found

    def _ticks(self):
        counted = [self.rate_at(second + 0.5) for second in range(int(self.seconds))]
        return [
            {"at": START + number + 1, "wanted_rps": count, "sent_rps": count, "lag_s": 0.001, "cpu": 0.3}
            for number, count in enumerate(counted)
        ]

    def _cluster(self):
        looks = range(-3, int(self.seconds) + 5)
        return [
            *({
                "at": START + at, "kind": "deployment", "name": "slipway-api", "component": "api",
                "desired": self.wanted_replicas(max(at, 0)), "ready": self.ready_replicas(max(at, 0)),
            } for at in looks),
            {"at": START - 3, "kind": "hpa", "name": "slipway-api", "component": "api", "min": 1, "max": 5},
            {"at": START - 3, "kind": "clock", "ahead_s": 0.3},
            *self._ends(),
        ]  # fmt: skip

    def _ends(self):
        for (_, before), (at, after) in zip(self.desired, self.desired[1:], strict=False):
            for number in range(after, before):
                yield {
                    "at": START + at + _END_SECONDS, "kind": "pod", "name": f"slipway-api-{at:.0f}-{number}",
                    "component": "api", "ready": False, "deleted_at": START + at, "gone_at": START + at + _END_SECONDS,
                }  # fmt: skip


def write(folder: Path, files) -> Path:
    """Write the files of a run into a folder, and return it."""
    folder.mkdir(exist_ok=True)
    for name, told in files.items():
        lines = [told] if isinstance(told, dict) else told
        (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return folder


@pytest.fixture
def simulate():
    """Return what makes a run."""
    return Simulation


@pytest.fixture
def save(tmp_path):
    """Return what writes a run into a folder of its own."""
    return lambda files: write(tmp_path / "run", files)


@pytest.fixture
def judged(save):
    """Return what judges the files of a run, against the defaults but for what is named."""

    def give(files, **changed):
        recording = read_recording(save(files))
        return judge(recording, read_objectives(changed={**recording.run.objectives, **changed}))

    return give


@pytest.fixture
def start():
    return START
