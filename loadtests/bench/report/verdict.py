"""The last line of a run: each figure, how far the pairs lie apart, and which promises were kept."""

from collections.abc import Sequence
from typing import Any

from loadtests.bench.report.bars import BARS, ENOUGH_TEXTS, FIGURES, Bar
from loadtests.bench.report.material import SLIPWAY, Material
from loadtests.bench.report.pairs import Spread, spread
from loadtests.bench.report.ratios import best, figures, processor_ratios

_DIGITS = 3


def verdict(material: Material) -> dict[str, Any]:
    """Return the figures, medians over pairs of neighbouring slices; null: not measured, which misses a bar.

    `spread` is the least and the largest of the pairs, `quartiles` holds half of them, `pairs` is how many there are,
    `rounds` the fewest of any figure, `beside` the system that a figure compares with. `cpu` is the other's processor
    seconds for a message divided by Slipway's, in the same pairs. `errors` counts requests that Slipway answered
    wrongly or not at all; with any, the run has not passed.
    """
    found = {key: spread(values) for key, values in figures(material).items()} | {"accuracy_lost": _accuracy(material)}
    keys = [each.key for each in FIGURES]
    missed = [bar.key for bar in BARS if not _met(bar, found[bar.key])]
    errors = sum(each.errors for each in material.measurements if each.system == SLIPWAY)
    pairs = {key: each.pairs for key in keys if (each := found[key])}
    return {
        **{key: round(each.median, _DIGITS) if (each := found[key]) else None for key in keys},
        "spread": {key: _rounded(each.ends) if (each := found[key]) else None for key in keys},
        "quartiles": {key: _rounded(each.quartiles) if (each := found[key]) else None for key in keys},
        "pairs": pairs,
        "rounds": min((count for key, count in pairs.items() if key != "accuracy_lost"), default=0),
        "beside": {key: name for key in keys if (name := best(material, key))},
        "cpu": {
            key: round(each.median, _DIGITS)
            for key, values in processor_ratios(material).items()
            if (each := spread(values))
        },
        "errors": errors,
        "passed": not missed and not errors,
        "missed": missed,
        "not_measured": [key for key in keys if found[key] is None],
    }


def _met(bar: Bar, figure: Spread | None) -> bool:
    return figure is not None and bar.met(figure.median)


def _accuracy(material: Material) -> Spread | None:
    found = material.accuracy
    if found.get("texts", 0) < ENOUGH_TEXTS:
        return None
    # One file is judged once: its spread is what another draw of as many texts would have given.
    low, high = found["accuracy_lost_interval"]
    return Spread(found["accuracy_lost"], (low, high), (low, high), 1)


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]
