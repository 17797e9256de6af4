"""The last line of a run: each figure, how far the rounds lie apart, and which promises were kept."""

from statistics import median
from typing import Any

from loadtests.bench.report.bars import BARS, ENOUGH_TEXTS, FIGURES, Bar
from loadtests.bench.report.material import SLIPWAY, Material
from loadtests.bench.report.ratios import ratios

_DIGITS = 3


def verdict(material: Material) -> dict[str, Any]:
    """Return the figures, medians over the rounds; null: not measured, which misses a bar.

    `spread` is the least and the largest of the rounds. `errors` counts requests that Slipway answered wrongly or not
    at all; with any, the run has not passed.
    """
    values = ratios(material) | {"accuracy_lost": _accuracy(material)}
    keys = [each.key for each in FIGURES]
    figures = {key: median(values[key]) if values[key] else None for key in keys}
    missed = [bar.key for bar in BARS if not _met(bar, figures[bar.key])]
    errors = sum(each.errors for each in material.measurements if each.system == SLIPWAY)
    return {
        **{key: _rounded(figure) for key, figure in figures.items()},
        "spread": {key: _spread(key, values[key], material) for key in keys},
        "rounds": len(material.rounds),
        "errors": errors,
        "passed": not missed and not errors,
        "missed": missed,
        "not_measured": [key for key, figure in figures.items() if figure is None],
    }


def _met(bar: Bar, figure: float | None) -> bool:
    return figure is not None and bar.met(figure)


def _accuracy(material: Material) -> list[float]:
    found = material.accuracy
    return [found["accuracy_lost"]] if found.get("texts", 0) >= ENOUGH_TEXTS else []


def _spread(key: str, values: list[float], material: Material) -> list[float] | None:
    # One file is judged once: its spread is what another draw of as many texts would have given.
    if values and key == "accuracy_lost":
        return list(material.accuracy["accuracy_lost_interval"])
    return [round(min(values), _DIGITS), round(max(values), _DIGITS)] if values else None


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, _DIGITS)
