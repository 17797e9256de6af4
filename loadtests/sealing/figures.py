"""What the jobs of both sides say together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from loadtests.bench.guard.estimate import estimate
from loadtests.sealing.job import Cost

BAR = 0.95
"""Of the throughput without encryption, at least."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two jobs of the same messages, one right after the other, so that both had the same machine."""

    sealed: Cost
    plain: Cost

    @property
    def ratio(self) -> float:
        """Throughput with encryption, of that without."""
        return self.plain.seconds / self.sealed.seconds

    @property
    def cpu_ratio(self) -> float:
        """The same by processor seconds: what others of the machine do meanwhile counts less."""
        return self.plain.cpu_seconds / self.sealed.cpu_seconds


def figures(pairs: Mapping[str, Sequence[Pair]], messages: int, *, judged: bool) -> dict[str, Any]:
    """Return the figures of each kind of jobs; `sealing_ratio` is that of the dearest kind, which the bar is for.

    A ratio is the median over pairs, `error` its standard error, `spread` the least and the largest.
    """
    kinds = {kind: _of_kind(found, messages) for kind, found in pairs.items()}
    dearest = min(kinds.values(), key=lambda kind: float(kind["ratio"]))
    return {
        "bench": "sealing",
        "messages": messages,
        "pairs": min(map(len, pairs.values())),
        "sealing_ratio": dearest["ratio"],
        "sealing_error": dearest["error"],
        "sealing_spread": dearest["spread"],
        **kinds,
        "bar": BAR if judged else None,
        "passed": dearest["ratio"] >= BAR if judged else None,
    }


def _of_kind(pairs: Sequence[Pair], messages: int) -> dict[str, Any]:
    ratios, by_cpu = [pair.ratio for pair in pairs], [pair.cpu_ratio for pair in pairs]
    found, cpu = estimate(ratios), estimate(by_cpu)
    return {
        "ratio": round(found.value, 4),
        "error": round(found.error, 4),
        "spread": _spread(ratios),
        "cpu_ratio": round(cpu.value, 4),
        "cpu_error": round(cpu.error, 4),
        "cpu_spread": _spread(by_cpu),
        "messages_per_s": _of_both(pairs, lambda cost: messages / cost.seconds),
        "cpu_ms_per_message": _of_both(pairs, lambda cost: 1e3 * cost.cpu_seconds / messages),
    }


def _of_both(pairs: Sequence[Pair], read: Callable[[Cost], float]) -> dict[str, float]:
    return {
        "sealed": round(median(read(pair.sealed) for pair in pairs), 3),
        "plain": round(median(read(pair.plain) for pair in pairs), 3),
    }


def _spread(ratios: Sequence[float]) -> list[float]:
    return [round(min(ratios), 4), round(max(ratios), 4)]
