"""`python -m loadtests.bench.profile`: processor time of the API for each request, everything on but the model.

A stack of its own is started, with a workload that answers at once, and one API process is sent requests over raw
sockets. What is counted is the processor time of that process alone: of the thread of its event loop, and of all its
threads. With `--profile` the loop is sampled, and the functions are listed in which it was found most often.
"""

import argparse
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Any

from loadtests.bench.processor import spent
from loadtests.bench.profile.client import connected, send
from loadtests.bench.profile.stage import Stage, staged
from loadtests.overload.messages import encode

_DATA = Path("services/triage/data/test.csv")
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"
_SAMPLED = {"unsampled": f"{_TRACE}0", "sampled": f"{_TRACE}1", "new": None}
_NANOSECONDS = 1000
"""In a microsecond."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request."""

    messages: int
    trace: str
    """`sampled` or `unsampled` by the caller's traceparent, or `new`: it sends none."""
    connections: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of processor time for each request: the event loop's thread, and all threads."""

    loop: float
    process: float


def main() -> None:
    """Measure each case, and print a line for each and the figures."""
    options = _options()
    cases = [Case(n, trace, c) for n in options.messages for trace in options.trace for c in options.connections]
    if options.profile:
        for case in cases:
            _profile(case, options.requests, options.top)
        return
    with staged("slipway_api") as stage:
        measured = {case: _cost(stage, case, options.requests, options.rounds) for case in cases}
    print(json.dumps([asdict(case) | asdict(cost) for case, cost in measured.items()]))


def _cost(stage: Stage, case: Case, count: int, rounds: int) -> Cost:
    found = list(_costs(stage, case, count, rounds))
    cost = Cost(*(round(median(each), 1) for each in zip(*found, strict=True)))
    print(f"{case}: {cost.loop:.0f} µs on the loop, {cost.process:.0f} in all", flush=True)
    return cost


def _costs(stage: Stage, case: Case, count: int, rounds: int) -> Iterator[tuple[float, float]]:
    requests = _requests(stage, case)
    with connected(stage.target.port, case.connections) as connections:
        send(connections, requests, count // 4)  # until all is warm
        for _ in range(rounds):
            before = spent(stage.pid)
            send(connections, requests, count)
            used = spent(stage.pid)
            used.subtract(before)
            yield used["main"] / count / _NANOSECONDS, used.total() / count / _NANOSECONDS


def _profile(case: Case, count: int, top: int) -> None:
    with NamedTemporaryFile(suffix=".json") as file:
        with (
            staged("loadtests.bench.profile.server", file.name) as stage,
            connected(stage.target.port, case.connections) as connections,
        ):
            requests = _requests(stage, case)
            send(connections, requests, count // 4)
            os.kill(stage.pid, signal.SIGUSR1)
            before = spent(stage.pid)["main"]
            send(connections, requests, count)
            cost = (spent(stage.pid)["main"] - before) / count / _NANOSECONDS
        _tell(case, cost, json.loads(Path(file.name).read_text(encoding="utf-8")), top)


def _tell(case: Case, cost: float, counts: dict[str, Any], top: int) -> None:
    """Print the functions' shares of a request's cost, in microseconds."""
    print(f"{case}: {cost:.0f} µs on the loop, by {counts['samples']} samples")
    for title in ("on_stack", "innermost"):
        print(title)
        for name, found in Counter(counts[title]).most_common(top):
            print(f"{found / counts['samples'] * cost:8.1f} µs  {name}")


def _requests(stage: Stage, case: Case) -> list[bytes]:
    requests = encode(stage.target, _DATA, case.messages, seed=1)
    traceparent = _SAMPLED[case.trace]
    if traceparent is None:
        return requests
    line = f"\r\ntraceparent: {traceparent}\r\n".encode()
    return [request.replace(b"\r\n", line, 1) for request in requests]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.bench.profile", description=__doc__)
    add = parser.add_argument
    add("--messages", type=int, nargs="+", default=[1, 32], help="messages a request (default 1 32)")
    add("--trace", choices=_SAMPLED, nargs="+", default=["unsampled", "sampled"], help="what callers send")
    add("--connections", type=int, nargs="+", default=[1, 64], help="requests at a time (default 1 64)")
    add("--requests", type=int, default=1_000, help="requests in each measurement (default 1000)")
    add("--rounds", type=int, default=3, help="measurements of each case; the median counts (default 3)")
    add("--profile", action="store_true", help="list the functions that the time goes to")
    add("--top", type=int, default=40, help="how many of them (default 40)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
