"""Holds an autoscaler at a number of replicas for a while, and puts it back whatever happens.

The bounds that it had stand in an annotation of the object itself, so that a run that was killed takes nothing with it:
the next one puts them back.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from loadtests.autoscale.kubectl import Cluster, ClusterError, Thing
from loadtests.autoscale.release import Release, name_of, ready_replicas, wanted_replicas

_ANNOTATION = "slipway.dev/bounds-before"
_KEDA = ("keda.sh/v1alpha1", "scaledobjects")
_MOST_OF_KEDA = 100
"""KEDA's own upper bound, where an object names none."""
_SECONDS = 300.0
_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """What decides how many replicas a Deployment has: a ScaledObject of KEDA's, or a HorizontalPodAutoscaler."""

    cluster: Cluster
    kind: str
    thing: Thing

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.thing)

    @property
    def fields(self) -> tuple[str, str]:
        """What the kind calls its bounds."""
        return ("minReplicaCount", "maxReplicaCount") if self.kind == _KEDA[1] else ("minReplicas", "maxReplicas")

    @property
    def before(self) -> dict[str, Any]:
        """Its bounds, or those that it had before a run pinned it; None: the kind's default."""
        if noted := self.thing["metadata"].get("annotations", {}).get(_ANNOTATION):
            bounds: dict[str, Any] = json.loads(noted)
            return bounds
        return {field: self.thing["spec"].get(field) for field in self.fields}

    @property
    def least(self) -> int:
        """Its lower bound, at least 1: nothing is measured on no pod."""
        return max(1, int(self.before[self.fields[0]] or 1))

    @property
    def most(self) -> int:
        """Its upper bound."""
        return int(self.before[self.fields[1]] or _MOST_OF_KEDA)

    def bind(self, least: int, most: int) -> None:
        """Set both bounds."""
        spec = dict(zip(self.fields, (least, most), strict=True))
        annotations = {_ANNOTATION: json.dumps(self.before)}
        self.cluster.merge(self.kind, self.name, {"metadata": {"annotations": annotations}, "spec": spec})

    def restore(self) -> None:
        """Give it back the bounds that it had."""
        self.cluster.merge(
            self.kind, self.name, {"metadata": {"annotations": {_ANNOTATION: None}}, "spec": self.before}
        )


def find_autoscaler(release: Release, component: str) -> Autoscaler:
    """Return what scales a component.

    Raises:
        ClusterError: nothing does; the text says what to do.
    """
    if found := next(_autoscalers(release, component), None):
        return found
    deployment = name_of(release.deployment(component))
    raise ClusterError(f"Nothing scales {deployment}. Install the release with {component}.autoscaling.enabled=true.")


def _autoscalers(release: Release, component: str) -> Iterator[Autoscaler]:
    """Yield what scales a component; of KEDA's object and the one that it made, its own comes first."""
    deployment = name_of(release.deployment(component))
    kinds = [_KEDA[1]] if release.cluster.has(*_KEDA) else []
    for kind in (*kinds, "horizontalpodautoscalers"):
        for thing in release.cluster.things(kind):
            if thing["spec"]["scaleTargetRef"]["name"] == deployment:
                yield Autoscaler(release.cluster, kind, thing)


@contextmanager
def pinned(release: Release, component: str, replicas: int) -> Iterator[None]:
    """Hold a component at so many replicas until the block ends; it begins when so many are ready, and no more."""
    autoscaler = find_autoscaler(release, component)
    try:
        autoscaler.bind(replicas, replicas)
        settle(release, component, replicas)
        yield
    finally:
        _put_back(autoscaler)


def _put_back(autoscaler: Autoscaler) -> None:
    try:
        autoscaler.restore()
    except ClusterError as error:
        raise ClusterError(f"{autoscaler.name} is still pinned; the next run puts its bounds back. {error}") from error


def recover(release: Release, component: str) -> None:
    """Put back the bounds that an earlier run left pinned, if one did."""
    autoscaler = next(_autoscalers(release, component), None)
    if autoscaler and _ANNOTATION in autoscaler.thing["metadata"].get("annotations", {}):
        autoscaler.restore()


def settle(release: Release, component: str, replicas: int, seconds: float = _SECONDS, hold: float = 0.0) -> float:
    """Wait until a component has exactly so many ready pods, and return after how many seconds it had.

    Args:
        release: whose component.
        component: by its label.
        replicas: so many, and no other.
        seconds: how long it may take.
        hold: seconds for which it must then stay so; when it does not, the waiting begins anew.

    Raises:
        ClusterError: it had not, within `seconds`.
    """
    began, since = time.monotonic(), None
    while True:
        has, now = _has(release, component, replicas), time.monotonic()
        since = (since or now) if has else None
        if since is not None and now - since >= hold:
            return since - began
        if since is None and now - began > seconds:
            raise ClusterError(f"{component} did not have {replicas} ready pods, and no other, within {seconds:.0f} s.")
        time.sleep(_EVERY_SECONDS)


def _has(release: Release, component: str, replicas: int) -> bool:
    deployment = release.deployment(component)
    counts = {wanted_replicas(deployment), ready_replicas(deployment), len(release.pods(component))}
    return counts == {replicas}
