"""Which pairs are what figure, and the figures that are shown beside each system."""

from collections.abc import Callable
from functools import partial

from loadtests.bench.cases import BULK_PEAK, CURVE, HALF, IDLE, ONE, PEAK, Case
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import LIMIT, Measurement
from loadtests.bench.report.material import APPARATUS_OFF, PEERS, SLIPWAY, Material
from loadtests.bench.report.pairs import Figure, Select, processor, rate, ratios, spread

_Values = Callable[[Material], list[float]]


def beside(
    material: Material, case: Case, system: str, kind: Kind = Kind.DOCUMENTED, figure: Figure = rate
) -> list[float]:
    """Return Slipway's figure divided by that of another system in a case, pair by pair."""
    contest = f"{system}/{case.name}"
    return ratios(material.measurements, contest, _side(SLIPWAY), _side(system, kind), figure)


def processor_ratios(material: Material) -> dict[str, list[float]]:
    """Return the processor seconds of the other divided by Slipway's, of the figures that compare throughput."""
    found = {}
    for key, (case, systems, kind) in _BESIDE.items():
        if system := _best(material, case, systems, kind):
            found[key] = [1 / value for value in beside(material, case, system, kind, processor)]
    return found


def figures(material: Material) -> dict[str, list[float]]:
    """Return the values of each key, one of each pair."""
    return {key: values(material) for key, values in _FIGURES.items()}


def best(material: Material, key: str) -> str | None:
    """Return the system that a figure compares with: of several, the one that Slipway is least ahead of."""
    return _best(material, *_BESIDE[key]) if key in _BESIDE else None


def _best(material: Material, case: Case, systems: tuple[str, ...], kind: Kind) -> str | None:
    found = {name: each.median for name in systems if (each := spread(beside(material, case, name, kind)))}
    return min(found, key=lambda name: found[name], default=None)


def _of_best(case: Case, systems: tuple[str, ...], kind: Kind, material: Material) -> list[float]:
    system = _best(material, case, systems, kind)
    return beside(material, case, system, kind) if system else []


def _side(system: str, kind: Kind = Kind.DOCUMENTED) -> Select:
    return lambda each: (each.system, each.kind) == (system, kind)


def _graph(variant: str, case: str = "bulk") -> Select:
    return lambda each: (each.system, each.variant, each.case) == (LIMIT, variant, case)


def _at(fraction: float) -> Select:
    return lambda each: (each.case, each.fraction) == (CURVE, fraction)


def _p50(one: Measurement) -> float:
    return one.p50_ms


def _p99(one: Measurement) -> float:
    return one.p99_ms


_BESIDE: dict[str, tuple[Case, tuple[str, ...], Kind]] = {
    "bulk_vs_limit": (BULK_PEAK, (LIMIT,), Kind.DOCUMENTED),
    "single_vs_limit": (PEAK, (LIMIT,), Kind.DOCUMENTED),
    "single_vs_best_peer": (PEAK, PEERS, Kind.DOCUMENTED),
    "bulk_vs_best_peer": (BULK_PEAK, PEERS, Kind.DOCUMENTED),
    "single_vs_best_sorted_peer": (PEAK, PEERS, Kind.SORTED),
    "bulk_vs_best_sorted_peer": (BULK_PEAK, PEERS, Kind.SORTED),
    "features_bulk": (BULK_PEAK, (APPARATUS_OFF,), Kind.DOCUMENTED),
    "features_single": (PEAK, (APPARATUS_OFF,), Kind.DOCUMENTED),
}
_FIGURES: dict[str, _Values] = {key: partial(_of_best, *what) for key, what in _BESIDE.items()} | {
    "p99_half": lambda material: ratios(material.measurements, "half", _at(HALF), _at(IDLE), _p99),
    "idle_vs_call": lambda material: ratios(
        material.measurements, "call", lambda each: each.case == ONE.name, _graph("int8", "single"), _p50
    ),
    "limit_vs_fp32": lambda material: ratios(
        material.measurements, "graphs", _graph("int8"), _graph("fp32_plain"), rate
    ),
}
