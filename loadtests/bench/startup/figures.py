"""From starts to figures and a verdict."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from loadtests.bench.startup.start import Start

BARS = {
    # The promise to who scales by processes: a new one helps before a queue of a few seconds has run over.
    "first_answer_s": 2.5,
    # Whoever comes first shall not notice it: nothing is left to be opened, imported or allocated by a request.
    "first_vs_median": 1.2,
    # What a pod of the chart may take leaves room beside it for a burst of large bodies.
    "rss_load_mb": 350.0,
}
"""The most that each figure may be, by issue 7."""

_FIGURES: dict[str, Callable[[Start], float]] = {
    "ready_s": lambda start: start.listening_s,
    "first_answer_s": lambda start: start.answered_s,
    "processor_s": lambda start: start.processor_s,
    "first_ms": lambda start: 1e3 * start.first_s,
    "same_ms": lambda start: 1e3 * start.same_s,
    "mixed_ms": lambda start: 1e3 * start.mixed_s,
    "first_vs_same": lambda start: start.first_s / start.same_s,
    "first_vs_mixed": lambda start: start.first_s / start.mixed_s,
    "first_vs_median": lambda start: start.first_s / min(start.same_s, start.mixed_s),
    "first_vs_same_processor": lambda start: start.first_processor_s / start.same_processor_s,
    "rss_start_mb": lambda start: start.idle.rss,
    "pss_start_mb": lambda start: start.idle.pss,
    "rss_load_mb": lambda start: start.loaded.peak,
    "pss_load_mb": lambda start: start.loaded.pss,
}


def summary(starts: Sequence[Start]) -> dict[str, Any]:
    """Return the median of each figure, its spread, (largest - smallest) / median, and which bars were missed."""
    values = {name: [figure(start) for start in starts] for name, figure in _FIGURES.items()}
    middles = {name: median(each) for name, each in values.items()}
    spread = {name: round((max(each) - min(each)) / middles[name], 3) for name, each in values.items()}
    missed = [name for name, most in BARS.items() if middles[name] > most]
    return {name: round(middle, 3) for name, middle in middles.items()} | {
        "rounds": len(starts),
        "spread": spread,
        "bars": BARS,
        "passed": not missed,
        "missed": missed,
    }


def line(start: Start) -> str:
    """Return what a person wants to know of one start."""
    found = {name: figure(start) for name, figure in _FIGURES.items()}
    return (
        f"listens after {found['ready_s']:.2f} s, answers after {found['first_answer_s']:.2f} s "
        f"({found['processor_s']:.2f} s of processor time); first request {found['first_ms']:.1f} ms, then "
        f"{found['same_ms']:.1f} (one text) and {found['mixed_ms']:.1f} (many), "
        f"{found['first_vs_same_processor']:.2f} times their processor time; RSS {found['rss_start_mb']:.0f} MB, "
        f"at most {found['rss_load_mb']:.0f} under load (PSS {found['pss_load_mb']:.0f})"
    )
