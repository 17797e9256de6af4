"""Which variants of a system are measured: of each kind, for each group of cases, the fastest of a short trial."""

from collections import Counter
from collections.abc import Iterable, Sequence

from loadtests.bench.cases import Case
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement
from loadtests.bench.systems.system import Variant

SECONDS, WARMUP = 2.0, 1.0

Choice = dict[Kind, dict[str, str]]
"""Of each kind, the variant for each group of cases."""


def rivals(variants: Sequence[Variant]) -> list[Variant]:
    """Return the variants that a trial is needed for: there are others of their kind."""
    counts = Counter(variant.kind for variant in variants)
    return [variant for variant in variants if counts[variant.kind] > 1]


def choose(trials: Iterable[Measurement], variants: Sequence[Variant], cases: Iterable[Case]) -> Choice:
    """Return, of each kind, the variant with the most right messages a second in each group, errors apart.

    Raises:
        RuntimeError: none of a kind answered.
    """
    found, groups = list(trials), list(dict.fromkeys(case.group for case in cases))
    return {
        kind: {group: _best(found, [each.name for each in variants if each.kind == kind], group) for group in groups}
        for kind in dict.fromkeys(variant.kind for variant in variants)
    }


def _best(trials: Sequence[Measurement], names: Sequence[str], group: str) -> str:
    if len(names) == 1:
        return names[0]
    of_group = [trial for trial in trials if trial.case.startswith(f"{group}_") and not trial.errors]
    tried = [trial for trial in of_group if trial.variant in names]
    if not tried:
        raise RuntimeError(f"None of {len(names)} variants answered without errors in the trial of {group} requests.")
    return max(tried, key=lambda trial: trial.messages_per_s).variant
