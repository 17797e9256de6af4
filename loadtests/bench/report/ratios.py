"""The ratios, round by round: what slows a whole round down slows both sides of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loadtests.bench.cases import BULK_PEAK, CASES, CURVE, PEAK, Case
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import LIMIT, Measurement
from loadtests.bench.report.material import APPARATUS_OFF, PEERS, SLIPWAY, Material

_HALF = 0.5
_IDLE = CASES[0]
"""One request at a time."""


def ratios(material: Material) -> dict[str, list[float]]:
    """Return the values of each key, one of each round that has both sides of it."""
    rounds = [_Round(tuple(m for m in material.measurements if m.round == number)) for number in material.rounds]
    return {key: [value for each in rounds if (value := ratio(each)) is not None] for key, ratio in _RATIOS.items()}


@dataclass(frozen=True, slots=True)
class _Round:
    measurements: tuple[Measurement, ...]

    def rate(self, system: str, case: str, variant: str = "") -> float | None:
        """Return the messages a second of a system; of one with several variants, that of the one asked for."""
        found = self._of(system, case)
        return max((each.messages_per_s for each in found if variant in {"", each.variant}), default=None)

    def best_peer(self, case: str, kind: Kind) -> float | None:
        """Return the most messages a second of any other framework in configurations of a kind."""
        found = (each for peer in PEERS for each in self._of(peer, case))
        return max((each.messages_per_s for each in found if each.kind == kind), default=None)

    def p50(self, system: str, case: str) -> float | None:
        """Return the median time."""
        return min((each.p50_ms for each in self._of(system, case)), default=None)

    def p99(self, fraction: float | None) -> float | None:
        """Return Slipway's p99 at a fraction of saturation; None: at the lowest that was measured."""
        curve = {each.fraction: each.p99_ms for each in self._of(SLIPWAY, CURVE) if each.fraction is not None}
        return curve.get(min(curve, default=0.0) if fraction is None else fraction)

    def _of(self, system: str, case: str) -> Iterable[Measurement]:
        return (each for each in self.measurements if (each.system, each.case) == (system, case))


def _divide(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _vs_peer(case: Case, kind: Kind) -> Callable[[_Round], float | None]:
    return lambda each: _divide(each.rate(SLIPWAY, case.name), each.best_peer(case.name, kind))


def _limit(each: _Round) -> float | None:
    return each.rate(LIMIT, "bulk", "int8")


_RATIOS: dict[str, Callable[[_Round], float | None]] = {
    "bulk_vs_limit": lambda each: _divide(each.rate(SLIPWAY, BULK_PEAK.name), _limit(each)),
    "single_vs_limit": lambda each: _divide(each.rate(SLIPWAY, PEAK.name), _limit(each)),
    "single_vs_best_peer": _vs_peer(PEAK, Kind.DOCUMENTED),
    "bulk_vs_best_peer": _vs_peer(BULK_PEAK, Kind.DOCUMENTED),
    "single_vs_best_sorted_peer": _vs_peer(PEAK, Kind.SORTED),
    "bulk_vs_best_sorted_peer": _vs_peer(BULK_PEAK, Kind.SORTED),
    "features_bulk": lambda each: _divide(each.rate(SLIPWAY, BULK_PEAK.name), each.rate(APPARATUS_OFF, BULK_PEAK.name)),
    "features_single": lambda each: _divide(each.rate(SLIPWAY, PEAK.name), each.rate(APPARATUS_OFF, PEAK.name)),
    "p99_half": lambda each: _divide(each.p99(_HALF), each.p99(None)),
    "idle_vs_call": lambda each: _divide(each.p50(SLIPWAY, _IDLE.name), each.p50(LIMIT, "single")),
    "limit_vs_fp32": lambda each: _divide(_limit(each), each.rate(LIMIT, "bulk", "fp32_plain")),
}
