"""The steps of a run: the peak, then one, two and three times as much; again and again."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from loadtests.overload.figures import Step, figures
from loadtests.overload.generator import Load, generate
from loadtests.overload.messages import encode
from loadtests.overload.options import FACTORS, Options
from loadtests.overload.report import say, summary, tell
from loadtests.overload.target import Target, running

_IN_FLIGHT = (64, 128, 192)
"""Messages in flight among which the closed loop looks for its peak."""
_LIMITED_TO = 60
"""Requests a minute, for the case that everybody is over the rate."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Sends loads to one target, from another process."""

    pool: ProcessPoolExecutor
    target: Target
    options: Options

    def peak(self, size: int, seed: int, clients: int) -> Step:
        """Measure a closed loop of so many clients."""
        return self._step(size, Load(self.target.port, [], 0, clients=clients, seed=seed))

    def offer(self, size: int, seed: int, messages_per_s: float) -> Step:
        """Measure an open loop of so many messages a second."""
        return self._step(size, Load(self.target.port, [], 0, rate=messages_per_s / size, seed=seed))

    def _step(self, size: int, load: Load) -> Step:
        options = self.options
        requests = encode(self.target, options.data, size, load.seed)
        whole = replace(load, requests=requests, seconds=options.warmup + options.seconds)
        outcome = self.pool.submit(generate, whole).result()
        return figures(outcome, size, options.warmup, options.seconds, options.deadline)


def run(options: Options) -> str:
    """Measure all, telling how it goes; return the summary, one line of JSON."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        say("Starting a stack.")
        with running(options.models) as target:
            rounds = _rounds(Bench(pool, target, options))
        say("Starting a stack whose rate limit is reached at once.")
        with running(options.models, _LIMITED_TO) as target:
            offered = 3 * rounds[min(rounds)][-1]["peak"].goodput
            limited = Bench(pool, target, options).offer(min(rounds), options.seed, offered)
            tell("over the rate limit", limited)
    return summary(rounds, limited, options)


def _rounds(bench: Bench) -> dict[int, list[dict[str, Step]]]:
    sizes = bench.options.sizes
    clients = {size: _best(bench, size) for size in sizes}
    rounds: dict[int, list[dict[str, Step]]] = {size: [] for size in sizes}
    for number in range(bench.options.rounds):
        for size in sizes:
            rounds[size].append(_round(bench, size, clients[size], bench.options.seed + number))
    return rounds


def _best(bench: Bench, size: int) -> int:
    """Return how many clients have the most goodput."""
    found = {}
    for clients in sorted({max(messages // size, 1) for messages in _IN_FLIGHT}):
        found[clients] = bench.peak(size, bench.options.seed, clients)
        tell(f"{size} a request, {clients} clients", found[clients])
    return max(found, key=lambda clients: found[clients].goodput)


def _round(bench: Bench, size: int, clients: int, seed: int) -> dict[str, Step]:
    steps = {"peak": bench.peak(size, seed, clients)}
    tell(f"{size} a request, peak", steps["peak"])
    if not steps["peak"].goodput:
        raise SystemExit(
            f"Nothing was answered within {bench.options.deadline:g} s: there is no peak to compare with. Is the "
            "machine busy with something else? If it is always so slow, pass a longer --deadline."
        )
    for factor in FACTORS:
        steps[f"{factor}x"] = bench.offer(size, seed, factor * steps["peak"].goodput)
        tell(f"{size} a request, {factor}x", steps[f"{factor}x"])
    return steps
