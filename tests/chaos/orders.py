"""Plans the jobs of a run from its options: how many, how large, when, whose, and what becomes of them."""

import csv
import random
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from unruly import HANG, POISON, SLOW

from chaos.options import Options

TENANTS, KEYS_A_TENANT = 5, 2
_DATA = Path(__file__).parents[2] / "services" / "triage" / "data"
_MOST_AS_JSON = 300
_SMALL_FIRST = 8
_FEW_MESSAGES = 20_000
"""Below this, a run has few jobs with a fate of their own, and few messages that misbehave."""
_BEAT_SECONDS = 3.0
"""Between jobs of one message, so that no outage passes without a job that wants in."""
_TRAFFIC_SHARE = 0.9
"""No job comes in the last tenth of a run: the faults go on over what is left."""


class Fate(StrEnum):
    """What its owner does with a job."""

    KEPT = "kept"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    RETRIED = "retried"


class Repeat(StrEnum):
    """How a job is sent more than once with the same Idempotency-Key."""

    NONE = "none"
    AT_ONCE = "at_once"
    LATER = "later"
    CHANGED = "changed"
    """Later, and with another body: refused."""


@dataclass(frozen=True, slots=True)
class JobOrder:
    """One job."""

    number: int
    at: float
    tenant: int
    key: int
    ndjson: bool
    size: int
    priority: int
    fate: Fate = Fate.KEPT
    keyed: bool = False
    repeat: Repeat = Repeat.NONE
    interrupted: bool = False
    """Sent by an API kill, which cuts the upload off."""
    marks: tuple[tuple[int, str], ...] = ()
    """Ordinals of messages that misbehave, and how."""

    def marked(self, mark: str) -> list[int]:
        """Return the ordinals that carry a mark."""
        return [ordinal for ordinal, found in self.marks if found == mark]


def plan_orders(options: Options) -> list[JobOrder]:
    """Return the jobs of a run; the interrupted one last, the others in the order of their times."""
    rng = random.Random(f"orders {options.seed}")
    orders = _plain(rng, options)
    free = list(range(len(orders)))
    rng.shuffle(free)
    _give_marks(rng, orders, free, options)
    _give_fates(rng, orders, free, options)
    _give_keys(rng, orders)
    return [*orders, _interrupted(rng, len(orders), options)]


def texts(seed: int, order: JobOrder) -> list[str]:
    """Return the messages of a job: sample texts, each made unique by a reference."""
    samples, marks = _samples(), dict(order.marks)
    start = order.number * 7919
    return [
        f"{samples[(start + ordinal) % len(samples)]} (ref {seed}-{order.number}-{ordinal})"
        + (f" {marks[ordinal]}" if ordinal in marks else "")
        for ordinal in range(order.size)
    ]


@cache
def _samples() -> list[str]:
    with (_DATA / "train.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def _plain(rng: random.Random, options: Options) -> list[JobOrder]:
    sizes = _sizes(rng, options)
    end, total, before = options.duration * _TRAFFIC_SHARE, sum(sizes), 0
    orders = []
    for number, size in enumerate(sizes):
        orders.append(
            JobOrder(
                number,
                at=round(before / total * end, 2),
                tenant=rng.randrange(TENANTS),
                key=rng.randrange(KEYS_A_TENANT),
                ndjson=size > _MOST_AS_JSON or rng.random() < 0.4,
                size=size,
                priority=rng.choice((1, 3, 5, 5, 5, 5, 7, 9)),
            )
        )
        before += size
    times = [second * _BEAT_SECONDS for second in range(int(end / _BEAT_SECONDS))]
    beats = [JobOrder(0, at, rng.randrange(TENANTS), 0, ndjson=False, size=1, priority=5) for at in times]
    ordered = sorted([*orders, *beats], key=lambda order: order.at)
    return [replace(order, number=number) for number, order in enumerate(ordered)]


def _sizes(rng: random.Random, options: Options) -> list[int]:
    largest = 300 if options.quick else 5_000
    # Enough small ones at the start for what must have its end within the run.
    sizes = [1, *(rng.randint(2, 20) for _ in range(_SMALL_FIRST))]
    beats = int(options.duration * _TRAFFIC_SHARE / _BEAT_SECONDS)
    left = options.messages - _upload_size(options) - sum(sizes) - beats
    while left > 0:
        least, most = rng.choices(((1, 1), (2, 20), (21, 200), (201, largest)), (30, 35, 27, 8))[0]
        sizes.append(min(left, rng.randint(least, most)))
        left -= sizes[-1]
    return sizes


def _give_fates(rng: random.Random, orders: list[JobOrder], free: list[int], options: Options) -> None:
    count = 2 if options.messages < _FEW_MESSAGES else 25
    # Large ones, so that they still run when their owner makes up their mind.
    largest = sorted(free, key=lambda number: -orders[number].size)[: 6 * count]
    chosen = rng.sample(largest, min(2 * count, len(largest)))
    for number, fate in zip(chosen, [Fate.CANCELLED, Fate.DELETED] * count, strict=False):
        orders[number] = replace(orders[number], fate=fate)
        free.remove(number)


def _give_marks(rng: random.Random, orders: list[JobOrder], free: list[int], options: Options) -> None:
    poison, slow, hang = (2, 3, 2) if options.messages < _FEW_MESSAGES else (20, 40, 15)
    # What is predicted alone, and again after a retry, needs time until the end.
    early = [
        number
        for number in free
        if orders[number].at < options.duration * (0.35 if options.messages < _FEW_MESSAGES else 0.8)
    ]
    small = min(early, key=lambda number: (orders[number].size, number))
    others = [number for number in early if number != small and orders[number].size > 1]
    chosen = [small, *others[: poison + hang - 1]]
    for index, number in enumerate(chosen):
        if index < poison:
            _mark(rng, orders, number, POISON)
            if index % 2 == 0:
                orders[number] = replace(orders[number], fate=Fate.RETRIED)
        else:
            _mark(rng, orders, number, HANG)
    chosen += [number for number in free if number not in chosen][:slow]
    for number in chosen[poison + hang :]:
        _mark(rng, orders, number, SLOW)
    free[:] = [number for number in free if number not in chosen]


def _mark(rng: random.Random, orders: list[JobOrder], number: int, mark: str) -> None:
    orders[number] = replace(orders[number], marks=((rng.randrange(orders[number].size), mark),))


def _give_keys(rng: random.Random, orders: list[JobOrder]) -> None:
    repeats = [Repeat.AT_ONCE, Repeat.LATER, Repeat.CHANGED]
    for order in orders:
        if rng.random() < 0.35:
            repeat = rng.choice([Repeat.NONE, *repeats]) if order.fate is Fate.KEPT else Repeat.NONE
            orders[order.number] = replace(order, keyed=True, repeat=repeat)


def _upload_size(options: Options) -> int:
    return 600 if options.quick else 2_000


def _interrupted(rng: random.Random, number: int, options: Options) -> JobOrder:
    tenant, size = rng.randrange(TENANTS), _upload_size(options)
    return JobOrder(number, 0.0, tenant, 0, ndjson=True, size=size, priority=5, keyed=True, interrupted=True)
