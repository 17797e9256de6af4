"""Takes the source of the API's metrics away while it has more pods than it needs: a missing metric is not zero."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from e2e.failure import demand, wait_for
from e2e.report import say
from loadtests.autoscale.kubectl import Thing
from loadtests.autoscale.pin import Autoscaler, find_autoscaler
from loadtests.autoscale.release import name_of

from cluster.replicas import watched
from cluster.stage import Stage

_MORE = 2
"""So many pods more than the minimum."""
_READY_SECONDS = 300.0
_UNKNOWN_SECONDS = 180.0
_MARGIN_SECONDS = 60.0
"""For the autoscaler to look again once the window is over in which it never takes pods away."""
_FALLS_SECONDS = 300.0
_DEFAULT_WINDOW = 300.0
_KEDA_NAMESPACE, _KEDA_OPERATOR = "keda", "keda-operator"


def run(stage: Stage) -> None:
    """Demand that no pod goes without the metric; and that they go once it is back, so that this means something."""
    scaler = find_autoscaler(stage.release, "api")
    if scaler.kind != "scaledobjects":
        stage.outcome.leave_unchecked("a lost metric source: here it is the metrics-server, which is not ours to stop")
        return
    with watched(stage, "api") as readings, ExitStack() as undo:
        undo.callback(scaler.restore)
        _bring_up(stage, scaler)
        with _source_gone(stage):
            wait_for("the autoscaler misses its metric", lambda: _misses(stage), _UNKNOWN_SECONDS, every=2.0)
            scaler.restore()
            replicas = readings.seen[-1].wanted
            demand(replicas > scaler.least, f"The API has {replicas} pods, its minimum: none could go.")
            readings.seen[:-1] = []
            seconds = _window(stage) + _MARGIN_SECONDS
            say(f"{replicas} pods, a minimum of {scaler.least}, and no metric, for {seconds:.0f} s.")
            time.sleep(seconds)
            least = readings.least_wanted()
            demand(_misses(stage), "The autoscaler has its metric, although the source should be gone.")
            stage.outcome.measure(metric_gone_s=seconds, metric_gone_least_replicas=least)
            text = f"{seconds:.0f} s without the metric: never fewer than {least} of {replicas} pods"
            stage.outcome.check("metric", text, holds=least >= replicas)
        limit = _window(stage) + _FALLS_SECONDS
        took = wait_for("pods go when the metric is back", lambda: readings.least_wanted() < replicas, limit, every=2.0)
        stage.outcome.check("metric", f"pods go {took:.0f} s after the metric is back", holds=True)


def _bring_up(stage: Stage, scaler: Autoscaler) -> None:
    """Raise the minimum until more pods are ready than there would be."""
    replicas = min(scaler.least + _MORE, scaler.most)
    scaler.bind(replicas, scaler.most)
    wait_for(f"{replicas} pods of the API", lambda: stage.release.ready("api") >= replicas, _READY_SECONDS)


@contextmanager
def _source_gone(stage: Stage) -> Iterator[None]:
    """Keep KEDA from the release's metrics, or stop it where that is allowed, until the block ends."""
    if stage.options.break_keda:
        keda = stage.cluster.inside(_KEDA_NAMESPACE)
        keda.run("scale", "deployment", _KEDA_OPERATOR, "--replicas=0")
        try:
            yield
        finally:
            keda.run("scale", "deployment", _KEDA_OPERATOR, "--replicas=1")
        return
    revision = stage.helm.revision()
    stage.helm.upgrade(json_settings=["networkPolicy.keda=[]"])
    try:
        yield
    finally:
        stage.helm.rollback(revision)


def _misses(stage: Stage) -> bool:
    """Tell whether the autoscaler says that it cannot compute how many pods are needed."""
    conditions = _autoscaler(stage).get("status", {}).get("conditions", ())
    return any(one["type"] == "ScalingActive" and one["status"] == "False" for one in conditions)


def _window(stage: Stage) -> float:
    """Return how many seconds of less need the autoscaler waits for, before it takes pods away."""
    behavior = _autoscaler(stage)["spec"].get("behavior", {}).get("scaleDown", {})
    return float(behavior.get("stabilizationWindowSeconds", _DEFAULT_WINDOW))


def _autoscaler(stage: Stage) -> Thing:
    """Return the HorizontalPodAutoscaler that KEDA made for the API."""
    deployment = name_of(stage.release.deployment("api"))
    found = stage.cluster.things("horizontalpodautoscalers")
    ours = [thing for thing in found if thing["spec"]["scaleTargetRef"]["name"] == deployment]
    demand(ours, f"KEDA made no HorizontalPodAutoscaler for {deployment}.")
    return ours[0]
