"""Finds what one pod of the API answers within the objective."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import Options
from loadtests.autoscale.pin import pinned
from loadtests.autoscale.progress import say
from loadtests.autoscale.release import Release, name_of, restarts
from loadtests.autoscale.way import Way
from loadtests.verdict.objectives import read_objectives

_ROOT = Path(__file__).parents[2]
_END_SECONDS = 60.0
"""For its end, once it has told what it found."""


def calibrate(options: Options, release: Release, way: Way) -> float:
    """Hold the API at one pod, and return how many requests a second it answers within the objective.

    Raises:
        ClusterError: no rate was held again and again, what was found is not the pod's limit, or the pod was not the
            same to the end; the text says which.
    """
    say("Holding the API at one pod, to see what one pod can do.")
    with pinned(release, "api", 1):
        before = _pods(release)
        found = _measure(options, way)
        if _pods(release) != before:
            raise ClusterError("The API's pod was replaced or restarted during the calibration: find out why it ended.")
    if doubt := found["doubt"]:
        raise ClusterError(f"What one pod can do could not be found: {doubt}")
    return float(found["capacity_rps"])


def _pods(release: Release) -> set[tuple[str, int]]:
    """Return the API's pods, and how often their containers were started again."""
    return {(name_of(pod), restarts(pod)) for pod in release.pods("api")}


def _measure(options: Options, way: Way) -> dict[str, Any]:
    objective = read_objectives(options.objectives).p95_ms
    what = ["--url", way.url, "--scenario", options.scenario, "--p95-ms", f"{objective}"]
    command = [sys.executable, "-m", "loadtests.capacity", *what]
    environment, told = {**os.environ, **way.environment}, list[str]()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # it was asked for
            for line in process.stdout:
                told.append(line.rstrip())
                if not line.startswith("{"):
                    say(f"calibration: {told[-1]}")
            said = process.communicate(timeout=_END_SECONDS)[1].strip()
        finally:
            process.terminate()
    if process.returncode:
        raise ClusterError(f"What one pod can do could not be found: {said}")
    (options.out / "capacity.json").write_text(f"{told[-1]}\n", encoding="utf-8")
    found: dict[str, Any] = json.loads(told[-1])
    return found
