"""The service that BentoML's environment serves.

A batchable API takes a list, merges the lists of the requests that wait, and divides the answers among them. Logs of
requests and metrics are off. The budget of latency stays BentoML's own, a minute: a shorter one makes it refuse what
would take longer, it is not a time to wait.
"""

from typing import Any

import bentoml

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.model import Model

_TOLD = Assignment.from_environment()
_QUIET = {"logging": {"access": {"enabled": False}}, "metrics": {"enabled": False}}


@bentoml.service(workers=_TOLD.workers, traffic={"timeout": 60, "concurrency": _TOLD.batch}, **_QUIET)
class Triage:
    """Triage of messages."""

    def __init__(self) -> None:
        self._model = Model(**_TOLD.model)

    @bentoml.api(batchable=_TOLD.batch > 1, max_batch_size=max(2, _TOLD.batch), max_latency_ms=60_000)  # type: ignore[untyped-decorator]  # not installed where types are checked
    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """Answer all texts of a batch at once."""
        return [dict(answer) for answer in self._model.predict(texts)]
