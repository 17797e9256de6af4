"""The limit itself, graph beside graph, in slices that take turns: what disturbs one disturbs all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median
from typing import Any

from loadtests.bench.limit.bulk import Cost, answer_all
from loadtests.bench.limit.graphs import Graphs
from loadtests.bench.limit.model import Model
from loadtests.bench.limit.setting import Setting
from loadtests.bench.limit.slices import slices
from loadtests.overload.figures import percentile

_SLICE = 256
_CALLS = 100
_WARM = 64


@dataclass(slots=True)
class _Lane:
    model: Model
    setting: Setting
    slices: list[Cost] = field(default_factory=list)


def measure(
    graphs: Graphs, settings: dict[str, Setting], texts: Sequence[str], seconds: float, seed: int
) -> dict[str, Any]:
    """Measure for about so many seconds, once around at least; return the figures.

    `single_call_ms` is one message after the other through the int8 graph, one thread inside a run, as the services
    run it; `single_call_threads_ms` lets ONNX Runtime use all cores for one message. All of it includes tokenising,
    the graph and the heads.
    """
    bulk = {graph: _Lane(graphs.opener(graph)(setting.threads), setting) for graph, setting in settings.items()}
    single = {threads: graphs.opener("int8")(threads) for threads in (1, 0)}
    calls: dict[int, list[float]] = {threads: [] for threads in single}
    supply = cycle(slices(texts, _SLICE, seed))
    for model in [*single.values(), *(lane.model for lane in bulk.values())]:
        _calls(model, texts[:_WARM])
    ends = time.perf_counter() + seconds
    while not calls[1] or time.perf_counter() < ends:
        part = next(supply)
        for lane in bulk.values():
            lane.slices.append(answer_all(lane.model, lane.setting, part)[1])
        for threads, model in single.items():
            calls[threads] += _calls(model, part[:_CALLS])
    return figures({graph: lane.slices for graph, lane in bulk.items()}, calls[1], calls[0])


def figures(slices: dict[str, list[Cost]], calls: Sequence[float], threaded: Sequence[float]) -> dict[str, Any]:
    """Return what is printed: of each graph the median slice, of calls their percentiles in milliseconds."""
    return {
        "single_call_ms": _percentiles(calls),
        "single_call_threads_ms": _percentiles(threaded),
        "bulk": _bulk(slices["int8"]),
        "fp32_plain": _bulk(slices["fp32_plain"]),
        "fp32": _bulk(slices["fp32"]),
    }


def _calls(model: Model, texts: Sequence[str]) -> list[float]:
    taken = []
    for text in texts:
        began = time.perf_counter()
        model.answer(model.tokenise([text]))
        taken.append(1e3 * (time.perf_counter() - began))
    return taken


def _bulk(slices: Sequence[Cost]) -> dict[str, float]:
    return {
        "messages_per_s": round(median(cost.messages_per_s for cost in slices), 2),
        "cpu_s_per_1000": round(median(cost.cpu_s_per_1000 for cost in slices), 4),
    }


def _percentiles(calls: Sequence[float]) -> dict[str, float]:
    ordered = sorted(calls)
    return {f"p{percent}": round(percentile(ordered, percent) or 0.0, 3) for percent in (50, 95, 99)}
