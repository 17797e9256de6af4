"""Runs a load in a cluster, from its first pod to its last file."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadtests.autoscale.kubectl import Cluster, ClusterError
from loadtests.k8s.objects import LABEL, RESULTS, Order

_LOOK_SECONDS = 2.0
_START_SECONDS = 180.0
_FILES = ("load.json", "generator.ndjson", "samples.ndjson")
_TAIL_LINES = 60


def run(cluster: Cluster, order: Order, out: Path, timeout: float) -> int:
    """Send a load, put its files into a folder, and return the exit code of Locust's master.

    Raises:
        ClusterError: it did not start, or did not end within `timeout` seconds; the text says what was seen last.
    """
    with _objects(cluster, order):
        code = _wait(cluster, f"{order.name}-master", timeout)
        print(cluster.run("logs", f"{order.name}-master", "--container", "locust", f"--tail={_TAIL_LINES}"), flush=True)
        _fetch(cluster, f"{order.name}-master", out)
        return code


@contextmanager
def _objects(cluster: Cluster, order: Order) -> Iterator[None]:
    selector = f"{LABEL}={order.name}"
    try:
        cluster.run("apply", "--filename", "-", stdin=json.dumps(order.secret()))
        cluster.run("apply", "--filename", "-", stdin=order.manifests())
        yield
    finally:
        cluster.run("delete", "pod,job,service,secret", "--selector", selector, "--wait=false", "--ignore-not-found")


def _wait(cluster: Cluster, pod: str, timeout: float) -> int:
    """Wait until Locust's master is over, and return its exit code."""
    began, state = time.monotonic(), "nothing"
    while time.monotonic() - began < timeout:
        found = locust_state(json.loads(cluster.run("get", "pod", pod, "--output", "json")))
        if "terminated" in found:
            return int(found["terminated"]["exitCode"])
        state = json.dumps(found)
        if "running" not in found and time.monotonic() - began > _START_SECONDS:
            raise ClusterError(f"Pod {pod} did not start within {_START_SECONDS:.0f} s. Seen last: {state}")
        time.sleep(_LOOK_SECONDS)
    raise ClusterError(f"The load was not over after {timeout:.0f} s; --timeout allows more. Seen last: {state}")


def locust_state(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the state of Locust's container in a pod: `waiting`, `running` or `terminated`, each with details."""
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        if container["name"] == "locust":
            found: dict[str, Any] = container["state"]
            return found
    return {"waiting": {"conditions": status.get("conditions", [])}}


def _fetch(cluster: Cluster, pod: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        command = cluster.command("exec", pod, "--container", "keeper", "--", "cat", f"{RESULTS}/{name}")
        with (out / name).open("wb") as file:
            if subprocess.run(command, stdout=file, check=False).returncode:  # names of our own objects
                raise ClusterError(f"{name} could not be fetched from pod {pod}: what Locust said is above.")
