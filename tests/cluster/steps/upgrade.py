"""Upgrades the release at five replicas of the API, while it is in use: the template changes, so all are replaced."""

import time

from loadtests.samples.outcome import Outcome

from cluster.load import Calls, load
from cluster.replicas import Readings, watched
from cluster.stage import Stage

_REPLICAS = 5
_AFTER_SECONDS = 10.0
_BOUNDS = ("minReplicas", "maxReplicas")


def run(stage: Stage) -> None:
    """Demand that no request fails or is refused, and that five replicas are ready all the time."""
    stage.before_bounds = stage.helm.revision()
    stage.helm.upgrade(*(f"api.autoscaling.{bound}={_REPLICAS}" for bound in _BOUNDS))
    stage.await_replicas("api", _REPLICAS)
    stage.before_upgrade = stage.helm.revision()
    before = stage.pod_names("api")
    with watched(stage, "api") as readings, load(stage, batches=True) as calls:
        began = time.monotonic()
        stage.helm.upgrade(f"api.podAnnotations.e2e/changed=at-{time.time_ns()}")
        seconds = time.monotonic() - began
        stage.await_replicas("api", _REPLICAS)
        time.sleep(_AFTER_SECONDS)
    stage.outcome.check("upgrade", "every pod of the API was replaced", holds=not before & stage.pod_names("api"))
    stage.outcome.measure(upgrade_s=seconds)
    judge(stage, "upgrade", calls, readings)


def judge(stage: Stage, step: str, calls: Calls, readings: Readings) -> None:
    """Note what callers saw of a change, and demand that they saw nothing."""
    failed, refused, made = len(calls.of(Outcome.ERROR)), len(calls.of(Outcome.REFUSED)), len(calls.made)
    figures = {"failed_requests": failed, "refused_requests": refused, "requests": made}
    stage.outcome.measure(**{f"{step}_{name}": value for name, value in figures.items()})
    kinds = "; ".join(calls.kinds())
    stage.outcome.check(step, f"{failed} of {made} requests failed during the {step} {kinds}", holds=not failed)
    stage.outcome.check(step, f"{refused} of {made} requests were refused during the {step}", holds=not refused)
    least = readings.least_ready()
    stage.outcome.measure(**{f"{step}_least_ready": least})
    stage.outcome.check(step, f"never fewer than {least} of {_REPLICAS} replicas were ready", holds=least >= _REPLICAS)
