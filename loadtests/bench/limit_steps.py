"""Has the limit measured, in a process of its own, as one more system of a round."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.bench.measurement import LIMIT, Measurement
from loadtests.bench.options import Options
from loadtests.bench.program import call

_SHARE = 5
"""Times as long as a step: a share each for three graphs in bulk, and for two ways to make single calls."""
GRAPHS = {"bulk": "int8", "fp32_plain": "fp32_plain", "fp32": "fp32"}
"""Variants by what the limit calls them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The best settings are searched for once a run, and measured in each round."""

    options: Options
    folder: Path

    def search(self) -> None:
        """Find the best settings, or take those of an earlier run; they are in this run's folder then."""
        if self.options.limit:
            shutil.copyfile(self.options.limit, self._settings)
            return
        self._run("search", "--out", str(self._settings))

    def measure(self, number: int) -> list[Measurement]:
        """Measure in a round."""
        seconds = str(self.options.seconds * _SHARE)
        shown = self._run("measure", "--settings", str(self._settings), "--seconds", seconds)
        return measurements(json.loads(shown), number)

    @property
    def _settings(self) -> Path:
        return self.folder / "limit.json"

    def _run(self, *arguments: str) -> str:
        options = self.options
        always = ["--models", str(options.models), "--seed", str(options.seed)]
        data = ["--data", str(options.data)] if options.data else []
        return call("loadtests.bench.limit", *arguments, *always, *data, log=self.folder / "limit.log")


def measurements(found: dict[str, Any], number: int) -> list[Measurement]:
    """Return what the limit printed, as measurements: `bulk` of each graph, and `single` calls of the int8 graph."""
    single = found["single_call_ms"]
    bulk = [_measurement(GRAPHS[name], "bulk", number, found[name]) for name in GRAPHS]
    rate = {"messages_per_s": 1e3 / single["p50"], "cpu_s_per_1000": found["bulk"]["cpu_s_per_1000"]}
    return [_measurement("int8", "single", number, rate, [single[name] for name in ("p50", "p95", "p99")]), *bulk]


def _measurement(
    variant: str, case: str, number: int, found: dict[str, float], latency: Sequence[float] = (0.0, 0.0, 0.0)
) -> Measurement:
    return Measurement(
        system=LIMIT,
        variant=variant,
        case=case,
        round=number,
        requests=0,
        messages=0,
        seconds=0.0,
        rps=0.0,
        messages_per_s=found["messages_per_s"],
        p50_ms=latency[0],
        p95_ms=latency[1],
        p99_ms=latency[2],
        errors=0,
        server_cpu_s_per_1000=found["cpu_s_per_1000"],
        generator_cpu_share=0.0,
    )
