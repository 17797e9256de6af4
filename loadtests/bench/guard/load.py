"""Requests for a server, and what it cost it to answer them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from loadtests.bench.cases import Case
from loadtests.bench.systems.processes import processor_seconds, used
from loadtests.bench.systems.system import Endpoint
from loadtests.overload.connection import Exchange
from loadtests.overload.generator import Load, generate

_OK, _REFUSED = 200, 503


@dataclass(slots=True)
class Server:
    """A server under load from another process, `pool`, which does nothing else."""

    endpoint: Endpoint
    pool: ProcessPoolExecutor
    texts: Sequence[str]
    _requests: dict[Case, list[bytes]] = field(default_factory=dict)

    def cpu_s_per_1000(self, case: Case, seconds: float) -> float:
        """Return the processor seconds of the processes that answer HTTP, user and system, for 1,000 messages.

        Raises:
            SystemExit: nothing, or something else than an answer came.
        """
        if case not in self._requests:
            self._requests[case] = list(whole_requests(self.endpoint, self.texts, case.size))
        port = urlsplit(self.endpoint.url).port or 80
        load = Load(port, self._requests[case], seconds, clients=case.concurrency)
        before = processor_seconds(self.endpoint.pids())
        outcome = self.pool.submit(generate, load).result()
        after = processor_seconds(self.endpoint.pids())
        answered = count_answered(case, outcome.exchanges)
        return 1e3 * used(before, after, self.endpoint.supporting()) / (answered * case.size)


def count_answered(case: Case, exchanges: Sequence[Exchange]) -> int:
    """Return how many were answered. Refusals are none, and cost next to nothing: a disturbed machine has some.

    Raises:
        SystemExit: nothing, or something else than an answer or a refusal came.
    """
    statuses = Counter(each.status for each in exchanges)
    if not statuses[_OK] or statuses.keys() - {_OK, _REFUSED}:
        raise SystemExit(f"{case.name}: by status, the requests came to {dict(statuses)}; there is nothing to compare.")
    return statuses[_OK]


def whole_requests(endpoint: Endpoint, texts: Sequence[str], size: int) -> Iterator[bytes]:
    """Yield HTTP requests of `size` texts each, which together hold each text once.

    Raises:
        ValueError: they do not come out even. A request of fewer texts would be counted as one of `size`.
    """
    if len(texts) % size:
        raise ValueError(f"{len(texts)} texts do not make whole requests of {size}.")
    parts = urlsplit(endpoint.url)
    for first in range(0, len(texts), size):
        body = endpoint.encode(texts[first : first + size])
        headers = {"Host": parts.netloc, **endpoint.headers, "Content-Length": str(len(body))}
        lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        yield "\r\n".join([*lines, "", ""]).encode() + body
