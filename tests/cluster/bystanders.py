"""Throw-away pods that are no part of the release, in its namespace and in another, to probe the network from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadtests.autoscale.access import cli_image
from loadtests.autoscale.kubectl import Cluster, Thing

from cluster.routes import LISTENER, OUTSIDER, STRANGER
from cluster.stage import Stage

_LIVES_SECONDS = 900
_READY_SECONDS = 120
_SLEEPS = ["python", "-c", f"import time; time.sleep({_LIVES_SECONDS})"]
_LISTENS = ["python", "-m", "http.server", "8080", "--directory", "/tmp"]


@dataclass(frozen=True, slots=True)
class Bystander:
    """A pod that runs."""

    cluster: Cluster
    name: str
    address: str


@contextmanager
def bystanders(stage: Stage) -> Iterator[dict[str, Bystander]]:
    """Yield the pods by their part, ready; they and the other namespace are gone afterwards."""
    image = cli_image(stage.release.deployment("api")["spec"]["template"]["spec"]["containers"][0]["image"])
    here, there = stage.cluster, stage.cluster.inside(f"{stage.options.namespace}-outside")
    parts = {STRANGER: (here, _SLEEPS), OUTSIDER: (there, _SLEEPS), LISTENER: (there, _LISTENS)}
    there.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": there.namespace}})
    try:
        for name, (cluster, command) in parts.items():
            cluster.apply(_pod(cluster, name, image, command))
        yield {name: _started(cluster, name) for name, (cluster, _) in parts.items()}
    finally:
        here.run("delete", "pod", STRANGER, "--ignore-not-found", "--wait=false", "--grace-period=1")
        there.run("delete", "namespace", there.namespace, "--ignore-not-found", "--wait=false")


def _started(cluster: Cluster, name: str) -> Bystander:
    wait = ("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={_READY_SECONDS}s")
    cluster.run(*wait, timeout=_READY_SECONDS + 10)
    pod = cluster.thing("pod", name)
    assert pod
    return Bystander(cluster, name, pod["status"]["podIP"])


def _pod(cluster: Cluster, name: str, image: str, command: list[str]) -> Thing:
    confined = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "bystander", "image": image, "command": command, "securityContext": confined}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": cluster.namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "activeDeadlineSeconds": _LIVES_SECONDS,
            "terminationGracePeriodSeconds": 1,
            "restartPolicy": "Never",
            "containers": [container],
        },
    }
