"""Which variant of a system is measured: for each group of cases, the one that a short trial finds the fastest."""

from collections.abc import Iterable

from loadtests.bench.cases import Case
from loadtests.bench.measurement import Measurement

SECONDS, WARMUP = 2.0, 1.0


def choose(trials: Iterable[Measurement], cases: Iterable[Case]) -> dict[str, str]:
    """Return the variant for each group of the cases: that with the most right messages a second, errors apart.

    Raises:
        RuntimeError: no variant answered.
    """
    found = list(trials)
    chosen: dict[str, str] = {}
    for group in dict.fromkeys(case.group for case in cases):
        tried = [trial for trial in found if trial.case.startswith(f"{group}_") and not trial.errors]
        if not tried:
            raise RuntimeError(f"No variant answered without errors in the trial of {group} requests.")
        chosen[group] = max(tried, key=lambda trial: trial.messages_per_s).variant
    return chosen
