"""The chart as it is installed in each place, and with each of its features."""

from collections.abc import Iterator
from dataclasses import dataclass

from k8s.check.chart import CHART, PLACES, values_of
from k8s.check.program import Ran, release_arguments, run

KUBERNETES = "1.33.0"
"""The version that is rendered for, and that the schemas beside this file are of."""

_OPERATORS = (
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "keda.sh/v1alpha1/ScaledObject",
    "monitoring.coreos.com/v1/PodMonitor",
    "monitoring.coreos.com/v1/PrometheusRule",
    "external-secrets.io/v1/ExternalSecret",
)
_EXISTING = [f"secrets.existing.{name}=given-{name}" for name in ("app", "operator", "scheduler", "scaler", "flags")]
_NO_STORES = ["postgresql.enabled=false", "redis.enabled=false"]

FEATURES: dict[str, list[str]] = {
    "hpa": ["api.autoscaling.engine=hpa", "worker.autoscaling.engine=hpa"],
    "keda": ["api.autoscaling.engine=keda", "worker.autoscaling.engine=keda"],
    "fixed": ["api.autoscaling.enabled=false", "worker.autoscaling.enabled=false"],
    "to-zero": ["worker.autoscaling.engine=keda", "worker.autoscaling.minReplicas=0"],
    "existing-secrets": [*_NO_STORES, "secrets.source=existing", *_EXISTING],
    "external-secrets": [*_NO_STORES, "secrets.source=external", "secrets.external.storeRef.name=vault"],
    "flags": ["unleash.enabled=true"],
    "flags-elsewhere": [
        *_NO_STORES,
        "secrets.source=existing",
        *_EXISTING,
        "unleash.syncFlags=true",
        "config.unleashUrl=http://unleash.flags.svc:4242/api",
    ],
    "gateway": ["gateway.create=true", "gateway.className=traefik"],
    "redirect": ["gateway.create=true", "gateway.className=traefik", "gateway.httpPort=8000"],
    "other-gateway": ["route.enabled=true", "route.parentRefs[0].name=public", "route.parentRefs[0].namespace=edge"],
    "ingress": ["ingress.enabled=true", "ingress.className=nginx"],
    "open-network": ["networkPolicy.enabled=false"],
    "no-monitoring": ["monitoring.podMonitor=false", "monitoring.rules=false"],
    "monitoring": ["monitoring.podMonitor=true", "monitoring.rules=true"],
    "no-budget": ["api.podDisruptionBudget.enabled=false", "worker.podDisruptionBudget.enabled=false"],
}
"""Settings (`--set`) of each feature that the defaults do not show."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One way to call `helm template`."""

    name: str
    arguments: tuple[str, ...] = ()
    upgrade: bool = False
    operators: bool = True
    """Whether the cluster has the CRDs of every operator that the chart can use."""

    def run(self) -> Ran:
        """Render it; the output is YAML."""
        more = ["--is-upgrade"] if self.upgrade else []
        for version in _OPERATORS if self.operators else ():
            more += ["--api-versions", version, "--api-versions", version.rpartition("/")[0]]
        return run("helm", "template", "slipway", str(CHART), "--kube-version", KUBERNETES, *more, *self.arguments)


def renderings() -> Iterator[Rendering]:
    """Yield every place and every feature, on an empty cluster and on one with every operator."""
    yield Rendering("defaults", operators=False)
    yield Rendering("defaults-upgrade", operators=False, upgrade=True)
    for place in PLACES:
        files = tuple(release_arguments(values_of(place)))
        yield Rendering(place, files)
        yield Rendering(f"{place}-upgrade", files, upgrade=True)
    for feature, settings in FEATURES.items():
        yield Rendering(feature, tuple(word for setting in settings for word in ("--set", setting)))
