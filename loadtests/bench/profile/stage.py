"""PostgreSQL and Redis of a stack of its own, and in front of them one API process with every feature on."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.systems.collector import collecting
from loadtests.overload.target import GENEROUS, Target, own_folder
from slipway.tenants.schemas import Scope
from slipway_cli.keys import new_token
from slipway_cli.servers.ports import free_port
from slipway_cli.stack.environment import service_environment
from slipway_cli.stack.local import LocalStack
from slipway_cli.stack.services import answers_ready

_WORKLOAD = "loadtests.bench.profile.workload:Instant"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run takes place."""

    target: Target
    pid: int
    """Of the API."""


@contextmanager
def staged(module: str, *arguments: str) -> Iterator[Stage]:
    """Start everything, the API as `python -m module`; end it at the end, the API with SIGTERM."""
    os.environ |= {"SLIPWAY_WORKLOAD": _WORKLOAD, "SLIPWAY_RATE_LIMIT_PER_MINUTE": str(GENEROUS)}
    os.environ |= {"SLIPWAY_LOG_LEVEL": "WARNING", "PYTHONPATH": str(Path.cwd())}
    # A crowd of large requests is to be answered here: what a refusal costs is another matter.
    os.environ |= {"SLIPWAY_BATCH_QUEUE_INPUTS": "100000", "SLIPWAY_BATCH_QUEUE_SECONDS": "60"}
    with own_folder("profile") as var, collecting() as endpoint, LocalStack(var, any_ports=True) as stack:
        for process in {"api", "scheduler", *stack.workers}:
            stack.halt(process)
        token = asyncio.run(new_token(stack.settings, "profile", Scope.PREDICT))
        target, metrics_port = Target(free_port(), token), free_port()
        own = {"SLIPWAY_API_PORT": target.port, "SLIPWAY_METRICS_PORT": metrics_port}
        environment = service_environment(stack.folder) | {name: str(port) for name, port in own.items()}
        environment["SLIPWAY_OTLP_ENDPOINT"] = endpoint
        with _api([module, *arguments], environment, target.port, metrics_port) as pid:
            yield Stage(target, pid)


@contextmanager
def _api(command: list[str], environment: dict[str, str], port: int, metrics_port: int) -> Iterator[int]:
    api = subprocess.Popen([sys.executable, "-m", *command], env=environment)
    try:
        _wait(api, port, metrics_port)
        yield api.pid
    finally:
        api.terminate()
        api.wait(_START_SECONDS)


def _wait(api: "subprocess.Popen[bytes]", port: int, metrics_port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while not (answers_ready(metrics_port) and answers_ready(port)):
        if api.poll() is not None or time.monotonic() > end:
            raise SystemExit("The API did not start; what it said stands above.")
        time.sleep(0.1)
