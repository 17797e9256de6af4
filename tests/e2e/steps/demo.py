"""Runs `slipway demo` against the stack: through the gateway, as a user does."""

import json
import sys

from e2e.command import run as command
from e2e.failure import demand
from e2e.report import say
from e2e.stage import Stage

_LEAST_MESSAGES = 200


def run(stage: Stage) -> None:
    """Demand that every message was answered, and note how much memory the stack takes then."""
    files = ["--key-file", str(stage.key_file), "--ca", str(stage.authority)]
    told = command([sys.executable, "-m", "slipway_cli", "demo", "--url", stage.gateway, *files])
    figures = json.loads(told.splitlines()[-1])
    say(f"slipway demo: {json.dumps(figures)}")
    demand(figures["messages"] >= _LEAST_MESSAGES, f"The demo sent {figures['messages']} messages only.", "gateway")
    demand(figures["agreement"] > 0.5, "The demo's answers are no better than guessed.", "api-1", "worker")
    stage.outcome.memory_mb = _memory(stage)
    say(f"The stack takes {stage.outcome.memory_mb} MB of memory.")


def _memory(stage: Stage) -> int:
    """Return what all containers take, in MB."""
    names = [one["Name"].lstrip("/") for one in stage.project.containers() if one["State"]["Running"]]
    told = command(["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", *names])
    return round(sum(_megabytes(line.split("/")[0].strip()) for line in told.splitlines()))


def _megabytes(text: str) -> float:
    units = {"GiB": 1073.741824, "MiB": 1.048576, "KiB": 0.001024, "B": 0.000001}
    unit = next(unit for unit in units if text.endswith(unit))
    return float(text.removesuffix(unit)) * units[unit]
