"""Removes the release, and looks for whatever it left in the namespace."""

import json
import time

from e2e.report import say
from loadtests.autoscale.kubectl import Thing

from cluster.stage import Stage

_SECONDS = 120.0
_EVERY_SECONDS = 3.0
_KEPT = ("helm.sh/resource-policy", "keep")
_OF_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_PASSING = ("events", "events.events.k8s.io", "pods.metrics.k8s.io")
"""Kinds that are records of the cluster's, not objects of anybody's."""


def run(stage: Stage) -> None:
    """Demand that nothing is left but volumes and Secrets that are to be kept."""
    began = time.monotonic()
    stage.helm.uninstall()
    left = _left(stage)
    while [thing for thing in left if not is_kept(thing)] and time.monotonic() - began < _SECONDS:
        time.sleep(_EVERY_SECONDS)
        left = _left(stage)
    stage.outcome.measure(uninstall_s=time.monotonic() - began)
    kept = [_name(thing) for thing in left if is_kept(thing)]
    say(f"Kept: {', '.join(kept) or 'nothing'}.")
    forgotten = [_name(thing) for thing in left if not is_kept(thing)]
    stage.outcome.check(
        "uninstall", f"nothing is left but data and kept Secrets {', '.join(forgotten)}", holds=not forgotten
    )


def is_kept(thing: Thing) -> bool:
    """Tell whether an object may outlive the release: a claim on a volume, or a Secret that says so itself."""
    annotation, value = _KEPT
    if thing["kind"] == "PersistentVolumeClaim":
        return True
    return bool(thing["kind"] == "Secret" and thing["metadata"].get("annotations", {}).get(annotation) == value)


def _left(stage: Stage) -> list[Thing]:
    """Return every object of the namespace, of all kinds that the cluster knows, but what every namespace has."""
    told = stage.cluster.run("api-resources", "--namespaced", "--verbs", "list", "--output", "name")
    kinds = [kind for kind in told.split() if kind not in _PASSING]
    found: list[Thing] = json.loads(stage.cluster.run("get", ",".join(kinds), "--output", "json"))["items"]
    return [thing for thing in found if (thing["kind"], thing["metadata"]["name"]) not in _OF_EVERY_NAMESPACE]


def _name(thing: Thing) -> str:
    return f"{thing['kind']}/{thing['metadata']['name']}"
