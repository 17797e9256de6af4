"""Slices of the limit and of the service, in turns, until their ratio is known well enough."""

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from loadtests.bench.cases import BULK_PEAK, PEAK
from loadtests.bench.cores import available
from loadtests.bench.guard.estimate import Estimate, estimate
from loadtests.bench.guard.judgement import PRECISION
from loadtests.bench.guard.load import Server
from loadtests.bench.limit.bulk import answer_all
from loadtests.bench.limit.graphs import Graphs
from loadtests.bench.limit.model import Model
from loadtests.bench.limit.options import SCRATCH
from loadtests.bench.limit.setting import Setting
from loadtests.bench.limit.slices import slices
from loadtests.bench.messages import SAMPLE, read_texts
from loadtests.bench.places import find_places
from loadtests.bench.systems.slipway import Slipway

PATHS = {"bulk": BULK_PEAK, "single": PEAK}
_TEXTS = 128
"""The same few again and again, in all slices: other messages would have another ratio. A multiple of both sizes."""
_LIMIT_PASSES = 3
"""Times that all texts go through the model in a slice."""
_LEAST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes."""

    seconds: float
    """Of a slice of the service."""
    most_rounds: int
    models: Path


def measure(options: Options, say: Callable[[str], None]) -> dict[str, Estimate]:
    """Return for each path its processor time beside the limit's.

    Raises:
        SystemExit: something was not answered.
    """
    texts, cores = slices(read_texts(SAMPLE), _TEXTS)[0][:_TEXTS], available()
    limit = _Limit.of(options.models, texts, len(cores))
    with tempfile.TemporaryDirectory(prefix="slipway-guard-") as folder, _pool() as pool:
        slipway, places = Slipway(), find_places(options.models, Path(folder), tuple(cores))
        with slipway.running(slipway.variants[0], places) as endpoint:
            return _rounds(limit, Server(endpoint, pool, texts), options, say)


def settled(values: Sequence[float]) -> bool:
    """Return whether more rounds would say no more."""
    return len(values) >= _LEAST_ROUNDS and estimate(values).relative_error <= PRECISION


@dataclass(frozen=True, slots=True)
class _Limit:
    model: Model
    setting: Setting
    texts: Sequence[str]

    @classmethod
    def of(cls, models: Path, texts: Sequence[str], cores: int) -> "_Limit":
        # Not searched for: it takes minutes, and processor time hardly depends on it. The same for every reference.
        setting = Setting(lanes=cores, threads=1, padded_tokens=256, padding=12, window=_TEXTS, by_length=True)
        return cls(Graphs.of(models, SCRATCH).opener("int8")(setting.threads), setting, texts)

    def cpu_s_per_1000(self) -> float:
        return answer_all(self.model, self.setting, list(self.texts) * _LIMIT_PASSES)[1].cpu_s_per_1000


def _rounds(limit: _Limit, server: Server, options: Options, say: Callable[[str], None]) -> dict[str, Estimate]:
    ratios: dict[str, list[float]] = {path: [] for path in PATHS}
    for case in PATHS.values():
        server.cpu_s_per_1000(case, options.seconds)
    before = limit.cpu_s_per_1000()
    for number in range(1, options.most_rounds + 1):
        for path, case in PATHS.items():
            spent, after = server.cpu_s_per_1000(case, options.seconds), limit.cpu_s_per_1000()
            ratios[path].append(2 * spent / (before + after))
            before = after
        say(f"round {number}: " + ", ".join(f"{path} {found[-1]:.3f}" for path, found in ratios.items()))
        if all(settled(found) for found in ratios.values()):
            break
    return {path: estimate(found) for path, found in ratios.items()}


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"))
