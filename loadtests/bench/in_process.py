"""A graph in a process of its own, as one more system: it waits for a line that asks for a slice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.bench.limit.standby import READY
from loadtests.bench.measurement import LIMIT, Measurement, Moment
from loadtests.bench.systems.server import bare_environment

_LAST_WORDS = 600


@dataclass(frozen=True, slots=True)
class InProcess:
    """A graph that is loaded and warm. While it waits, it uses nothing."""

    graph: str
    seconds: float
    seed: int
    child: "subprocess.Popen[str]"
    log: Path

    def bulk(self, moment: Moment) -> Measurement:
        """Measure the best batches, one after the other."""
        return self._measurement("bulk", moment, self._ask("bulk", moment.turn))

    def calls(self, moment: Moment) -> Measurement:
        """Measure single calls, one after the other."""
        return self._measurement("single", moment, self._ask("calls", moment.turn))

    def wait(self) -> None:
        """Return when it is ready.

        Raises:
            RuntimeError: it ended; the text quotes it.
        """
        self._read(READY)

    def _ask(self, what: str, turn: int) -> dict[str, Any]:
        asked = json.dumps({"what": what, "seconds": self.seconds, "seed": self.seed + turn})
        if self.child.stdin:
            self.child.stdin.write(asked + "\n")
            self.child.stdin.flush()
        found: dict[str, Any] = json.loads(self._read("{"))
        return found

    def _read(self, start: str) -> str:
        line = self.child.stdout.readline() if self.child.stdout else ""
        if not line.startswith(start):
            said = self.log.read_text(encoding="utf-8", errors="replace")[-_LAST_WORDS:]
            raise RuntimeError(f"The model in-process ({self.graph}) ended: {said.strip() or line}")
        return line

    def _measurement(self, case: str, moment: Moment, found: dict[str, Any]) -> Measurement:
        return Measurement(
            system=LIMIT,
            variant=self.graph,
            case=case,
            contest=moment.contest,
            turn=moment.turn,
            requests=0,
            messages=found["messages"],
            seconds=found["seconds"],
            rps=0.0,
            messages_per_s=found["messages_per_s"],
            p50_ms=found.get("p50", 0.0),
            p95_ms=found.get("p95", 0.0),
            p99_ms=found.get("p99", 0.0),
            errors=0,
            server_cpu_s_per_1000=found["cpu_s_per_1000"],
            generator_cpu_share=0.0,
        )


@contextmanager
def waiting(graph: str, arguments: list[str], seconds: float, seed: int, log: Path) -> Iterator[InProcess]:
    """Start a graph, and yield it when it is warm; it ends with its input.

    Args:
        graph: of `GRAPHS`.
        arguments: of `python -m loadtests.bench.limit slices`, besides the graph.
        seconds: of a slice.
        seed: of the messages; the turn is added.
        log: where it says what goes wrong.

    Raises:
        RuntimeError: it does not start.
    """
    command = [sys.executable, "-m", "loadtests.bench.limit", "slices", "--graph", graph, *arguments]
    pipe = subprocess.PIPE
    with (
        log.open("a", encoding="utf-8") as words,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=words, text=True, env=bare_environment()) as child,
    ):
        try:
            found = InProcess(graph, seconds, seed, child, log)
            found.wait()
            yield found
        finally:
            child.kill()
