"""What a load test must know of a release, found by the labels that the chart gives its objects."""

from dataclasses import dataclass

from loadtests.autoscale.kubectl import Cluster, ClusterError, Thing

_INSTANCE, _COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the chart, installed in the namespace of its cluster."""

    cluster: Cluster
    name: str

    def labels(self, component: str) -> dict[str, str]:
        """Return what selects the objects of a component."""
        return {_INSTANCE: self.name, _COMPONENT: component}

    def deployment(self, component: str) -> Thing:
        """Return the Deployment of a component.

        Raises:
            ClusterError: there is none; the text says what to do.
        """
        found = self.cluster.things("deployments", self.labels(component))
        if len(found) != 1:
            raise ClusterError(
                f"Namespace {self.cluster.namespace} has {len(found)} Deployments of component {component} of a "
                f"release {self.name}, not one. `make deploy` installs it; --namespace and --release say which it is."
            )
        return found[0]

    def pods(self, component: str) -> list[Thing]:
        """Return the pods of a component that are not being deleted."""
        found = self.cluster.things("pods", self.labels(component))
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, component: str) -> int:
        """Return how many replicas of a component are ready."""
        return ready_replicas(self.deployment(component))


def name_of(thing: Thing) -> str:
    """Return the name of an object."""
    name: str = thing["metadata"]["name"]
    return name


def ready_replicas(deployment: Thing) -> int:
    """Return how many replicas of a Deployment are ready: the API leaves a zero out."""
    return int(deployment.get("status", {}).get("readyReplicas", 0))


def wanted_replicas(deployment: Thing) -> int:
    """Return how many replicas a Deployment is to have."""
    return int(deployment["spec"].get("replicas", 1))


def is_ready(pod: Thing) -> bool:
    """Tell whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def restarts(pod: Thing) -> int:
    """Return how often containers of a pod were started again."""
    return sum(int(one["restartCount"]) for one in pod.get("status", {}).get("containerStatuses", ()))
