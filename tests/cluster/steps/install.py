"""Installs the release into a namespace of its own that refuses every pod with more rights than it needs."""

import time
from functools import partial

from e2e.failure import UnmetError, demand, wait_for
from loadtests.autoscale.pin import Autoscaler, find_autoscaler
from loadtests.autoscale.release import is_ready, name_of

from cluster.stage import Stage

_RESTRICTED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}
_SETTLED_SECONDS = 60.0
_METRICS_SECONDS = 180.0
"""For the first metrics of a pod that has just started."""


def run(stage: Stage) -> None:
    """Demand that everything is ready, from nothing, and note after how many seconds."""
    name = stage.options.namespace
    demand(
        stage.cluster.thing("namespace", name) is None,
        f"There is a namespace {name} already, and the run would remove it. Name another one: --namespace.",
    )
    stage.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": _RESTRICTED}})
    began = time.monotonic()
    stage.helm.install()
    stage.outcome.measure(install_s=time.monotonic() - began)
    # What `helm --wait` does not wait for: the Job of the migration, which has done its work when the API is ready.
    wait_for("every pod is ready or has done its work", lambda: not _waiting(stage), _SETTLED_SECONDS)
    stage.outcome.check("install", "every pod is ready, under Pod Security `restricted`", holds=True)
    _check_autoscalers(stage)
    for component in ("api", "worker", "scheduler"):
        replicas = stage.release.ready(component)
        stage.outcome.check(
            "install", f"{component}: {replicas} ready", holds=replicas or _may_be_none(stage, component)
        )


def _check_autoscalers(stage: Stage) -> None:
    """Note whether whatever scales a component has its metrics, as it says itself."""
    for component in ("api", "worker"):
        scaler = find_autoscaler(stage.release, component)
        text = f"{component}: {scaler.kind} {scaler.name} has its metrics"
        try:
            wait_for(text, partial(_has_metrics, stage, scaler), _METRICS_SECONDS, every=2.0)
        except UnmetError as late:
            stage.outcome.fail("install", str(late))
        else:
            stage.outcome.check("install", text, holds=True)


def _has_metrics(stage: Stage, scaler: Autoscaler) -> bool:
    thing = stage.cluster.thing(scaler.kind, scaler.name)
    conditions = thing.get("status", {}).get("conditions", ()) if thing else ()
    kind = "Ready" if scaler.kind == "scaledobjects" else "ScalingActive"
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def _waiting(stage: Stage) -> list[str]:
    pods = stage.cluster.things("pods")
    return [name_of(pod) for pod in pods if not is_ready(pod) and pod["status"]["phase"] != "Succeeded"]


def _may_be_none(stage: Stage, component: str) -> bool:
    """Tell whether a component may have no pod: workers may, where nothing waits."""
    return component == "worker" and stage.release.deployment(component)["spec"].get("replicas") == 0
