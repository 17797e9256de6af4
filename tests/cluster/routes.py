"""Who may reach whom, by the architecture: what the step `network` tries, one connection a row."""

from dataclasses import dataclass

STRANGER, OUTSIDER, LISTENER = "stranger", "outsider", "listener"
"""A pod that is nobody, in the release's namespace; one in another; and one there that listens."""
OPERATOR = "operator"
"""A pod of the command line, as migrations are."""
CLUSTER_API, DNS = "kubernetes", "dns"


@dataclass(frozen=True, slots=True)
class Route:
    """A connection that must come about, or must not."""

    source: str
    target: str
    port: int
    passes: bool

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"{self.source} to {self.target}:{self.port} {'passes' if self.passes else 'is blocked'}"


def _pass(source: str, *targets: tuple[str, int]) -> list[Route]:
    return [Route(source, target, port, passes=True) for target, port in targets]


def _block(source: str, *targets: tuple[str, int]) -> list[Route]:
    return [Route(source, target, port, passes=False) for target, port in targets]


_API, _API_METRICS = ("api", 8000), ("api", 9100)
_WORKER_METRICS, _SCHEDULER_METRICS = ("worker", 9100), ("scheduler", 9100)
_POSTGRESQL, _REDIS = ("postgresql", 5432), ("redis", 6379)
_NAMES, _CLUSTER, _LISTENER = (DNS, 53), (CLUSTER_API, 443), (LISTENER, 8080)
_ALL = (_API, _API_METRICS, _WORKER_METRICS, _SCHEDULER_METRICS, _POSTGRESQL, _REDIS)

ROUTES = (
    # What the network allows where nothing forbids it: without these, a blocked connection would prove nothing.
    *_pass(OUTSIDER, _LISTENER, _NAMES),
    *_pass(STRANGER, _LISTENER, _NAMES),
    # Whoever is not part of the release gets in by the gateway only.
    *_block(OUTSIDER, *_ALL),
    *_block(STRANGER, *_ALL),
    # The parts reach what they work with, and nobody else: not each other, not the cluster's API, no other namespace.
    *_pass("api", _POSTGRESQL, _REDIS, _NAMES),
    *_block("api", _WORKER_METRICS, _SCHEDULER_METRICS, _CLUSTER, _LISTENER),
    *_pass("worker", _POSTGRESQL, _REDIS, _NAMES),
    *_block("worker", _API, _API_METRICS, _SCHEDULER_METRICS, _CLUSTER, _LISTENER),
    *_pass("scheduler", _REDIS, _NAMES),
    *_block("scheduler", _POSTGRESQL, _API, _API_METRICS, _WORKER_METRICS, _CLUSTER, _LISTENER),
    *_pass(OPERATOR, _POSTGRESQL, _NAMES),
    *_block(OPERATOR, _REDIS, _API, _API_METRICS, _WORKER_METRICS, _CLUSTER, _LISTENER),
    # A store answers. It has nobody to ask.
    *_block("postgresql", _API, _REDIS, _CLUSTER, _LISTENER),
    *_block("redis", _API, _POSTGRESQL, _CLUSTER, _LISTENER),
)
