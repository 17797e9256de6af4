"""A visit to one system: it is started, all its cases are measured, and it is stopped."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from loadtests.bench.cases import BULK_PEAK, FRACTIONS, PEAK, Case
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement
from loadtests.bench.steps import Steps, Subject, prepare
from loadtests.bench.systems.system import Places, System, Variant
from loadtests.bench.trials import SECONDS, WARMUP, Choice


@dataclass(frozen=True, slots=True)
class Visits:
    """How systems are visited."""

    steps: Steps
    places: Places
    texts: list[str]
    seed: int
    cases: tuple[Case, ...]
    curve: bool

    def measure(self, system: System, chosen: Choice, number: int) -> Iterator[Measurement]:
        """Yield the measurements of a round; a system is started once for each variant that was chosen."""
        for variant in system.variants:
            groups = chosen[variant.kind]
            if cases := [case for case in self.cases if groups[case.group] == variant.name]:
                with self._running(system, variant, number) as subject:
                    yield from self._cases(subject, cases, number)

    def try_out(self, system: System, variant: Variant) -> Iterator[Measurement]:
        """Yield short measurements of the two cases by which variants are chosen."""
        steps = replace(self.steps, seconds=SECONDS, warmup=WARMUP)
        with self._running(system, variant, 0) as subject:
            for case in trial_cases(self.cases):
                yield steps.closed(subject, case, 0)

    @contextmanager
    def _running(self, system: System, variant: Variant, number: int) -> Iterator[Subject]:
        folder = self.places.var / system.name
        folder.mkdir(parents=True, exist_ok=True)
        with system.running(variant, replace(self.places, var=folder)) as endpoint:
            yield prepare(system.name, variant, endpoint, self.texts, self.seed + number, folder)

    def _cases(self, subject: Subject, cases: Sequence[Case], number: int) -> Iterator[Measurement]:
        for case in cases:
            step = self.steps.closed(subject, case, number)
            yield step
            if case == PEAK and self._has_curve(subject.variant.kind):
                for fraction in FRACTIONS:
                    yield self.steps.opened(subject, fraction, step.rps, number)

    def _has_curve(self, kind: Kind) -> bool:
        return self.curve and kind == Kind.DOCUMENTED and PEAK in self.cases

    def count(self, kinds: Collection[Kind]) -> int:
        """Return how many measurements a round has of a system that has variants of these kinds."""
        return sum(len(self.cases) + len(FRACTIONS) * self._has_curve(kind) for kind in kinds)


def trial_cases(cases: Sequence[Case]) -> list[Case]:
    """Return the cases of a trial: the busiest of each group that is measured."""
    groups = {case.group for case in cases}
    return [case for case in (PEAK, BULK_PEAK) if case.group in groups]
