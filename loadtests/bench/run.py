"""A run: trials of variants, then round after round, one system at a time.

Systems take turns within a round, and rounds differ in their order; that is how they are interleaved. Only one runs at
a time: on two processors, what others do when they are idle would be measured too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from loadtests.bench.cases import CASES
from loadtests.bench.cores import available, pinned, share_out
from loadtests.bench.generator.attack import Generator
from loadtests.bench.generator.binary import ensure
from loadtests.bench.generator.figures import WrongAnswerError
from loadtests.bench.limit_steps import GRAPHS, Limit
from loadtests.bench.measurement import LIMIT, MEASUREMENTS, TRIALS, Measurement, append
from loadtests.bench.messages import SAMPLE, read_texts
from loadtests.bench.options import Options
from loadtests.bench.order import order
from loadtests.bench.places import find_places
from loadtests.bench.progress import Progress
from loadtests.bench.record import Record
from loadtests.bench.steps import Steps
from loadtests.bench.systems.system import System, Variant
from loadtests.bench.trials import choose, rivals
from loadtests.bench.visit import Visits, trial_cases
from slipway_cli.errors import LocalError

BINARIES = Path("var/bench/bin")
_LIMIT_STEPS = len(GRAPHS) + 1
_FAILURES = (RuntimeError, WrongAnswerError, LocalError, OSError, TimeoutError)
"""What a system may fail with; the others are measured all the same. Anything else is a defect of the bench."""


def run(options: Options, systems: Iterable[System]) -> Record:
    """Measure all, telling how it goes; return the record, which says what failed.

    Raises:
        RuntimeError: there is no generator; the text says what to do.
    """
    options.out.mkdir(parents=True, exist_ok=False)
    cores, texts = share_out(available()), read_texts([options.data] if options.data else SAMPLE)
    scratch = options.out / "systems"
    places = find_places(options.models, scratch, cores.servers)
    generator = Generator(ensure(BINARIES), cores.generator, options.out)
    cases = tuple(case for case in CASES if case.name in options.cases)
    visits = Visits(
        Steps(generator, options.seconds, options.warmup), places, texts, options.seed, cases, options.curve
    )
    record = Record(options.out, options, cores, len(texts))
    with pinned(cores.servers):
        _Run(options, {system.name: system for system in systems}, visits, record).all()
    return record


@dataclass(slots=True)
class _Run:
    options: Options
    systems: dict[str, System]
    visits: Visits
    record: Record
    progress: Progress = field(default_factory=lambda: Progress(0))

    def all(self) -> None:
        names = list(self.options.systems or (LIMIT, *self.systems))
        self._expect(names)
        for name in names:
            self._guarded(name, partial(self._prepare, name))
        for number in range(1, self.options.rounds + 1):
            turns = order([name for name in names if name not in self.record.failed], number)
            self.record.orders.append(turns)
            for name in turns:
                self._guarded(name, partial(self._visit, name, number))

    def _prepare(self, name: str) -> None:
        if name == LIMIT:
            self.progress.say("limit: looking for the best settings (some minutes)")
            self._limit.search()
        else:
            self._choose(self.systems[name])

    def _visit(self, name: str, number: int) -> None:
        self.progress.say(f"round {number} {name}: starting")
        measured = (
            self._limit.measure(number)
            if name == LIMIT
            else self.visits.measure(self.systems[name], self.record.chosen[name], number)
        )
        self._keep(measured, MEASUREMENTS)

    def _choose(self, system: System) -> None:
        trials = [trial for variant in rivals(system.variants) for trial in self._try_out(system, variant)]
        self.record.chosen[system.name] = choose(trials, system.variants, self.visits.cases)

    def _try_out(self, system: System, variant: Variant) -> list[Measurement]:
        self.progress.say(f"trial {system.name}: starting {variant.name}")
        kept: list[Measurement] = []
        try:
            kept += self._keep(self.visits.try_out(system, variant), TRIALS)
        except _FAILURES as error:
            self.record.failed_variants[f"{system.name}, {variant.name}"] = str(error)
            self.progress.say(f"trial {system.name}: {variant.name} failed: {error}")
        return kept

    def _keep(self, steps: Iterable[Measurement], name: str) -> list[Measurement]:
        kept = []
        for step in steps:
            append(self.record.folder, step, name)
            self.progress.done(step)
            kept.append(step)
        return kept

    def _guarded(self, name: str, work: Callable[[], object]) -> None:
        """Do what a system's failure must not end the run in."""
        try:
            work()
        except _FAILURES as error:
            self.record.failed[name] = str(error) or type(error).__name__
            self.progress.say(f"{name} FAILED, and is left out from now on: {error}")
        self.record.write()

    def _expect(self, names: list[str]) -> None:
        tried = len(trial_cases(self.visits.cases))
        for name in names:
            variants = self.systems[name].variants if name != LIMIT else ()
            self.progress.expect(len(rivals(variants)) * tried)
            steps = self.visits.count({variant.kind for variant in variants}) if name != LIMIT else _LIMIT_STEPS
            self.progress.expect(self.options.rounds * steps)

    @property
    def _limit(self) -> Limit:
        return Limit(self.options, self.record.folder)
