"""Rolls the release back to the revision before the upgrade, while it is in use."""

import time

from e2e.failure import demand

from cluster.load import load
from cluster.replicas import watched
from cluster.stage import Stage
from cluster.steps.upgrade import judge

_AFTER_SECONDS = 10.0
_REPLICAS = 5


def run(stage: Stage) -> None:
    """Demand that no request fails or is refused, and give the autoscaler the bounds of the values back."""
    demand(stage.before_upgrade, "There is nothing to roll back to: the step `upgrade` was not carried out.")
    before = stage.pod_names("api")
    with watched(stage, "api") as readings, load(stage, batches=True) as calls:
        began = time.monotonic()
        stage.helm.rollback(stage.before_upgrade)
        seconds = time.monotonic() - began
        stage.await_replicas("api", _REPLICAS)
        time.sleep(_AFTER_SECONDS)
    stage.outcome.check("rollback", "every pod of the API was replaced", holds=not before & stage.pod_names("api"))
    stage.outcome.measure(rollback_s=seconds)
    judge(stage, "rollback", calls, readings)
    stage.helm.rollback(stage.before_bounds)
