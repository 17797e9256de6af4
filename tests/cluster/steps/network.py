"""Tries who reaches whom, and compares that with the table of routes."""

from collections.abc import Iterable, Mapping

from e2e.failure import demand
from loadtests.autoscale.access import operator
from loadtests.autoscale.kubectl import Cluster
from loadtests.autoscale.release import name_of

from cluster.bystanders import bystanders
from cluster.probe import opened
from cluster.routes import CLUSTER_API, DNS, OPERATOR, ROUTES, Route
from cluster.stage import Stage

_STORES = ("postgresql", "redis")
_PARTS = ("api", "worker", "scheduler", *_STORES)
_SERVICES = {CLUSTER_API: ("default", "kubernetes"), DNS: ("kube-system", "kube-dns")}


def run(stage: Stage) -> None:
    """Demand that what must pass passes, and what must be blocked is blocked."""
    here = {part: found[0] for part in _PARTS if (found := stage.release.pods(part))}
    routes = [route for route in ROUTES if {route.source, route.target}.isdisjoint(set(_PARTS) - here.keys())]
    if absent := sorted(set(_PARTS) - here.keys()):
        stage.outcome.leave_unchecked(f"the network of {', '.join(absent)}: there is no such pod in this release")
    with bystanders(stage) as strangers, operator(stage.release) as command_line:
        hosts = {part: pod["status"]["podIP"] for part, pod in here.items()}
        hosts |= {part: stranger.address for part, stranger in strangers.items()}
        hosts |= {part: _service(stage.cluster, *service) for part, service in _SERVICES.items()}
        _demand_listening(stage, here, routes, hosts)
        pods = {part: (stage.cluster, name_of(pod)) for part, pod in here.items()}
        pods |= {part: (stranger.cluster, stranger.name) for part, stranger in strangers.items()}
        for source, (cluster, pod) in {**pods, OPERATOR: (stage.cluster, command_line)}.items():
            _try(stage, cluster, pod, [route for route in routes if route.source == source], hosts)


def _try(stage: Stage, cluster: Cluster, pod: str, routes: list[Route], hosts: Mapping[str, str]) -> None:
    if not routes:
        return
    addresses = [(hosts[route.target], route.port) for route in routes]
    found = opened(cluster, pod, addresses, python=routes[0].source not in _STORES)
    for route, address in zip(routes, addresses, strict=True):
        stage.outcome.check("network", route.name, holds=found[address] == route.passes)


def _demand_listening(
    stage: Stage, here: Mapping[str, dict[str, object]], routes: Iterable[Route], hosts: Mapping[str, str]
) -> None:
    """Demand that each part listens where others are kept out: what nobody listens at is always closed."""
    for part, pod in here.items():
        addresses = sorted({(hosts[part], route.port) for route in routes if route.target == part})
        found = opened(stage.cluster, name_of(pod), addresses, python=part not in _STORES)
        closed = [port for (_, port), is_open in found.items() if not is_open]
        demand(not closed, f"{part} does not listen at {closed}: that others are kept out would prove nothing.")


def _service(cluster: Cluster, namespace: str, name: str) -> str:
    service = cluster.inside(namespace).thing("service", name)
    demand(service, f"There is no Service {name} in {namespace}.")
    assert service
    address: str = service["spec"]["clusterIP"]
    return address
