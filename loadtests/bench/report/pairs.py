"""Ratios of neighbouring slices: what slows the machine for some seconds slows both sides of a pair."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from loadtests.bench.measurement import Measurement

Select = Callable[[Measurement], bool]
"""Says whether a slice belongs to a side."""
Figure = Callable[[Measurement], float | None]
_ENOUGH = 2
"""Values without which there are no quartiles."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median over pairs, and how far they lie apart."""

    median: float
    quartiles: tuple[float, float]
    ends: tuple[float, float]
    """The least and the largest."""
    pairs: int


def spread(values: Sequence[float]) -> Spread | None:
    """Return what values say together; None: there are none."""
    if not values:
        return None
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) >= _ENOUGH else [values[0]] * 3
    return Spread(median(values), (low, high), (min(values), max(values)), len(values))


def ratios(slices: Iterable[Measurement], contest: str, above: Select, below: Select, figure: Figure) -> list[float]:
    """Return a ratio for each turn of a contest that has both sides.

    Args:
        slices: of a run.
        contest: whose slices are paired.
        above: which of them is divided.
        below: by which.
        figure: what of them: messages a second, or a time.
    """
    turns: dict[int, list[Measurement]] = defaultdict(list)
    for each in slices:
        if each.contest == contest:
            turns[each.turn].append(each)
    pairs = [(_of(turn, above, figure), _of(turn, below, figure)) for _, turn in sorted(turns.items())]
    return [over / under for over, under in pairs if over is not None and under]


def _of(turn: Sequence[Measurement], side: Select, figure: Figure) -> float | None:
    return next((figure(each) for each in turn if side(each)), None)


def rate(one: Measurement) -> float:
    """Return messages a second."""
    return one.messages_per_s


def processor(one: Measurement) -> float:
    """Return processor seconds for 1,000 messages."""
    return one.server_cpu_s_per_1000
