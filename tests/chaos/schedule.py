"""Plans the faults of a run from its options. The same options give the same plan."""

import random
from dataclasses import dataclass
from enum import StrEnum

from chaos.options import Options

KILL_SECONDS = 2.0
_WARM_UP_SECONDS = 4.0
_STOP_EVERY_SECONDS = 60.0
_LEAST_STOPS = 2


class Kind(StrEnum):
    """The kinds of faults. A run in which one of them hit nothing proves nothing about it."""

    WORKER_KILL = "worker_kill"
    WORKER_STOP = "worker_stop"
    REDIS_KILL = "redis_kill"
    REDIS_FLUSH = "redis_flush"
    REDIS_OUTAGE = "redis_outage"
    POSTGRES_RESTART = "postgres_restart"
    API_KILL = "api_kill"
    SLOW_CALL = "slow_call"
    HANGING_CALL = "hanging_call"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Slow, hanging and poisonous calls are not here: they travel in the messages of the orders."""

    at: float
    """Seconds from the start of the traffic."""
    kind: Kind
    pick: float = 0.0
    """Which of the processes that are there, as a share of them, 0 to 1."""
    seconds: float = 0.0
    """How long it lasts."""


def plan_faults(options: Options) -> list[Fault]:
    """Return the faults of a run in the order of their times."""
    rng = random.Random(f"faults {options.seed}")
    end = options.duration
    outage = Fault(round(rng.uniform(0.25, 0.4) * end, 2), Kind.REDIS_OUTAGE, seconds=options.outage)
    # An upload that was cut off is sent again until its Idempotency-Key is free: that needs time before the end.
    early = [Kind.API_KILL, rng.choice((Kind.REDIS_KILL, Kind.REDIS_FLUSH))]
    late = [Kind.REDIS_KILL, Kind.REDIS_KILL, Kind.REDIS_FLUSH, Kind.POSTGRES_RESTART]
    late.remove(early[1])
    rng.shuffle(early)
    rng.shuffle(late)
    faults = [
        *_kills(rng, end),
        *_stops(rng, options),
        *_spread(rng, early, _WARM_UP_SECONDS, outage.at),
        outage,
        *_spread(rng, late, outage.at + outage.seconds + _WARM_UP_SECONDS, end),
    ]
    return sorted(faults, key=lambda fault: (fault.at, fault.kind))


def _kills(rng: random.Random, end: float) -> list[Fault]:
    count = int((end - _WARM_UP_SECONDS) / KILL_SECONDS) + 1
    times = (_WARM_UP_SECONDS + KILL_SECONDS * number for number in range(count))
    return [Fault(round(at, 2), Kind.WORKER_KILL, pick=rng.random()) for at in times]


def _stops(rng: random.Random, options: Options) -> list[Fault]:
    count = max(_LEAST_STOPS, int(options.duration / _STOP_EVERY_SECONDS))
    seconds = stop_seconds(options.lease)
    # Each ends before the run does.
    times = _times(rng, count, _WARM_UP_SECONDS, options.duration - seconds)
    return [Fault(at, Kind.WORKER_STOP, rng.random(), seconds) for at in times]


def stop_seconds(lease: float) -> float:
    """Return how long a worker is stopped: its lease runs out, a sweep finds that, and another may claim."""
    return lease + 3.0


def _spread(rng: random.Random, kinds: list[Kind], start: float, end: float) -> list[Fault]:
    return [Fault(at, kind) for at, kind in zip(_times(rng, len(kinds), start, end), kinds, strict=True)]


def _times(rng: random.Random, count: int, start: float, end: float) -> list[float]:
    """Return times that are random, but not all at once: one in each of `count` equal parts."""
    part = (end - start) / count
    return [round(start + (number + rng.uniform(0.1, 0.7)) * part, 2) for number in range(count)]
