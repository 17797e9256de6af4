"""Containers that are stopped, frozen, restarted, or misbehave."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.command import ROOT, run
from e2e.injectors.load import Callers, send_job
from e2e.stage import Stage

_RESTARTS = 4
_BETWEEN_SECONDS = 15.0
"""Longer than between two scrapes, each of which must see another start."""
_MARKED_SECONDS = 15.0
_THROTTLED_CPUS = 0.15


@contextmanager
def stop(stage: Stage, *services: str) -> Iterator[None]:
    """Stop services."""
    stage.project.compose("stop", "--timeout", "5", *services)
    try:
        yield
    finally:
        stage.project.compose("start", *services)


@contextmanager
def pause(stage: Stage, *services: str) -> Iterator[None]:
    """Freeze services: they keep their connections, and answer nothing."""
    stage.project.compose("pause", *services)
    try:
        yield
    finally:
        stage.project.compose("unpause", *services)


@contextmanager
def throttle(stage: Stage, *services: str) -> Iterator[None]:
    """Leave services a small part of a processor."""
    before = {service: stage.project.configuration["services"][service]["cpus"] for service in services}
    try:
        for service in services:
            _limit(stage, service, _THROTTLED_CPUS)
        yield
    finally:
        for service, cpus in before.items():
            _limit(stage, service, cpus)


def _limit(stage: Stage, service: str, cpus: float) -> None:
    for container in stage.project.compose("ps", "--quiet", service).split():
        run(["docker", "update", "--cpus", str(cpus), container])


@contextmanager
def restart_often(stage: Stage, service: str) -> Iterator[None]:
    """Restart a service, as one would see it that crashes again and again."""
    for _ in range(_RESTARTS):
        stage.project.compose("restart", "--timeout", "5", service)
        time.sleep(_BETWEEN_SECONDS)
    yield


@contextmanager
def unruly_workers(stage: Stage, what: str) -> Iterator[None]:
    """Replace the workers by such as a marked message makes crash (`poison`) or `hang`, and hand in such messages."""
    override = stage.folder / "unruly.json"
    mount = {"type": "bind", "source": str(ROOT / "tests" / "workloads"), "target": "/opt/unruly", "read_only": True}
    environment = {
        "SLIPWAY_WORKLOAD": "unruly:UnrulyTriage",
        "PYTHONPATH": "/opt/slipway:/opt/unruly",
        "CHAOS_FOLDER": "/tmp",
    }
    override.write_text(json.dumps({"services": {"worker": {"environment": environment, "volumes": [mount]}}}))
    up = ("up", "--detach", "--no-deps", "--no-build", "--pull", "never", "worker")
    both = stage.project.command("--file", str(override), *up)
    run(both, environment=stage.project.variables)
    try:
        with Callers(stage, 1, _MARKED[what], pause=_MARKED_SECONDS):
            yield
    finally:
        stage.project.compose(*up)


def _hand_in_poison(stage: Stage, number: int) -> None:
    if number == 0:  # it kills three workers, and is given up then
        with stage.client() as client:
            send_job(client, ["[poison]"])


def _hand_in_hanging(stage: Stage, number: int) -> None:
    with stage.client() as client:
        send_job(client, [f"[hang] {number}"])


_MARKED = {"poison": _hand_in_poison, "hang": _hand_in_hanging}
