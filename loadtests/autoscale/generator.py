"""Runs Locust, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import Options
from loadtests.autoscale.way import Way
from loadtests.shapes.choice import SHAPES, Parameters
from loadtests.shapes.shape import Shape

_ROOT = Path(__file__).parents[2]
_LOCUSTFILE = "loadtests/locustfile.py"
_MARGIN_SECONDS = 120.0
"""For the start, the last answers and the end of the process."""
_STOP_SECONDS = 30.0
_TAIL_LINES = 10


def shape_of(options: Options, base: float) -> Shape:
    """Return the shape that a run asks for, at a rate of 1x."""
    rates = Parameters(base=base, factor=options.factor)
    return SHAPES[options.shape](replace(rates, before=options.before, during=options.during, after=options.after))


def generate(options: Options, way: Way, base: float, folder: Path) -> dict[str, Any]:
    """Send the load, and return what the generator says of it: `load.json`.

    Raises:
        ClusterError: it did not send it to the end; the text ends with what it said.
    """
    log = folder / "locust.log"
    limit = shape_of(options, base).seconds + _MARGIN_SECONDS
    with log.open("w", encoding="utf-8") as output:
        _run(_command(options, way, base, folder), way, output, limit)
    file = folder / "load.json"
    about: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if not about.get("completed"):
        said = "\n    ".join(log.read_text(encoding="utf-8").splitlines()[-_TAIL_LINES:])
        raise ClusterError(f"Locust did not send the load to its end. {log} ends with:\n    {said}")
    return about


def _command(options: Options, way: Way, base: float, folder: Path) -> list[str]:
    what = ["--scenario", options.scenario, "--shape", options.shape, "--base-rps", f"{base:.4f}"]
    what += ["--factor", f"{options.factor}"]
    when = ["--before-s", f"{options.before}", "--after-s", f"{options.after}"]
    when += ["--during-s", f"{options.during}"] if options.during else []
    where = ["--host", way.url, "--out", str(folder)]
    locust = [sys.executable, "-m", "locust", "--locustfile", _LOCUSTFILE, "--headless", "--only-summary"]
    return [*locust, *what, *when, *where]


def _run(command: list[str], way: Way, output: Any, limit: float) -> None:
    """Run it to its end; it is ended when we are interrupted, or when it takes too long."""
    environment = {**os.environ, **way.environment}
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    ) as process:
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            output.write(f"It did not end within {limit:.0f} s.\n")
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
