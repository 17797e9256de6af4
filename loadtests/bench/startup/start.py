"""One start: its moments, the first request and those after it, and the memory before and under load."""

import socket
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median

from loadtests.bench.startup.client import timed
from loadtests.bench.startup.memory import Memory, memory_of
from loadtests.bench.startup.messages import Messages, request, requests
from loadtests.bench.startup.options import Options
from loadtests.bench.startup.process import Process, connected, started
from loadtests.bench.startup.stage import Stage
from loadtests.overload.generator import Load, Outcome, generate

LOADS = ((8, 32), (64, 1))
"""Connections, and messages a request, of the loads after which memory is read: bulk, and many callers at once."""
_OK, _REFUSED = 200, 503


@dataclass(frozen=True, slots=True)
class Start:
    """What was measured of one start."""

    listening_s: float
    """Seconds from the start of the process until it took a connection."""
    answered_s: float
    """Seconds until the first answer was there."""
    processor_s: float
    """Processor seconds that it had spent then."""
    first_s: float
    """Seconds that the first request took."""
    same_s: float
    """Median of the requests after it, of the same text."""
    mixed_s: float
    """Median of requests of different texts."""
    first_processor_s: float
    """What the process spent on the first request, in all its threads."""
    same_processor_s: float
    """What it spent on each of the next, in the mean: holds on a machine that is busy with something else."""
    idle: Memory
    """After these requests."""
    loaded: Memory
    """After the loads."""


def measure_start(stage: Stage, messages: Messages, options: Options, pool: Executor) -> Start:
    """Start an API, measure, and end it; loads come from the pool."""
    with started(stage) as process:
        with connected(process, stage.log) as connection:
            listening, before = process.age, process.processor_seconds
            first = timed(connection, request(process.port, stage.token, [messages.typical]))
            answered, spent = process.age, process.processor_seconds
            same = _sequential(connection, process, stage, [messages.typical] * options.requests)
            later = (process.processor_seconds - spent) / options.requests
            mixed = _sequential(connection, process, stage, messages.mixed[: options.requests])
        idle = memory_of(process.pid)
        if options.seconds:
            _load(process, stage, messages, options, pool)
        loaded = memory_of(process.pid)
        return Start(listening, answered, spent, first, same, mixed, spent - before, later, idle, loaded)


def _sequential(connection: socket.socket, process: Process, stage: Stage, texts: Sequence[str]) -> float:
    return median(timed(connection, request(process.port, stage.token, [text])) for text in texts)


def _load(process: Process, stage: Stage, messages: Messages, options: Options, pool: Executor) -> None:
    for clients, size in LOADS:
        sent = requests(process.port, stage.token, messages.mixed, size)
        load = Load(process.port, sent, options.seconds, clients=clients, seed=options.seed)
        _check(pool.submit(generate, load).result())


def _check(outcome: Outcome) -> None:
    """Memory under a load that was not served would mean nothing; what is too much may be refused."""
    statuses = Counter(exchange.status for exchange in outcome.exchanges)
    if not statuses[_OK] or set(statuses) - {_OK, _REFUSED}:
        raise SystemExit(f"The load was not served: {dict(statuses)} answers by status (0: none at all).")
