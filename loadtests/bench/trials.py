"""Which variants of a system are measured: of each kind, for each group of cases, the fastest of those tried.

All are tried for a second or so beside the same server, by whose speed theirs is divided, so that the machine's moods
divide out. Up to three of each kind are then tried again, some turns beside that server; the fastest is chosen.

A configuration is started for all ways to run a batch, which a file tells it, and no two are up at a time.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from loadtests.bench.cases import JUDGED, Case
from loadtests.bench.contest import Side
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement, Moment
from loadtests.bench.servers import Server
from loadtests.bench.systems.system import Variant

SECONDS, RUN_IN = 1.2, 0.3
FINAL_SECONDS, FINAL_TURNS, FINALISTS = 1.5, 2, 3
WITHIN = 0.8
"""Of the fastest: who is slower is not tried again."""
_WAY = "way"

Choice = dict[Kind, dict[str, str]]
"""Of each kind, the variant for each group of cases."""
Scores = Mapping[str, float]
"""Of variants in a case: the more, the faster."""


def rivals(variants: Sequence[Variant]) -> list[Variant]:
    """Return the variants that a trial is needed for: there are others of their kind."""
    counts = Counter(variant.kind for variant in variants)
    return [variant for variant in variants if counts[variant.kind] > 1]


def configurations(variants: Sequence[Variant]) -> list[list[Variant]]:
    """Return variants in groups that differ in nothing but the way in which a batch is run."""
    found: dict[object, list[Variant]] = defaultdict(list)
    for variant in variants:
        rest = frozenset((name, value) for name, value in variant.settings.items() if name != _WAY)
        found[rest if _WAY in variant.settings else variant.name].append(variant)
    return list(found.values())


def trial_cases(cases: Sequence[Case]) -> list[Case]:
    """Return the cases of a trial: the busiest of each group that is measured."""
    groups = {case.group for case in cases}
    return [case for case in JUDGED if case.group in groups]


def finalists(scores: Scores) -> list[str]:
    """Return who is tried again: the fastest, and the next two unless they are far behind."""
    first = sorted(scores, key=lambda name: -scores[name])[:FINALISTS]
    return [name for name in first if scores[name] >= WITHIN * scores[first[0]]]


def beside(found: Sequence[Measurement], home: str) -> dict[str, float]:
    """Return for each variant that made no error its rate divided by another system's in the same turn, in the mean."""
    of_home = {(each.contest, each.turn): each.messages_per_s for each in found if each.system == home}
    ratios: dict[str, list[float]] = defaultdict(list)
    for each in found:
        if each.system != home:
            rate = 0.0 if each.errors else each.messages_per_s
            ratios[each.variant].append(rate / of_home[each.contest, each.turn])
    return {variant: mean(of) for variant, of in ratios.items() if all(of)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant, and the server that can become it."""

    variant: Variant
    server: Server
    way: Path

    def side(self, case: Case, seconds: float) -> Side:
        """Return it as one that takes turns."""
        steps = replace(self.server.steps, seconds=seconds, run_in=RUN_IN)
        side = replace(self.server, subject=replace(self.server.subject, variant=self.variant), steps=steps).side(case)

        def measure(moment: Moment) -> Measurement:
            self.become()
            return side.measure(moment)

        return replace(side, measure=measure)

    def become(self) -> None:
        """Have the server run batches as the variant says."""
        if _WAY in self.variant.settings:
            self.way.write_text(str(self.variant.settings[_WAY]), encoding="utf-8")
