"""How many replicas of a Deployment are ready, every change of it."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from e2e.failure import demand, wait_for
from loadtests.autoscale.release import name_of

from cluster.stage import Stage

_LINE = r'{.spec.replicas}/{.status.readyReplicas}{"\n"}'
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The replicas of a Deployment from a moment on."""

    at: float
    """Unix seconds."""
    wanted: int
    ready: int


@dataclass(slots=True)
class Readings:
    """What was seen, oldest first."""

    seen: list[Reading] = field(default_factory=list)

    def least_ready(self) -> int:
        """Return how many were ready when the fewest were."""
        return min(reading.ready for reading in self.seen)

    def least_wanted(self) -> int:
        """Return how many were wanted when the fewest were."""
        return min(reading.wanted for reading in self.seen)


@contextmanager
def watched(stage: Stage, component: str) -> Iterator[Readings]:
    """Watch the Deployment of a component until the block ends.

    Raises:
        UnmetError: the watch ended by itself: what it saw is not all.
    """
    name, readings = name_of(stage.release.deployment(component)), Readings()
    command = stage.cluster.command("get", "deployment", name, "--watch", "--output", f"jsonpath={_LINE}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        reader = threading.Thread(target=_read, args=(watch, readings), name=f"watch {name}")
        reader.start()
        try:
            wait_for(f"the watch of {name} shows it", lambda: readings.seen, _SECONDS, every=0.1)
            yield readings
            demand(watch.poll() is None, f"The watch of {name} ended by itself: it may have missed something.")
        finally:
            watch.terminate()
            reader.join()


def _read(watch: subprocess.Popen[str], readings: Readings) -> None:
    assert watch.stdout
    for line in watch.stdout:
        readings.seen.append(reading(line, time.time()))


def reading(line: str, at: float) -> Reading:
    """Return what a line of the watch says: `wanted/ready`, of which the API leaves out what is 0."""
    wanted, _, ready = line.strip().partition("/")
    return Reading(at, int(wanted or 0), int(ready or 0))
