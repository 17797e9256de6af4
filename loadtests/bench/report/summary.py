"""Slices of the same kind, as one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from loadtests.bench.cases import CURVE
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import LIMIT, Measurement
from loadtests.bench.report.material import Material


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians over slices, and the least and the largest throughput."""

    system: str
    kind: Kind
    variant: str
    case: str
    fraction: float | None
    slices: int
    messages_per_s: float
    least: float
    most: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    server_cpu_s_per_1000: float
    api_cpu_s_per_1000: float | None
    generator_cpu_share: float
    offered: float | None
    requests: int
    """Of all slices together, as are errors and refusals."""
    errors: int
    refused: int


def summaries(material: Material) -> Iterator[Summary]:
    """Yield a summary for each system, variant and case, and for each point of a curve."""
    for _, group in groupby(sorted(material.measurements, key=_step), key=_step):
        yield _summary(list(group))


def curve(found: Iterable[Summary], system: str) -> list[Summary]:
    """Return the points of a system's curve, from idle to saturation."""
    points = [each for each in found if (each.system, each.case) == (system, CURVE)]
    return sorted(points, key=lambda each: each.fraction or 0.0)


def limit(found: Iterable[Summary]) -> Summary | None:
    """Return the int8 graph in bulk in-process; None: it was not measured."""
    key = (LIMIT, "bulk", "int8")
    return next((each for each in found if (each.system, each.case, each.variant) == key), None)


def _step(one: Measurement) -> tuple[str, str, Kind, str, float]:
    return one.case, one.system, one.kind, one.variant, one.fraction or 0.0


def _summary(slices: list[Measurement]) -> Summary:
    first, rates = slices[0], [each.messages_per_s for each in slices]
    api = [each.api_cpu_s_per_1000 for each in slices if each.api_cpu_s_per_1000 is not None]
    offered = [each.offered for each in slices if each.offered is not None]
    return Summary(
        first.system,
        first.kind,
        first.variant,
        first.case,
        first.fraction,
        len(slices),
        median(rates),
        min(rates),
        max(rates),
        median(each.p50_ms for each in slices),
        median(each.p95_ms for each in slices),
        median(each.p99_ms for each in slices),
        median(each.server_cpu_s_per_1000 for each in slices),
        median(api) if api else None,
        median(each.generator_cpu_share for each in slices),
        median(offered) if offered else None,
        sum(each.requests for each in slices),
        sum(each.errors for each in slices),
        sum(each.refused for each in slices),
    )
