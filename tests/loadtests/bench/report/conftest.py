"""A run's folder with figures that are easy to reckon with."""

import json
from dataclasses import replace

import pytest
from loadtests.bench.cases import CASES, CURVE, FRACTIONS, HALF, IDLE, JUDGED, ONE
from loadtests.bench.kind import Kind
from loadtests.bench.limit.setting import Setting, write_settings
from loadtests.bench.measurement import Measurement, append

LIMIT_RATE = 400.0
SHARES = {
    "slipway": (0.70, 0.95),
    "apparatus_off": (0.80, 0.98),
    "prototype": (0.30, 0.50),
    "bentoml": (0.40, 0.80),
    "litserve": (0.50, 0.60),
    "ray": (0.20, 0.70),
}
"""Of the limit, in single and in bulk."""
SORTED_SHARES = {"litserve": (0.60, 0.90), "ray": (0.65, 0.70)}
"""The same of the frameworks that were given Slipway's batching."""
RUN = {
    "options": {"seconds": 2.5, "pairs": 3},
    "machine": {"processor": "A processor", "cores": 2, "system": "Linux"},
    "python": "3.11.7",
    "generator": "vegeta v12.13.0",
    "texts": 3452,
    "failed": {"mlserver": "it did\nnot start"},
    "failed_variants": {},
}
ACCURACY = {
    "texts": 3080,
    "labels": 77,
    "fp32": 93.5,
    "int8": 93.25,
    "mixed": 93.0,
    "accuracy_lost": 0.25,
    "accuracy_lost_interval": [-0.1, 0.6],
    "mcnemar": {"only_before": 20, "only_after": 12, "chance": 0.2},
    "cosine": {"mean": 0.995, "p1": 0.99, "worst": 0.98},
}
STARTUP = {
    "first_answer_s": 2.2,
    "first_vs_median": 1.3,
    "rss_load_mb": 300.0,
    "bars": {"first_answer_s": 2.5, "first_vs_median": 1.2, "rss_load_mb": 350.0},
    "missed": ["first_vs_median"],
}
SETTING = Setting(lanes=2, threads=1, padded_tokens=256, padding=12, window=32, by_length=True)
_PLAIN = Measurement("", "", "", "", 1, 1000, 1000, 6.0, 100.0, 100.0, 5.0, 9.0, 12.0, 0, 5.0, 0.1, 4.0)


def measured(system, case, rate, **other):
    """Return a measurement."""
    return replace(_PLAIN, system=system, case=case, rps=rate, messages_per_s=rate, **other)


def of_turn(turn, factor):
    """Yield a turn of every contest, in which the whole machine is faster by a factor."""
    for case in JUDGED:
        contest = f"limit/{case.name}"
        yield measured("limit", "bulk", LIMIT_RATE * factor, variant="int8", contest=contest, turn=turn)
        yield _closed("slipway", case, turn, factor, contest)
    for variant, share in (("int8", 1.0), ("fp32", 0.4), ("fp32_plain", 0.3)):
        rate = LIMIT_RATE * share * factor
        yield measured("limit", "bulk", rate, variant=variant, contest="graphs", turn=turn)
    yield measured("limit", "single", 200.0, variant="int8", contest="call", turn=turn, p50_ms=4.0 / factor)
    yield _closed("slipway", ONE, turn, factor, "call")
    for fraction in (IDLE, HALF):
        yield _point("slipway", fraction, 100.0, "half", turn)
    for system in SHARES:
        if system != "slipway":
            yield from _beside(system, turn, factor)


def _beside(system, turn, factor):
    for case in CASES:
        contest = f"{system}/{case.name}"
        yield _closed(system, case, turn, factor, contest)
        yield _closed("slipway", case, turn, factor, contest)
        if system in SORTED_SHARES:
            rate = SORTED_SHARES[system][case.group == "bulk"] * LIMIT_RATE * factor
            sorts = {"variant": "cut", "kind": Kind.SORTED, "p50_ms": 6.0 / factor}
            yield measured(system, case.name, rate, contest=contest, turn=turn, **sorts)


def _closed(system, case, turn, factor, contest):
    rate = SHARES[system][case.group == "bulk"] * LIMIT_RATE * factor
    other = {"variant": f"v of {system}", "p50_ms": 6.0 / factor}
    return measured(system, case.name, rate, contest=contest, turn=turn, **other)


def _point(system, fraction, peak, contest, turn):
    slow, rate = 10.0 / (1.2 - fraction), peak * fraction
    return measured(
        system, CURVE, rate, variant="v", contest=contest, turn=turn, fraction=fraction,
        offered=rate, p99_ms=slow, p95_ms=slow / 2, p50_ms=slow / 3,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A run of three turns; the machine is slower in one and faster in another."""
    for turn, factor in ((1, 1.0), (2, 0.5), (3, 1.5)):
        for each in of_turn(turn, factor):
            append(tmp_path, each)
    for system, (single, _) in SHARES.items():
        for fraction in FRACTIONS:
            append(tmp_path, _point(system, fraction, single * LIMIT_RATE, f"curve/{system}", 1))
    for name, content in (("run", RUN), ("accuracy", ACCURACY), ("startup", STARTUP)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    write_settings(tmp_path / "limit.json", {"int8": SETTING})
    return tmp_path
