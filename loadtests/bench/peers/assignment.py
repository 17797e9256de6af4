"""What the bench tells a peer's server. It reaches the processes in their environment, as JSON."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "SLIPWAY_BENCH_PEER"


@dataclass(frozen=True)
class Assignment:
    """One configuration, and where to serve it."""

    model: Mapping[str, Any]
    """Arguments of `Model`."""
    port: int
    """On 127.0.0.1."""
    workers: int
    """Processes that hold the model."""
    batch: int
    """The most that are batched: requests, or texts for BentoML. 1: no batching."""
    wait_ms: float
    """How long the first of a batch waits for others, where that can be said."""
    servers: int
    """Processes that speak HTTP, where these do not hold the model. 0: the framework's own choice."""

    def to_environment(self) -> dict[str, str]:
        """Return the variable that holds it."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls) -> "Assignment":
        """Return the assignment of this process."""
        return cls(**json.loads(os.environ[VARIABLE]))
